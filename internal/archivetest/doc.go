// Package archivetest holds rows on which readers of the archive are tried: every
// type, absent values, other alphabets, repeated and missing times; and what each
// row must read as, column by column.
package archivetest
