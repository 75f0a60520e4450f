// Package truth is what the written documents allow one to know, so that a
// store can be checked by id and by value. It is a statement of the generator's
// own: a Ledger notes what each written document reported of the true life of a
// group, and accounts for it by the rules of meaning, without asking the code
// that is to be checked.
package truth
