// Package completeness compares what an archive holds with the statements of reconciliation
// in it: which hours of the vendor's clock it holds whole.
package completeness
