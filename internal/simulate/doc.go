// Package simulate plays a tenant of an identity system: it writes the documents
// such a tenant would have produced, for a past period or live, and beside them
// the ground truth. Package model decides what happens, package view how the
// vendor would document it, package truth what can be known from the documents.
package simulate
