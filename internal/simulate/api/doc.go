// Package api is the vendor's HTTP API over a simulated tenant: OAuth tokens,
// account activities, search, sources, the rate limit, and the delivery of
// triggers. Paths, parameters, limits and errors are the documented ones. It can
// misbehave in every way its clients must bear: see Faults.
//
// What happened is a function of the tenant and the clock, so nothing is stored
// but an index of who changed when; documents are rendered when they are asked for.
package api
