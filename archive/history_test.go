package archive

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/provisioning/record"
)

// remembering is an archive with two sealed hours whose head is remembered beside its key
// and in a witness.
func remembering(t *testing.T, location string) (s *sealer, witness string) {
	t.Helper()
	witness = filepath.Join(t.TempDir(), "heads")
	key := filepath.Join(t.TempDir(), "key.pem")
	_, err := CreateKey(key)
	require.NoError(t, err)
	s = &sealer{t: t, dir: location, now: noon, opt: Options{
		KeyFile: key, Memories: []Memory{Witness(witness)}, Spool: t.TempDir(), noSync: true,
	}}
	s.opt.Now = func() time.Time { return s.now }
	s.start()
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	s.write(records(0, 10)...)
	s.seal(minutes(60))
	s.write(records(3600, 3610)...)
	s.seal(minutes(120))
	s.write(records(7200, 7205)...)
	return s, witness
}

func (s *sealer) verifyAgainst(heads ...Head) *Verification {
	s.t.Helper()
	keys, err := LoadPublicKeys(PublicKeyPath(s.opt.KeyFile))
	require.NoError(s.t, err)
	v, err := Verify(s.t.Context(), s.dir, VerifyOptions{Keys: keys, Heads: heads, Now: s.now})
	require.NoError(s.t, err)
	return v
}

func kinds(v *Verification) (list []string) {
	for _, p := range v.Problems {
		list = append(list, string(p.Kind))
	}
	return list
}

// chainFiles returns the names of all seals.
func (s *sealer) chainFiles() (names []string) {
	s.t.Helper()
	for f, err := range s.store.Walk(s.t.Context(), layout.ChainDir+"/") {
		require.NoError(s.t, err)
		names = append(names, f.Name)
	}
	return names
}

// TestHistoryIsNotRewritten changes the past of an archive behind its back and restarts
// its writer: the writer must not sign a new history, and must store what arrives.
func TestHistoryIsNotRewritten(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, s *sealer, witness string)
		found  string
	}{
		"the chain is deleted": {func(_ *testing.T, s *sealer, _ string) {
			for _, name := range s.chainFiles() {
				s.set(name, nil)
			}
		}, "no chain"},
		"the chain is deleted, also where it is remembered": {func(t *testing.T, s *sealer, witness string) {
			for _, name := range s.chainFiles() {
				s.set(name, nil)
			}
			require.NoError(t, os.Remove(HeadPath(s.opt.KeyFile)))
			require.NoError(t, os.Remove(witness))
		}, "data files without a chain"},
		"the chain is deleted, only the witness is out of reach": {func(t *testing.T, s *sealer, _ string) {
			for _, name := range s.chainFiles() {
				s.set(name, nil)
			}
			require.NoError(t, os.Remove(HeadPath(s.opt.KeyFile)))
		}, "no chain"},
		"the last seal is deleted": {func(_ *testing.T, s *sealer, _ string) {
			s.set(layout.SealName(HourOf(noon)+1), nil)
		}, "does not contain it and ends with"},
		"a seal within is deleted and the last replaced": {func(t *testing.T, s *sealer, _ string) {
			text, err := chain.Sign(&chain.Entry{Archive: s.entry(HourOf(noon)).Archive, Hour: HourOf(noon) + 1, Previous: "00"}, s.sealer.Keys()[0])
			require.NoError(t, err)
			s.set(layout.SealName(HourOf(noon)+1), text)
		}, "is broken before"},
		"the last seal is damaged": {func(_ *testing.T, s *sealer, _ string) {
			s.set(layout.SealName(HourOf(noon)+1), []byte("{}"))
		}, "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			s, witness := remembering(t, t.TempDir())
			known, err := LastHead(witness)
			require.NoError(t, err)
			sealed := s.entry(HourOf(noon)).Files[0].Name
			require.NoError(t, s.Close())
			c.change(t, s, witness)
			s.set(sealed, s.get(s.entryFile(HourOf(noon)+2)))
			before := s.chainFiles()
			s.start()

			require.ErrorContains(t, s.Refused(), c.found)
			require.ErrorContains(t, s.Refused(), s.dir)
			require.ErrorContains(t, s.Refused(), "provtrail archive recover --directory "+s.dir)
			s.now = minutes(60 * 30)
			hours, err := s.SealDue(t.Context())
			require.ErrorIs(t, err, s.Refused())
			require.Empty(t, hours)
			require.Equal(t, before, s.chainFiles(), "nothing is signed")
			s.write(records(3600*30, 3600*30+7)...)
			s.restart()
			require.Error(t, s.Refused(), "a restart forgets nothing")
			require.Len(t, s.ids(), 5+7+10, "nothing is lost")
			if v, err := Verify(t.Context(), s.dir, VerifyOptions{Heads: []Head{{Digest: known.Digest}}}); err == nil {
				require.Contains(t, kinds(v), string(LostHead))
			}
		})
	}
}

// entryFile returns the name of a data file of an hour.
func (s *sealer) entryFile(h Hour) string {
	s.t.Helper()
	list, err := Files(s.t.Context(), s.dir)
	require.NoError(s.t, err)
	for _, f := range list {
		if f.Hour == h {
			return f.Name
		}
	}
	require.Fail(s.t, "no file", h)
	return ""
}

func TestAHeadThatIsRememberedLateIsContained(t *testing.T) {
	s, witness := remembering(t, t.TempDir())
	first, err := LastHead(witness)
	require.NoError(t, err)
	require.Equal(t, HourOf(noon)+1, first.Hour)
	s.seal(minutes(60 * 9))
	text, err := os.ReadFile(witness)
	require.NoError(t, err)
	require.Equal(t, 10, strings.Count(string(text), "\n"), "the beginning and nine hours")
	require.NoError(t, os.WriteFile(witness, []byte(strings.Join(strings.SplitAfter(string(text), "\n")[:3], "")), 0o600))
	s.restart()
	require.NoError(t, s.Refused())
	last, err := LastHead(witness)
	require.NoError(t, err)
	require.Equal(t, s.entry(HourOf(noon)+8).Head(), last)
	beside, err := LastHead(HeadPath(s.opt.KeyFile))
	require.NoError(t, err)
	require.Equal(t, last, beside)
	require.Empty(t, s.verifyAgainst(first, last).Problems)
}

// TestRecovery lets sealing go on after each kind of loss and finds the loss in the chain.
func TestRecovery(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(s *sealer)
		kinds    []string
		unproven int
	}{
		"no chain": {func(s *sealer) {
			for _, name := range s.chainFiles() {
				s.set(name, nil)
			}
		}, []string{"recovered"}, 2},
		"the last seal is missing": {func(s *sealer) {
			s.set(layout.SealName(HourOf(noon)+1), nil)
		}, []string{"recovered"}, 1},
		"the last seal is damaged": {func(s *sealer) {
			s.set(layout.SealName(HourOf(noon)+1), []byte("{}"))
		}, []string{"bad-seal", "recovered"}, 0},
	} {
		for kind, location := range stores {
			t.Run(name+"/"+kind, func(t *testing.T) {
				s, witness := remembering(t, location(t))
				lost, err := LastHead(witness)
				require.NoError(t, err)
				s.now = minutes(200)
				require.NoError(t, s.Close())
				_, err = Recover(t.Context(), s.dir, s.opt, nil, "why")
				require.ErrorContains(t, err, "nothing to recover")
				s.start()
				c.change(s)
				require.NoError(t, s.Close())
				head, err := Recover(t.Context(), s.dir, s.opt, nil, "the disk failed")
				require.NoError(t, err)
				s.start()
				require.NoError(t, s.Refused())
				s.write(records(14400, 14405)...)
				s.seal(minutes(60 * 6))
				s.restart()
				require.NoError(t, s.Refused())

				v := s.verifyAgainst(head)
				require.Equal(t, c.kinds, kinds(v), v.Problems)
				recovered := v.Problems[len(v.Problems)-1]
				require.Contains(t, recovered.Detail, "the disk failed")
				require.Contains(t, recovered.Detail, lost.Digest)
				require.Equal(t, c.unproven, v.Unproven)
				require.Equal(t, lost.Archive, v.Archive)
				require.Equal(t, HourOf(noon)+5, *v.Last)
				require.Contains(t, kinds(s.verifyAgainst(lost)), "lost-head")
				require.Len(t, s.ids(), 30)
			})
		}
	}
}

// TestADeletedFileComesBack: an hour is not sealed yet, and somebody deletes one of its files, or
// the whole of it, while the writer runs, is down or was killed.
func TestADeletedFileComesBack(t *testing.T) {
	for _, ended := range []string{"running", "stopped", "killed"} {
		for _, all := range []bool{false, true} {
			var back []string
			s := newSealer(t, Options{PutBack: func(names []string) { back = append(back, names...) }})
			s.write(records(10, 13)...)
			s.write(records(20, 25)...)
			list, err := Files(t.Context(), s.dir)
			require.NoError(t, err)
			switch ended {
			case "stopped":
				require.NoError(t, s.Close())
			case "killed":
				s.killed()
			}
			want := []string{list[0].Name}
			require.NoError(t, os.Remove(filepath.Join(s.dir, list[0].Name)))
			if all {
				want = append(want, list[1].Name)
				require.NoError(t, os.RemoveAll(filepath.Join(s.dir, list[0].Dir)))
			}
			if ended == "running" {
				require.NoError(t, s.Heartbeat(t.Context()))
			} else {
				s.start()
			}
			require.Equal(t, want, back)
			require.Len(t, s.ids(), 8)
			s.seal(minutes(120))
			require.NoFileExists(t, filepath.Join(s.dir, layout.KeptDir, list[0].Name))
			s.checkSealed(8)
			s.restart()
			s.checkSealed(8)
			require.Equal(t, want, back, "nothing else comes back")
		}
	}
}

// TestAFileThatDisappearsIsNamed: with and without a restart between, and with the name that
// would bring it back.
func TestAFileThatDisappearsIsNamed(t *testing.T) {
	for _, restart := range []bool{false, true} {
		s, _ := remembering(t, t.TempDir())
		s.write(records(7210, 7213)...)
		var other []*record.Record
		for _, r := range records(7220, 7223) {
			r.Tenant = "other"
			other = append(other, r)
		}
		s.write(other...)
		gone := map[string]bool{}
		list, err := Files(t.Context(), s.dir)
		require.NoError(t, err)
		for _, f := range list[len(list)-2:] {
			gone[f.Name] = true
		}
		if restart {
			require.NoError(t, s.Close())
		}
		for name := range gone {
			require.NoError(t, os.Remove(filepath.Join(s.dir, name)))
			require.NoError(t, os.Remove(filepath.Join(s.dir, layout.KeptDir, name)))
		}
		if restart {
			s.start()
		}
		s.seal(minutes(180))
		require.Len(t, s.entry(HourOf(noon)+2).Lost, 2)
		v := s.verifyAgainst()
		require.Equal(t, []string{"lost", "lost"}, kinds(v))
		for _, p := range v.Problems {
			require.True(t, gone[p.Name], p.Name)
		}
		require.Len(t, s.ids(), 25+6-len(gone)*3, "what is left")
		s.seal(minutes(240))
		require.Empty(t, s.entry(HourOf(noon)+3).Lost, "it is named once")
	}
}

// brokenMemory fails on command.
type brokenMemory struct {
	err   error
	state State
}

func (b *brokenMemory) String() string                        { return "broken memory" }
func (b *brokenMemory) Load(context.Context) (State, error)   { return b.state, b.err }
func (b *brokenMemory) Save(_ context.Context, s State) error { b.state = s; return b.err }

func TestAHeadThatCannotBeRememberedStopsSealing(t *testing.T) {
	m := &brokenMemory{}
	s := newSealer(t, Options{Memories: []Memory{m}})
	s.write(records(0, 5)...)
	s.write(records(5, 10)...)
	m.err = os.ErrPermission
	s.now = minutes(180)
	_, err := s.SealDue(t.Context())
	require.ErrorContains(t, err, "broken memory")
	_, err = s.SealDue(t.Context())
	require.ErrorIs(t, err, os.ErrPermission)
	require.Equal(t, HourOf(noon), s.sealer.LastSealed(), "not more than one hour is ahead of what is remembered")
	m.err = nil
	require.Len(t, s.seal(minutes(180)), 2)
	s.checkSealed(10)
	require.Equal(t, s.sealer.LastSealed(), m.state.Head.Hour)
}
