// Package sailpoint reads SailPoint Identity Security Cloud's JSON into
// observations. It is pure: bytes in, observations out; no clock, no I/O.
//
// Four shapes are recognised by what they hold, wherever they come from:
//
//	rest     account activity with items           GET  /account-activities
//	search   accountactivities document            POST /search
//	event    events document                       POST /search
//	trigger  Provisioning Completed                idn:post-provisioning
//
// alone, in an array, or in an envelope (a search response's hits, EventBridge's
// detail, the value of a published example).
//
// # Streams
//
// [Parser.ParseStream] reads documents one after the other, however they are laid out, and
// finds them again behind damage. [EncodingOf] and [ToUTF8] are for text in UTF-16.
// [CSVReader] reads the exports of the vendor's user interface.
//
// # What becomes an observation
//
// A REST item; each value of each attributeRequest of a search document's or a
// trigger's accountRequest, or the accountRequest itself where it has none; an
// event that reports a change of an account, an entitlement or a password. A
// search document without accountRequests yet (it waits for approval) gives its
// originalRequests. Everything else the vendor documents but that is no change of
// access (approvals, policies, the start of a dialogue) is listed in
// Result.Ignored with its name. What cannot be understood is in Result.Rejected,
// whole: a document is read completely or not at all.
//
// # Group
//
// REST: id. Search and trigger: trackingNumber; without one there is no group and
// the document is rejected. Event: trackingNumber, also where it stands in
// attributes; a password event without one: the request id in its info; any other
// event without one is a group of its own, named by the event's id or, where even
// that is absent, by a hash of what it says.
//
// # Time
//
// REST items have no time of their own: the activity's modified, else completed,
// else created, else the item's requested. Search: modified, else created. Event:
// created, else synced. Triggers have none.
//
// # Secrets
//
// The value of an attribute whose name is a password's, a token's or the like is
// replaced by [Redacted] before anything is read, so it is in no field of an
// observation and not in its Original, which is otherwise the vendor's text byte
// by byte. See [Redact]. A [Redactor] hides the values of further names.
//
// Duplicated keys: the last one counts, as in encoding/json.
package sailpoint
