package parquetfile

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

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func at(t time.Time) pcommon.Timestamp { return pcommon.NewTimestampFromTime(t) }

func id(n int) (id provisioning.ID) {
	binary.BigEndian.PutUint64(id[:], uint64(n))
	id[15] = 1
	return id
}

// record n of tenant acme, observed n seconds after noon.
func row(n int, change ...func(*record.Record)) *record.Record {
	r := &record.Record{
		Observation: provisioning.Observation{
			EventID: id(n), Tenant: "acme", GroupID: fmt.Sprintf("group-%d", n/3), Feed: provisioning.FeedREST,
			SourceName: "Active Directory", AccountID: fmt.Sprintf("CN=User %d", n), Operation: provisioning.OperationAdd,
			OccurredAt: at(noon.Add(time.Duration(n) * time.Second)), ObservedAt: at(noon.Add(time.Duration(n) * time.Second)),
			Original: fmt.Sprintf(`{"id":"%d","completionStatus":"SUCCESS"}`, n),
		},
		RecordType: record.TypeObservation, ActivityID: id(n / 2), Status: provisioning.StatusSuccess, Attempts: 1,
	}
	for _, f := range change {
		f(r)
	}
	return r
}

func records(from, to int, change ...func(*record.Record)) (list []*record.Record) {
	for n := from; n < to; n++ {
		list = append(list, row(n, change...))
	}
	return list
}

func drain[T any](t require.TestingT, r *Reader[T]) (rows []T) {
	buffer := make([]T, 100)
	for {
		n, err := r.Read(buffer)
		rows = append(rows, buffer[:n]...)
		if err == io.EOF { //nolint:errorlint // documented to be it
			return rows
		}
		require.NoError(t, err)
	}
}

func leaf(r *record.Record) [32]byte { return (&LeafHasher[record.Record]{Table: Activities}).Leaf(r) }

func writeTo(to io.Writer, rows []*record.Record) error {
	w := NewWriter(Activities, to)
	return errors.Join(w.WriteRows(rows), w.Close())
}
