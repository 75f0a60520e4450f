// Package provisioning holds the rules of meaning: what an observation, an
// activity, a group and a status are, how a group's observations fold into its
// activities, and how all of it reads and writes an OpenTelemetry LogRecord.
//
// The package is pure: no I/O, no clock, no configuration. Resolve is a function
// of a set of observations; order of arrival, duplicates and batching cannot
// change its result.
//
// The words are the vendor's (SailPoint IdentityNow / Identity Security Cloud):
// a group is one account activity (one tracking number), an activity is one row
// of its Activities page, the six statuses are those of the same page
// (documentation.sailpoint.com, "Tracking provisioning activity").
package provisioning
