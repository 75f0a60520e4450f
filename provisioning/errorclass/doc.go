// Package errorclass says what kind of error a failed change of access met: its
// category (who must act, whether a retry helps), the signature of a known text with the
// next action, and a fingerprint that is equal for errors of one cause.
//
// The package is pure. Its knowledge is data: the embedded table signatures.tsv, which a
// file of the user's can extend and override. A decision is made in this order:
// structured fields (approval, manual task), then the signatures in the order of the
// table, the first that matches wins, then Unclassified. A text that no signature knows
// is never guessed.
package errorclass
