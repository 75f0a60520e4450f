// Package archive is the Parquet archive: where its files lie, what they hold,
// how they are written so that an acknowledged record survives a power cut, and
// how they are read back.
//
//	tenant=<tenant>/date=YYYY-MM-DD/hour=HH/<name>.parquet   activity records
//	quarantine/date=YYYY-MM-DD/hour=HH/<name>.parquet        data that could not be read
//	_tmp/                                                    files being written
//
// A record lies under the hour (UTC) in which it was observed, so that an hour
// that is over receives nothing more. Rows are sorted by time and event id. A file
// is named after the event ids it holds: writing the same batch again replaces it.
package archive
