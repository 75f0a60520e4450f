package store

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/provisioning"
)

// model is what a store should hold.
type model struct {
	meta        []byte
	groups      map[provisioning.ID][]byte
	names       map[provisioning.ID][]byte
	timers      map[timer]bool
	waiting     map[[2]provisioning.ID]bool
	corrections map[NewCorrection]bool
}

type timer struct {
	tick int64
	key  provisioning.ID
}

func TestStore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		disk := vfs.NewMem()
		reopen := func() Store {
			p, err := open(disk, "state", 1<<20, 1<<17, zap.NewNop())
			require.NoError(t, err)
			return p
		}
		s, ctx := reopen(), t.Context()
		want := model{
			groups: map[provisioning.ID][]byte{}, names: map[provisioning.ID][]byte{}, timers: map[timer]bool{},
			waiting: map[[2]provisioning.ID]bool{}, corrections: map[NewCorrection]bool{},
		}
		now, corrections := int64(1), uint64(0)
		id := func(label string) provisioning.ID { return provisioning.ID{rapid.ByteRange(0, 5).Draw(t, label)} }
		value := func() []byte { return []byte{rapid.Byte().Draw(t, "value")} }
		t.Repeat(map[string]func(*rapid.T){
			"commit": func(t *rapid.T) {
				b := Batch{Meta: value()}
				for range rapid.IntRange(0, 4).Draw(t, "changes") {
					c := GroupChange{Key: id("group"), Timer: rapid.Int64Range(0, 40).Draw(t, "timer")}
					if rapid.Bool().Draw(t, "set") {
						c.Value = value()
					}
					source := id("source")
					if rapid.Bool().Draw(t, "waits") {
						c.Waits = append(c.Waits, source)
						want.waiting[[2]provisioning.ID{source, c.Key}] = true
					} else {
						c.Settled = append(c.Settled, source)
						delete(want.waiting, [2]provisioning.ID{source, c.Key})
					}
					b.Groups = append(b.Groups, c)
					want.groups[c.Key] = c.Value
					if c.Timer != 0 {
						want.timers[timer{c.Timer, c.Key}] = true
					}
				}
				if rapid.Bool().Draw(t, "name") {
					n := NameChange{Source: id("source"), Value: value()}
					corrections++
					c := NewCorrection{corrections, n.Source}
					b.Names, b.Correct = append(b.Names, n), append(b.Correct, c)
					want.names[n.Source], want.corrections[c] = n.Value, true
				}
				want.meta = b.Meta
				require.NoError(t, s.Commit(ctx, &b))
				require.NoError(t, s.Flush(ctx))
			},
			"time": func(t *rapid.T) { now += rapid.Int64Range(0, 10).Draw(t, "ticks") },
			"due": func(t *rapid.T) {
				due, err := s.Due(ctx, now)
				require.NoError(t, err)
				if due == nil || rapid.Bool().Draw(t, "leave it") {
					return
				}
				require.LessOrEqual(t, due.Tick, now)
				require.NoError(t, s.Commit(ctx, &Batch{Handled: due}))
				for _, key := range due.Keys { // a timer of the past is filed at the first tick
					maps.DeleteFunc(want.timers, func(w timer, _ bool) bool { return w.key == key && w.tick <= due.Tick })
				}
			},
			"correct": func(t *rapid.T) {
				c, err := s.NextCorrection(ctx)
				require.NoError(t, err)
				if c == nil {
					require.Empty(t, want.corrections)
					return
				}
				require.Contains(t, want.corrections, c.NewCorrection)
				var waiting []provisioning.ID
				for pair := range want.waiting {
					if pair[0] == c.Source {
						waiting = append(waiting, pair[1])
					}
				}
				slices.SortFunc(waiting, func(a, b provisioning.ID) int { return bytes.Compare(a[:], b[:]) })
				require.Equal(t, waiting, c.Groups)
				if rapid.Bool().Draw(t, "done") {
					require.NoError(t, s.Commit(ctx, &Batch{Corrected: c}))
					delete(want.corrections, c.NewCorrection)
				}
			},
			"open again": func(*rapid.T) {
				require.NoError(t, s.Close(ctx))
				s = reopen()
			},
			"": func(t *rapid.T) {
				meta, err := s.Meta(ctx)
				require.NoError(t, err)
				require.Equal(t, want.meta, meta)
				holds(t, s, Groups, want.groups)
				holds(t, s, Names, want.names)
			},
		})
		for {
			due, err := s.Due(ctx, now+100)
			require.NoError(t, err)
			if due == nil {
				break
			}
			for _, key := range due.Keys {
				maps.DeleteFunc(want.timers, func(w timer, _ bool) bool { return w.key == key && w.tick <= due.Tick })
			}
			require.NoError(t, s.Commit(ctx, &Batch{Handled: due}))
		}
		require.Empty(t, want.timers, "every timer was due")
		require.NoError(t, s.Close(ctx))
	})
}

func holds(t *rapid.T, s Store, kind Kind, want map[provisioning.ID][]byte) {
	keys := []provisioning.ID{{99}}
	for key := range want {
		keys = append(keys, key)
	}
	have := map[provisioning.ID][]byte{}
	require.NoError(t, s.Load(t.Context(), kind, keys, func(i int, value []byte) error {
		have[keys[i]] = bytes.Clone(value)
		return nil
	}))
	for key, value := range want {
		require.Equal(t, value, have[key])
		delete(have, key)
	}
	require.Empty(t, have)
}

// A correction of more groups than one part has goes on where it was, after a restart too.
func TestCorrectionInParts(t *testing.T) {
	disk := vfs.NewMem()
	s, err := open(disk, "state", 1<<20, 1<<20, zap.NewNop())
	require.NoError(t, err)
	source := provisioning.ID{7}
	b := Batch{Correct: []NewCorrection{{1, source}, {2, provisioning.ID{8}}}}
	for i := range 2*groupsAtOnce + 1 {
		b.Groups = append(b.Groups, GroupChange{Key: provisioning.ID{byte(i >> 8), byte(i), 0xff}, Value: []byte{1}, Waits: []provisioning.ID{source}})
	}
	require.NoError(t, s.Commit(t.Context(), &b))
	seen := map[provisioning.ID]bool{}
	for _, want := range []int{groupsAtOnce, groupsAtOnce, 1} {
		part, err := s.NextCorrection(t.Context())
		require.NoError(t, err)
		require.Equal(t, source, part.Source)
		require.Len(t, part.Groups, want)
		for _, key := range part.Groups {
			require.False(t, seen[key])
			seen[key] = true
		}
		require.NoError(t, s.Commit(t.Context(), &Batch{Corrected: part}))
		require.NoError(t, s.Close(t.Context()))
		s, err = open(disk, "state", 1<<20, 1<<20, zap.NewNop())
		require.NoError(t, err)
	}
	part, err := s.NextCorrection(t.Context())
	require.NoError(t, err)
	require.Equal(t, NewCorrection{2, provisioning.ID{8}}, part.NewCorrection)
	require.Empty(t, part.Groups)
	require.NoError(t, s.Commit(t.Context(), &Batch{Corrected: part}))
	part, err = s.NextCorrection(t.Context())
	require.NoError(t, err)
	require.Nil(t, part)
	require.NoError(t, s.Close(t.Context()))
}

// smallDisk is a disk with little room.
type smallDisk struct{ vfs.FS }

func (smallDisk) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: room - 1}, nil
}

func TestFullDiskIsAnErrorThatSaysWhatToDo(t *testing.T) {
	s, err := open(smallDisk{vfs.NewMem()}, "state", 1<<20, 1<<17, zap.NewNop())
	require.NoError(t, err)
	err = s.Commit(t.Context(), &Batch{Meta: []byte{1}})
	require.ErrorIs(t, err, ErrFull)
	require.ErrorContains(t, err, "63 MiB are left on the disk of state, 64 are needed: make room")
	meta, err := s.Meta(t.Context())
	require.NoError(t, err)
	require.Nil(t, meta)
	require.NoError(t, s.Close(t.Context()))
}

// A damaged file is an error that names the directory, never another value.
func TestDamageIsNoticed(t *testing.T) {
	disk := vfs.NewMem()
	s, err := open(disk, "state", 1<<20, 1<<17, zap.NewNop())
	require.NoError(t, err)
	key := provisioning.ID{1}
	require.NoError(t, s.Commit(t.Context(), &Batch{Groups: []GroupChange{{Key: key, Value: bytes.Repeat([]byte("value"), 100)}}}))
	require.NoError(t, s.db.Flush())
	require.NoError(t, s.Close(t.Context()))
	names, err := disk.List("state")
	require.NoError(t, err)
	for _, name := range names {
		if bytes.HasSuffix([]byte(name), []byte(".sst")) {
			file, err := disk.OpenReadWrite("state/"+name, vfs.WriteCategoryUnspecified)
			require.NoError(t, err)
			_, err = file.WriteAt([]byte("damage"), 20)
			require.NoError(t, err)
			require.NoError(t, file.Close())
		}
	}
	s, err = open(disk, "state", 1<<20, 1<<17, zap.NewNop())
	require.NoError(t, err)
	err = s.Load(t.Context(), Groups, []provisioning.ID{key}, func(int, []byte) error { return nil })
	require.ErrorContains(t, err, "directory state")
	require.ErrorContains(t, err, "checksum")
	require.NoError(t, s.Close(t.Context()))
}
