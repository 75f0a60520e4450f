// Package provisioningclickhouseexporter writes provtrail's records into ClickHouse.
//
//	plog.Logs ──columns──> blocks ──native insert──> provisioning_observations ──> provisioning_activities
//	              │                                              ├───────────────> provisioning_transitions
//	              │                                              ├───────────────> provisioning_reports
//	              │                                              └───────────────> provisioning_errors
//	              ├──────────────────────────────> provisioning_groups
//	              └── what cannot be read or is refused ──> provisioning_quarantine
//
// Everything may be repeated: each insert carries a token made of its content, each row
// an id, and each table keeps one row an id. So exporterhelper's durable queue may send
// a batch as often as it takes.
package provisioningclickhouseexporter

//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml
