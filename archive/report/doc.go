// Package report makes reports and evidence packs out of the archive, and verifies them. A
// report has the activities of a period as they stood at its end, their history, a summary,
// the passwords changed, what the archive states of each hour, and a manifest with the
// digests of all of it and the archive's proof.
//
// Memory does not grow with the archive but for a few bits a row: which rows count is
// decided in bitmaps, from keys that go to a temporary file when there are many, and rows
// are sorted with temporary files.
package report
