package main

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// TestTamper: one row of a valid file is another one, or the file is none.
func TestTamper(t *testing.T) {
	statuses := func(path string) (list []provisioning.Status, err error) {
		r, err := archive.OpenRecords(path)
		if err != nil {
			return nil, err
		}
		rows := make([]record.Record, 3)
		n, _ := r.Read(rows)
		for i := range rows[:n] {
			list = append(list, rows[i].Status)
		}
		return list, r.Close()
	}
	for _, how := range []string{oneRow, half} {
		dir := t.TempDir()
		a, err := archive.Open(t.Context(), dir, archive.Options{})
		require.NoError(t, err)
		var batch archive.Batch
		for i := range 2 {
			o := provisioning.Observation{Tenant: "acme", ObservedAt: pcommon.NewTimestampFromTime(time.Now())}
			o.EventID[0] = byte(i)
			batch.Records = append(batch.Records, &record.Record{Observation: o, Status: provisioning.StatusFailed})
		}
		_, err = a.Write(t.Context(), batch)
		require.NoError(t, err)
		require.NoError(t, a.Close())
		files, err := archive.Files(t.Context(), dir)
		require.NoError(t, err)
		path := filepath.Join(dir, files[0].Name)
		_, err = tamper(path, how)
		require.NoError(t, err)
		list, err := statuses(path)
		if how == half {
			require.Error(t, err)
			continue
		}
		require.NoError(t, err)
		require.Len(t, list, 2)
		require.NotEqual(t, list[0], list[1])
		require.Equal(t, provisioning.StatusFailed, list[1])
	}
}
