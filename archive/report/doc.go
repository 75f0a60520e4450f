// Package report makes a zip of CSV files out of the archive: the activities of a
// period as they stood at its end, their history, a summary, the passwords changed,
// and a manifest with the digests of all of it and the archive's proof.
//
// Memory does not grow with the archive but for three bits a row: which rows count
// is decided in bitmaps, from keys that go to a temporary file when there are many.
package report
