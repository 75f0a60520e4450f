// Package provisioningclickhouseexporter writes provtrail's records into ClickHouse.
//
//	plog.Logs ──columns──> blocks ──native insert──> provisioning_observations ──> provisioning_activities
//	              │                                              ├───────────────> provisioning_transitions
//	              │                                              ├───────────────> provisioning_reports
//	              │                                              └───────────────> provisioning_errors
//	              ├──────────────────────────────> provisioning_groups
//	              ├──────────────────────────────> provisioning_reconciliations
//	              └── unreadable and refused records ──> provisioning_quarantine
//
// Inserts may be repeated: each has a deduplication token that is a hash of its content,
// each row has an id, and each table keeps one row for each id. So exporterhelper's durable
// queue may send a batch any number of times.
package provisioningclickhouseexporter

//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml
