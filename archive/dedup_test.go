package archive

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/archive/internal/parquetfile"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// TestTheLatestVersionIsKept: however the versions of events are spread over batches, a
// sealed hour has the latest version of each event.
func TestTheLatestVersionIsKept(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newSealer(t, Options{})
		want := map[provisioning.ID]*record.Record{}
		for range rapid.IntRange(1, 9).Draw(rt, "batches") { // more are merged than are open at once
			var batch []*record.Record
			for range rapid.IntRange(1, 8).Draw(rt, "rows") {
				n, version := rapid.IntRange(0, 6).Draw(rt, "event"), rapid.IntRange(1, 5).Draw(rt, "version")
				received := noon.Add(time.Duration(n*7%5+version*n%3) * time.Minute)
				r := row(n, func(r *record.Record) {
					r.Version, r.Attempts = uint64(version), int64(version)
					r.ObservedAt = at(received)
					if n%2 == 0 {
						r.OccurredAt = 0
					}
				})
				batch = append(batch, r)
				if w := want[r.EventID]; w == nil || r.Version > w.Version {
					want[r.EventID] = r
				}
			}
			s.write(batch...)
		}
		s.seal(minutes(60))
		have := map[provisioning.ID]*record.Record{}
		for _, rows := range readAll(rt, s.dir) {
			for i := range rows {
				require.Nil(rt, have[rows[i].EventID], "once")
				have[rows[i].EventID] = &rows[i]
			}
		}
		require.Equal(rt, want, have)
	})
}

// TestAHigherVersionIsNotARepetition, also when its hour is sealed.
func TestAHigherVersionIsNotARepetition(t *testing.T) {
	s := newSealer(t, Options{})
	version := func(v uint64) func(*record.Record) { return func(r *record.Record) { r.Version = v } }
	s.write(records(0, 10, version(3))...)
	s.seal(minutes(60))
	require.Zero(t, s.write(records(0, 10, version(3))...).Rows)
	require.Zero(t, s.write(records(0, 10, version(2))...).Rows)
	require.Equal(t, 10, s.write(records(0, 10, version(4))...).Rows)
	s.seal(minutes(120))
	require.Zero(t, s.write(records(0, 10, version(4))...).Rows)
}

// TestLateRowsAreFound in small files and in large ones, remembered or not.
func TestLateRowsAreFound(t *testing.T) {
	for _, n := range []int{50, parquetfile.SmallFile + 50} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			s := newSealer(t, Options{})
			rows := func(from, to int) []*record.Record {
				return records(from, to, func(r *record.Record) {
					r.OccurredAt, r.ObservedAt = r.OccurredAt/1000+at(noon)/1000*999, at(noon)
				})
			}
			s.write(rows(0, n)...)
			require.Len(t, s.index.Files(), 1)
			s.seal(minutes(60))
			require.Equal(t, 10, s.write(rows(n-40, n+10)...).Rows, "the others are there")
			s.restart()
			require.Empty(t, s.index.Files())
			require.Zero(t, s.write(rows(n-40, n)...).Rows)
			require.Equal(t, 10, s.write(rows(n+10, n+20)...).Late)
		})
	}
}

// TestTheIDIndexIsBounded: it has the files of the last sealed hour and of open hours.
func TestTheIDIndexIsBounded(t *testing.T) {
	s := newSealer(t, Options{})
	for hour := range 5 {
		now := minutes(60 * hour)
		s.seal(now)
		for i := range 3 {
			s.write(records(10*i, 10*i+10, func(r *record.Record) { r.EventID[14], r.ObservedAt = byte(hour), at(now) })...)
		}
	}
	s.seal(minutes(300))
	files := 0
	for p, n := range s.index.Files() {
		require.GreaterOrEqual(t, p.Hour, HourOf(minutes(180)))
		files += n
	}
	require.LessOrEqual(t, files, 4)
	require.NotZero(t, files)
}
