package sailpoint

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

var update = flag.Bool("update", false, "write the golden files anew")

func parse(data []byte) *Result {
	p := &Parser{Tenant: "acme", Feed: provisioning.FeedFile}
	to := &Result{}
	p.Parse(data, 1_800_000_000_000_000_000, to)
	return to
}

// plainResult is a result as a golden file shows it.
type plainResult struct {
	Observations []map[string]any `json:"observations"`
	Ignored      []Ignored        `json:"ignored,omitempty"`
	Rejected     []Rejected       `json:"rejected,omitempty"`
}

func plain(r *Result) plainResult {
	out := plainResult{Ignored: r.Ignored, Rejected: r.Rejected}
	for i := range r.Observations {
		o := &r.Observations[i]
		m := map[string]any{}
		row := record.Record{Observation: *o}
		for _, f := range record.Fields {
			if f.Column == "original" || f.Derived {
				continue
			}
			value, _ := json.Marshal(f.Pointer(&row))
			switch s := string(value); s {
			case `""`, "0", "false":
			default:
				var v any
				_ = json.Unmarshal(value, &v)
				m[f.Column] = v
			}
		}
		m["event_id"], m["reported_status"] = o.EventID.String(), o.ReportedStatus.String()
		m["occurred_at"] = ""
		if o.OccurredAt != 0 {
			m["occurred_at"] = o.OccurredAt.AsTime()
		}
		if o.RequestedAt != 0 {
			m["requested_at"] = o.RequestedAt.AsTime()
		}
		if o.VendorCreatedAt != 0 {
			m["vendor_created_at"] = o.VendorCreatedAt.AsTime()
		}
		delete(m, "observed_at")
		m["original_bytes"] = len(o.Original)
		out.Observations = append(out.Observations, m)
	}
	return out
}

func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	inputs := 0
	for _, file := range files {
		if strings.HasSuffix(file, ".golden.json") {
			continue
		}
		inputs++
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		var got bytes.Buffer
		enc := json.NewEncoder(&got)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		require.NoError(t, enc.Encode(plain(parse(data))))
		golden := strings.TrimSuffix(file, ".json") + ".golden.json"
		if *update {
			require.NoError(t, os.WriteFile(golden, got.Bytes(), 0o600))
		}
		want, err := os.ReadFile(golden)
		require.NoError(t, err)
		require.Equal(t, string(want), got.String(), file)
	}
	require.Equal(t, 4, inputs)
}
