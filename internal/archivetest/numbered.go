package archivetest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Noon is when Row 0 is observed.
var Noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// At is a time as records have it.
func At(t time.Time) pcommon.Timestamp { return pcommon.NewTimestampFromTime(t) }

// ID is the event id of Row n.
func ID(n int) (id provisioning.ID) {
	binary.BigEndian.PutUint64(id[:], uint64(n))
	id[15] = 1
	return id
}

// Row is record n of tenant acme, observed n seconds after Noon, and changed.
func Row(n int, change ...func(*record.Record)) *record.Record {
	at := At(Noon.Add(time.Duration(n) * time.Second))
	r := &record.Record{
		Observation: provisioning.Observation{
			EventID: ID(n), Tenant: "acme", GroupID: fmt.Sprintf("group-%d", n/3), Feed: provisioning.FeedREST,
			SourceName: "Active Directory", AccountID: fmt.Sprintf("CN=User %d", n), Operation: provisioning.OperationAdd,
			OccurredAt: at, ObservedAt: at, Original: fmt.Sprintf(`{"id":"%d","completionStatus":"SUCCESS"}`, n),
		},
		RecordType: record.TypeObservation, ActivityID: ID(n / 2), Status: provisioning.StatusSuccess, Attempts: 1,
	}
	for _, f := range change {
		f(r)
	}
	return r
}

// Rows are the Rows from a number up to another one.
func Rows(from, to int, change ...func(*record.Record)) (list []*record.Record) {
	for n := from; n < to; n++ {
		list = append(list, Row(n, change...))
	}
	return list
}

// Drain reads all rows.
func Drain[T any](t require.TestingT, r interface{ Read(rows []T) (int, error) }) (rows []T) {
	buffer := make([]T, 100)
	for {
		n, err := r.Read(buffer)
		rows = append(rows, buffer[:n]...)
		if errors.Is(err, io.EOF) {
			return rows
		}
		require.NoError(t, err)
	}
}
