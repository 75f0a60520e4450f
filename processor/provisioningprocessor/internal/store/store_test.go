package store

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/storetest"
	"github.com/provtrail/provtrail/provisioning"
)

// model is a store of one line each: what every implementation must agree with.
type model struct {
	meta   []byte
	groups map[provisioning.ID][]byte
	alarms map[provisioning.ID]map[int64]bool // ticks that have not rung
}

func (m *model) set(k provisioning.ID, tick int64) {
	if m.alarms[k] == nil {
		m.alarms[k] = map[int64]bool{}
	}
	m.alarms[k][tick] = true
}

func (m *model) rang(r *Rung) {
	for _, k := range r.Keys {
		for tick := range m.alarms[k] {
			if tick <= r.Tick {
				delete(m.alarms[k], tick)
			}
		}
	}
}

func TestClientIsAStore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		disk := storetest.NewDisk()
		testStore(t, func() Store {
			s, err := OpenClient(t.Context(), disk.Client(), 1)
			require.NoError(t, err)
			return s
		})
	})
}

func TestMemoryIsAStore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := NewMemory()
		testStore(t, func() Store { return m })
	})
}

func TestPebbleIsAStore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		disk := vfs.NewMem()
		testStore(t, func() Store {
			p, err := openPebble(disk, "state", 1<<20, 1<<17, zap.NewNop())
			require.NoError(t, err)
			return p
		})
	})
}

func testStore(t *rapid.T, open func() Store) {
	ctx := t.Context()
	s := open()
	want := model{groups: map[provisioning.ID][]byte{}, alarms: map[provisioning.ID]map[int64]bool{}}
	now := int64(1)
	key := func() provisioning.ID { return provisioning.ID{rapid.ByteRange(0, 5).Draw(t, "key")} }
	t.Repeat(map[string]func(*rapid.T){
		"commit": func(t *rapid.T) {
			b := Batch{Meta: []byte{rapid.Byte().Draw(t, "meta")}}
			for range rapid.IntRange(0, 4).Draw(t, "changes") {
				c := Change{Key: key(), Alarm: rapid.Int64Range(0, 40).Draw(t, "alarm")}
				if rapid.Bool().Draw(t, "set") {
					c.Value = []byte{rapid.Byte().Draw(t, "value")}
				}
				b.Changes = append(b.Changes, c)
				want.groups[c.Key] = c.Value
				if c.Alarm != 0 {
					want.set(c.Key, c.Alarm)
				}
			}
			want.meta = b.Meta
			require.NoError(t, s.Commit(ctx, &b))
			require.NoError(t, s.Flush(ctx))
		},
		"tick": func(t *rapid.T) { now += rapid.Int64Range(0, 10).Draw(t, "ticks") },
		"ring": func(t *rapid.T) {
			rung, err := s.Due(ctx, now)
			require.NoError(t, err)
			if rung == nil || rapid.Bool().Draw(t, "leave it") {
				return
			}
			require.LessOrEqual(t, rung.Tick, now)
			require.NoError(t, s.Commit(ctx, &Batch{Meta: want.meta, Done: rung}))
			want.rang(rung)
		},
		"open again": func(*rapid.T) {
			require.NoError(t, s.Close(ctx))
			s = open()
		},
		"": func(t *rapid.T) {
			meta, err := s.Meta(ctx)
			require.NoError(t, err)
			require.Equal(t, want.meta, meta)
			for k, v := range want.groups {
				got, err := s.Load(ctx, []provisioning.ID{{99}, k})
				require.NoError(t, err)
				require.Nil(t, got[0])
				require.Equal(t, v, got[1])
			}
		},
	})
	for {
		rung, err := s.Due(ctx, now+100)
		require.NoError(t, err)
		if rung == nil {
			break
		}
		want.rang(rung)
		require.NoError(t, s.Commit(ctx, &Batch{Meta: want.meta, Done: rung}))
	}
	for k, ticks := range want.alarms {
		require.Empty(t, ticks, "every alarm of %s rang", k)
	}
	require.NoError(t, s.Close(ctx))
}

// A transaction that failed may have reached the disk: no alarm may overwrite one
// that did.
func TestFailedTransactionsKeepAlarms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		disk := storetest.NewDisk()
		s, err := OpenClient(t.Context(), disk.Client(), 1)
		require.NoError(t, err)
		left := map[provisioning.ID]bool{}
		for i := range rapid.IntRange(1, 20).Draw(t, "transactions") {
			before, after := rapid.Bool().Draw(t, "before"), rapid.Bool().Draw(t, "after")
			disk.Fail(func(_ int, write bool) (error, error) {
				if !write {
					return nil, nil
				}
				if before {
					return storetest.ErrCrash, nil
				}
				if after {
					return nil, storetest.ErrCrash
				}
				return nil, nil
			})
			k := provisioning.ID{byte(i)}
			err := s.Commit(t.Context(), &Batch{Changes: []Change{{Key: k, Value: []byte{1}, Alarm: rapid.Int64Range(1, 3).Draw(t, "alarm")}}})
			require.Equal(t, before || after, err != nil)
			if !before {
				left[k] = true
			}
			if rapid.Bool().Draw(t, "again") {
				disk.Fail(nil)
				s, err = OpenClient(t.Context(), disk.Client(), 1)
				require.NoError(t, err)
			}
		}
		disk.Fail(nil)
		s, err = OpenClient(t.Context(), disk.Client(), 1)
		require.NoError(t, err)
		for {
			rung, err := s.Due(t.Context(), 100)
			require.NoError(t, err)
			if rung == nil {
				break
			}
			for _, k := range rung.Keys {
				delete(left, k)
			}
			require.NoError(t, s.Commit(t.Context(), &Batch{Done: rung}))
		}
		require.Empty(t, left)
	})
}

func TestDamageIsNoticed(t *testing.T) {
	disk := storetest.NewDisk()
	s, err := OpenClient(t.Context(), disk.Client(), 1)
	require.NoError(t, err)
	k := provisioning.ID{7}
	require.NoError(t, s.Commit(t.Context(), &Batch{Meta: []byte("m"), Changes: []Change{{Key: k, Value: []byte("value"), Alarm: 2}}}))
	disk.Change(func(values map[string][]byte) {
		for key := range values {
			values[key][len(values[key])-1] ^= 0x10
		}
	})
	_, err = s.Load(t.Context(), []provisioning.ID{k})
	require.ErrorIs(t, err, ErrCorrupt)
	_, err = s.Meta(t.Context())
	require.ErrorIs(t, err, ErrCorrupt)
	_, err = OpenClient(t.Context(), disk.Client(), 1)
	require.ErrorIs(t, err, ErrCorrupt)
}

func TestFullStorageSaysWhatToDo(t *testing.T) {
	disk := storetest.NewDisk()
	s, err := OpenClient(t.Context(), disk.Client(), 1)
	require.NoError(t, err)
	disk.Fail(func(int, bool) (before, after error) { return storage.ErrStorageFull, nil })
	err = s.Commit(t.Context(), &Batch{Changes: []Change{{Key: provisioning.ID{1}, Value: []byte{1}}}})
	require.ErrorIs(t, err, storage.ErrStorageFull)
	require.ErrorContains(t, err, "make room")
}
