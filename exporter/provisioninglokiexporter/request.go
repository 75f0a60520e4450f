package provisioninglokiexporter

import (
	"github.com/grafana/loki/pkg/push"
	"github.com/klauspost/compress/snappy"
	"go.opentelemetry.io/collector/pdata/plog"
)

// encode makes the body of a push request: protobuf in one snappy block, entries
// in their order within each stream.
func encode(entries []entry) ([]byte, error) {
	var request push.PushRequest
	streams := make(map[string]int, 8)
	for i := range entries {
		e := &entries[i]
		at, ok := streams[e.labels]
		if !ok {
			at = len(request.Streams)
			streams[e.labels] = at
			request.Streams = append(request.Streams, push.Stream{Labels: e.labels})
		}
		request.Streams[at].Entries = append(request.Streams[at].Entries, e.push)
	}
	raw, err := request.Marshal()
	if err != nil {
		return nil, err
	}
	return snappy.Encode(nil, raw), nil
}

// chunks cuts entries so that no request but one of a single entry exceeds limit bytes.
func chunks(entries []entry, limit int) [][]entry {
	var out [][]entry
	size, from := 0, 0
	for i := range entries {
		n := entries[i].size()
		if i > from && size+n > limit {
			out = append(out, entries[from:i])
			size, from = 0, i
		}
		size += n
	}
	if from < len(entries) {
		out = append(out, entries[from:])
	}
	return out
}

// logsOf copies the records of entries, to be tried again. What provtrail's records
// say is in the records; nothing of the resource is used here.
func logsOf(entries []entry) plog.Logs {
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	records.EnsureCapacity(len(entries))
	for i := range entries {
		entries[i].record.CopyTo(records.AppendEmpty())
	}
	return ld
}
