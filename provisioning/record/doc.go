// Package record is the form in which observations, activities, groups and quarantined data
// travel through a pipeline and are stored: the one list of their fields ([Activities],
// [Groups], [Quarantine], [Reconciliations]), from which come the attributes of a LogRecord and the columns of
// every store, and the functions that write and read a LogRecord.
//
// The receiver writes observations ([WriteObservation]), the processor adds the state of
// their activities ([Enrich], [WriteRecord]) and the summaries of groups ([WriteGroup]).
// Exporters read them ([Read], [ReadGroup], [ReadQuarantined], [ReadReconciliation]); what cannot be read or stored
// becomes quarantined data ([Refuse]). [RestoreObservation] gives back the observation of a
// stored record.
package record
