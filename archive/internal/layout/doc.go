// Package layout says where the files of an archive are and how they are named.
//
//	tenant=<tenant>/date=YYYY-MM-DD/hour=HH/<name>.parquet    activity records
//	quarantine/date=YYYY-MM-DD/hour=HH/<name>.parquet         data that could not be read
//	reconciliations/date=YYYY-MM-DD/hour=HH/<name>.parquet    statements about the vendor's documents
//	_chain/genesis.seal                                       first seal of the chain
//	_chain/date=YYYY-MM-DD/hour=HH.seal                       seal of an hour
//	_tmp/, _lock, _gaps.json, _sealing.json                   working files of the writer
//
// All names are paths within the archive, with slashes. Names that begin with an
// underscore are ignored by Spark and Hive.
package layout
