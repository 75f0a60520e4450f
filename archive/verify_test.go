package archive

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/archive/internal/parquetfile"
	"github.com/provtrail/provtrail/internal/archivetest"
	"github.com/provtrail/provtrail/provisioning/record"
)

func (s *sealer) verify() *Verification {
	s.t.Helper()
	var keys []ed25519.PublicKey
	for _, k := range s.opt.Keys {
		keys = append(keys, chain.Public(k))
	}
	v, err := Verify(s.t.Context(), s.dir, VerifyOptions{Keys: keys, Until: (s.sealer.LastSealed() + 1).Start()})
	require.NoError(s.t, err)
	return v
}

func (s *sealer) verified() {
	s.t.Helper()
	require.Empty(s.t, s.verify().Problems)
}

// rich is an archive in which everything occurs: tenants, quarantine, an empty
// hour, a gap, expired files, a rotated key and an hour that is still open.
func rich(t testing.TB) *sealer { return richAt(t, t.TempDir()) }

func richAt(t testing.TB, location string) *sealer {
	s := newSealerAt(t, location, Options{Retention: 6 * time.Hour})
	other := func(r *record.Record) { r.Tenant = "other" }
	for hour := range 9 {
		s.now = noon.Add(time.Duration(hour)*time.Hour + 59*time.Minute)
		if hour != 4 {
			from := hour * 3600
			s.write(records(from, from+20)...)
			s.write(records(from+10, from+30)...)
			s.write(records(from+40, from+44, other)...)
			_, err := s.Archive.Write(t.Context(), Batch{Quarantined: []*record.Quarantined{{EventID: id(hour), ObservedAt: at(s.now), Original: "{"}}})
			require.NoError(t, err)
		}
		switch hour {
		case 3:
			require.NoError(t, s.Close())
			s.now = s.now.Add(30 * time.Minute)
			s.start()
		case 5:
			s.opt.Keys = append(testKeys(t), s.opt.Keys...)
			s.restart()
		}
		if hour < 8 {
			s.seal(noon.Add(time.Duration(hour+1) * time.Hour))
		}
	}
	return s
}

func TestAValidArchiveVerifies(t *testing.T) {
	s := rich(t)
	v := s.verify()
	require.Empty(t, v.Problems)
	require.True(t, v.OK())
	require.Equal(t, 8, v.Hours)
	require.Equal(t, HourOf(noon), *v.First)
	require.Equal(t, HourOf(noon)+7, *v.Last)
	require.Equal(t, 6, v.Expired, "two hours of two tenants and quarantine")
	require.Equal(t, 5*3, v.Files)
	require.Equal(t, int64(5*(30+4+1)), v.Rows)
	require.Equal(t, 4, v.Unsealed)
	require.Contains(t, strings.Join(v.Notes, "\n"), "nothing wrote the archive from 2026-11-22 15:59:00 to 2026-11-22 16:00:00")
}

func TestTheCurrentKeyIsNotEnoughForOldSeals(t *testing.T) {
	s := rich(t)
	verify := func(keys ...ed25519.PublicKey) *Verification {
		v, err := Verify(t.Context(), s.dir, VerifyOptions{Keys: keys})
		require.NoError(t, err)
		return v
	}
	require.True(t, verify(chain.Public(s.sealer.Keys()[1])).OK(), "the oldest key vouches for those that it names")
	v := verify(chain.Public(s.sealer.Keys()[0]))
	require.Len(t, v.Problems, 7, "the beginning and six hours")
	require.Contains(t, v.Problems[0].Detail, chain.KeyID(chain.Public(s.sealer.Keys()[1])))
	require.Len(t, verify().Problems, 9)
}

func TestVerifyNeedsAnArchive(t *testing.T) {
	_, err := Verify(t.Context(), t.TempDir(), VerifyOptions{})
	require.ErrorIs(t, err, ErrNoArchive)
	s := rich(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Verify(ctx, s.dir, VerifyOptions{})
	require.ErrorIs(t, err, context.Canceled)
}

func TestVerifyReportsProgress(t *testing.T) {
	s := rich(t)
	var last, all int64
	rising := true
	v, err := Verify(t.Context(), s.dir, VerifyOptions{Keys: []ed25519.PublicKey{chain.Public(s.sealer.Keys()[1])}, Progress: func(done, total int64) {
		rising = rising && done > last
		last, all = done, total
	}})
	require.NoError(t, err)
	require.True(t, rising)
	require.Equal(t, all, last)
	require.Equal(t, v.Bytes, all)
	text, err := json.Marshal(v)
	require.NoError(t, err)
	require.Contains(t, string(text), `"problems":[],`)
	require.Contains(t, string(text), `"first_hour":"2026-11-22T12Z"`)
}

// TestTampering alters a sealed archive in a thousand ways, one after another.
// Verify must name exactly the files that were touched.
func TestTampering(t *testing.T) {
	for kind, location := range stores {
		t.Run(kind, func(t *testing.T) {
			tampers := 100
			if kind == "folder" {
				tampers = 1000
			}
			if archivetest.Race {
				tampers = 30
			}
			testTampering(t, richAt(t, location(t)), tampers)
		})
	}
}

func testTampering(t *testing.T, s *sealer, tampers int) {
	require.Empty(t, s.verify().Problems)
	random := rand.New(rand.NewPCG(1, 2))
	var data, seals []string
	for f, err := range s.store.Walk(t.Context(), "") {
		require.NoError(t, err)
		if d, ok := layout.ParseData(f.Name); ok && d.Hour <= s.sealer.LastSealed() {
			data = append(data, f.Name)
		} else if strings.HasPrefix(f.Name, layout.ChainDir) {
			seals = append(seals, f.Name)
		}
	}
	for range tampers {
		tm := tamper{s: s, random: random, data: data, seals: seals, before: map[string][]byte{}}
		tm.do()
		got := []string{}
		for _, p := range s.verify().Problems {
			got = append(got, p.Name)
		}
		slices.Sort(got)
		slices.Sort(tm.want)
		require.Equal(t, tm.want, slices.Compact(got), "%s: %v", tm.what, s.verify().Problems)
		tm.undo()
	}
	require.Empty(t, s.verify().Problems)
}

type tamper struct {
	s           *sealer
	random      *rand.Rand
	data, seals []string
	before      map[string][]byte // nil: was not there
	what        string
	want        []string // names to be blamed
}

func (tm *tamper) pick(list ...string) string { return list[tm.random.IntN(len(list))] }

func (tm *tamper) any() string { return tm.pick(append(slices.Clone(tm.data), tm.seals...)...) }

func (tm *tamper) do() {
	t := tm.s.t
	name := tm.any()
	text := tm.read(name)
	switch tm.random.IntN(7) {
	case 0:
		tm.what = "flip " + name
		text[tm.random.IntN(len(text))] ^= byte(1 << tm.random.IntN(8))
		tm.put(name, text)
		tm.want = []string{name}
	case 1:
		tm.what = "truncate " + name
		tm.put(name, text[:tm.random.IntN(len(text))])
		tm.want = []string{name}
	case 2:
		tm.what = "remove " + name
		tm.put(name, nil)
		tm.want = []string{name}
	case 3:
		added := path.Join(path.Dir(name), tm.pick("00000000000000000000000000000000.parquet", "x.parquet", "notes.txt", ".hidden"))
		tm.what = "add " + added
		tm.put(added, []byte("PAR1"))
		tm.want = []string{added}
	case 4:
		list := tm.data
		if slices.Contains(tm.seals, name) {
			list = tm.seals
		}
		other := tm.pick(list...)
		if other == name {
			tm.do()
			return
		}
		tm.what = "swap " + name + " and " + other
		a, b := tm.read(name), tm.read(other)
		tm.put(name, b)
		tm.put(other, a)
		tm.want = []string{name, other}
	case 5:
		name = tm.pick(tm.data...)
		other := path.Join(path.Dir(tm.pick(tm.data...)), "moved.parquet")
		tm.what = "move " + name + " to " + other
		tm.put(other, tm.read(name))
		tm.put(name, nil)
		tm.want = []string{name, other}
	case 6:
		tm.what = "append to " + name
		tm.put(name, append(text, 0))
		tm.want = []string{name}
	}
	require.NotEmpty(t, tm.want)
}

func (tm *tamper) read(name string) []byte { return tm.s.get(name) }

// put writes a file, or removes it where there is no text.
func (tm *tamper) put(name string, text []byte) {
	if _, kept := tm.before[name]; !kept {
		tm.before[name] = tm.s.get(name)
	}
	tm.s.set(name, text)
}

func (tm *tamper) undo() {
	for name, text := range tm.before {
		tm.s.set(name, text)
	}
}

// TestSealsHaveTheRootOfTheirRows reads each sealed file and finds the root of its rows.
func TestSealsHaveTheRootOfTheirRows(t *testing.T) {
	s := rich(t)
	rows := readAll(t, s.dir)
	checked := 0
	for h := HourOf(noon); h <= s.sealer.LastSealed(); h++ {
		for _, f := range s.entry(h).Files {
			list, ok := rows[f.Name]
			if !ok {
				continue
			}
			var leaves []chain.Hash
			hasher := parquetfile.LeafHasher[record.Record]{Table: parquetfile.Activities}
			for i := range list {
				leaves = append(leaves, hasher.Leaf(&list[i]))
			}
			require.Equal(t, chain.NewTree(leaves).Root(), *f.Merkle)
			checked++
		}
	}
	require.Equal(t, 10, checked)
}
