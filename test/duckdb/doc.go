// Package duckdb reads the archive with DuckDB. It is a module of its own so that
// users of the collector do not carry DuckDB.
package duckdb
