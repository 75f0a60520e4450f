// Package provisioning holds the rules of meaning: what an observation, an activity, a
// group and a status are, and how the observations of a group become its activities.
//
// [Resolve] is the centre: a function from a set of observations to activities. The order of
// the observations, copies of them and the way they were batched do not change its result.
// [Summarize] makes the [Group] of the activities. [Merge] completes one copy of an
// observation by another. [Status.Next] is the state machine of an activity.
//
// The package does no I/O, reads no clock and has no configuration. Ids ([EventID],
// [ActivityKey.ID], [TraceID], [GroupNumber]) are hashes of what they identify, so that
// collectors agree on them without talking to each other.
//
// The words are those of SailPoint Identity Security Cloud: a group is one account activity
// (one tracking number), an activity is one row of the Activities page, and the six statuses
// are those of that page (documentation.sailpoint.com, "Tracking provisioning activity").
// Package record has the form in which observations, activities and groups travel.
package provisioning
