// Package model is a believable tenant of an identity system: people, sources,
// and the true life of every change made to an account. It is pure: the same
// seed gives the same tenant and the same history, for whichever period it is
// asked. Nothing in it knows the shape of a document; package view renders what
// happened here as the vendor's documents.
//
// Times are milliseconds since 1970 in UTC, the precision of the vendor's own.
package model
