// Package provisioninglokiexporter writes provtrail's records to Grafana Loki as
// readable lines: few labels, ids as structured metadata.
//
//	plog.Logs ──entries──> push requests of bounded size ──POST──> Loki
//	                             │ 400, 413, 422: halve, find the entries Loki refuses
//	                             └──> quarantine directory, synced before the batch is done
//
// Each push is synchronous: exporterhelper's queue keeps a batch until every entry
// of it is either accepted by Loki or kept in the quarantine directory.
package provisioninglokiexporter

//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml
