// Package archive keeps provisioning records as Parquet files that can be proven to be
// as they were sealed, in a directory or in object storage.
//
//	tenant=<tenant>/date=YYYY-MM-DD/hour=HH/<name>.parquet   activity records
//	quarantine/date=YYYY-MM-DD/hour=HH/<name>.parquet        data that could not be read
//	reconciliations/date=YYYY-MM-DD/hour=HH/<name>.parquet   statements about the vendor's documents
//	_chain/date=YYYY-MM-DD/hour=HH.seal                      signed statement of an hour
//
// Open opens an archive for writing: Write stores records durably under the hour (UTC)
// in which they were observed, and SealDue closes hours that are over. OpenView opens an
// archive for reading, and Verify checks it against its seals. See design.md.
package archive
