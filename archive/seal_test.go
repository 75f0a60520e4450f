package archive

import (
	"context"
	"crypto/ed25519"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/compact"
	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/archive/internal/parquetfile"
	"github.com/provtrail/provtrail/internal/archivetest"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// sealer is an archive with a clock that the test moves.
type sealer struct {
	*Archive
	t   testing.TB
	dir string
	now time.Time
	opt Options
	// onChange, where set, is called before each change of the store.
	onChange func()
}

func testKeys(t testing.TB) Keys {
	t.Helper()
	keys, err := CreateKey(filepath.Join(t.TempDir(), "key.pem"))
	require.NoError(t, err)
	return keys
}

func newSealer(t testing.TB, opt Options) *sealer {
	t.Helper()
	return newSealerAt(t, t.TempDir(), opt)
}

// stores are the addresses of new archives in each kind of store.
var stores = map[string]func(testing.TB) string{
	"folder": func(t testing.TB) string { return t.TempDir() },
	"memory": archivetest.MemoryBucket,
	"files":  archivetest.FileBucket,
}

func newSealerAt(t testing.TB, location string, opt Options) *sealer {
	t.Helper()
	s := &sealer{t: t, dir: location, now: noon, opt: opt}
	s.opt.Spool = t.TempDir()
	if s.opt.Keys == nil {
		s.opt.Keys = testKeys(t)
	}
	s.opt.noSync = true
	s.opt.beforeChange = func() {
		if s.onChange != nil {
			s.onChange()
		}
	}
	s.opt.Now = func() time.Time { return s.now }
	s.start()
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func (s *sealer) start() {
	s.t.Helper()
	a, err := Open(context.Background(), s.dir, s.opt)
	require.NoError(s.t, err)
	s.Archive = a
}

// get returns a file's content; nil where there is none.
func (s *sealer) get(name string) []byte {
	s.t.Helper()
	text, err := s.store.Read(s.t.Context(), name)
	require.NoError(s.t, blobstore.IgnoreMissing(err))
	return text
}

// set makes, changes or (nil) removes a file behind the archive's back.
func (s *sealer) set(name string, text []byte) {
	s.t.Helper()
	if text == nil {
		require.NoError(s.t, s.store.Remove(s.t.Context(), []string{name}))
		return
	}
	_, err := s.store.Put(s.t.Context(), name, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
	require.NoError(s.t, err)
}

func (s *sealer) restart() {
	s.t.Helper()
	require.NoError(s.t, s.Close())
	s.start()
}

func (s *sealer) write(rows ...*record.Record) Written {
	s.t.Helper()
	w, err := s.Archive.Write(s.t.Context(), Batch{Records: rows})
	require.NoError(s.t, err)
	return w
}

// seal moves the clock and seals what is due.
func (s *sealer) seal(at time.Time) []Hour {
	s.t.Helper()
	s.now = at
	hours, err := s.SealDue(s.t.Context())
	require.NoError(s.t, err)
	return hours
}

func (s *sealer) entry(h Hour) *Seal {
	s.t.Helper()
	e, err := chain.Parse(layout.SealName(h), s.get(layout.SealName(h)))
	require.NoError(s.t, err)
	return e
}

// ids counts the rows of each event id.
func (s *sealer) ids() map[provisioning.ID]int {
	n := map[provisioning.ID]int{}
	for _, rows := range readAll(s.t, s.dir) {
		for i := range rows {
			n[rows[i].EventID]++
		}
	}
	return n
}

func minutes(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }

func TestAnHourThatIsOverBecomesOneFile(t *testing.T) {
	t.Run("one round", func(t *testing.T) { testHourBecomesOneFile(t, compact.FanIn) })
	t.Run("two rounds", func(t *testing.T) { testHourBecomesOneFile(t, 3*compact.FanIn+1) })
	t.Run("three rounds", func(t *testing.T) { testHourBecomesOneFile(t, compact.FanIn*(compact.SpillFanIn+2)) })
}

func testHourBecomesOneFile(t *testing.T, files int) {
	s := newSealer(t, Options{Grace: 5 * time.Minute})
	var want []*record.Record
	distinct := files*4 + 2
	for i := range files {
		batch := records(i*4, i*4+6) // each but the last repeats a third of the next
		want = append(want, batch...)
		s.write(batch...)
	}
	s.now = minutes(64)
	require.Empty(t, s.seal(minutes(64)), "within the grace")
	require.Equal(t, []Hour{HourOf(noon)}, s.seal(minutes(65)))

	all := readAll(t, s.dir)
	require.Len(t, all, 1)
	for name, rows := range all {
		require.Len(t, rows, distinct)
		require.True(t, slices.IsSortedFunc(rows, func(a, b record.Record) int {
			x, y := parquetfile.Activities.Key(&a), parquetfile.Activities.Key(&b)
			return x.Compare(&y)
		}))
		e := s.entry(HourOf(noon))
		require.Len(t, e.Files, 1)
		f := e.Files[0]
		require.Equal(t, name, f.Name)
		require.Equal(t, int64(distinct), f.Rows)
		require.Equal(t, int64(len(want)-distinct), f.Repeated)
		require.Equal(t, noon, *f.First)
		require.Equal(t, noon.Add(time.Duration(distinct-1)*time.Second), *f.Last)
		digest, size, err := blobstore.Hash(t.Context(), s.store, name, nil)
		require.NoError(t, err)
		require.Equal(t, f.SHA256, digest)
		require.Equal(t, f.Size, size)
		require.True(t, e.SignedBy(s.sealer.Keys()[0].Public().(ed25519.PublicKey)))
	}
	entries, err := os.ReadDir(filepath.Join(s.dir, layout.TempDir))
	require.NoError(t, err)
	require.Empty(t, entries)
}

func TestEmptyHoursAreSealed(t *testing.T) {
	s := newSealer(t, Options{})
	require.Len(t, s.seal(minutes(5*60)), 5)
	for h := range Hour(5) {
		require.Empty(t, s.entry(HourOf(noon)+h).Files)
		require.Empty(t, s.entry(HourOf(noon)+h).Gaps, "somebody was there")
	}
	require.Equal(t, s.entry(HourOf(noon)+3).Digest, s.entry(HourOf(noon)+4).Previous)
}

func TestDowntimeIsSealedAsAGap(t *testing.T) {
	s := newSealer(t, Options{})
	s.write(records(0, 3)...)
	s.now = minutes(30)
	require.NoError(t, s.Close())
	s.now = minutes(150)
	s.start()
	s.restart() // a quick restart forgets nothing and is no gap
	require.Len(t, s.seal(minutes(240)), 4)
	h := HourOf(noon)
	require.Equal(t, []chain.Period{{From: minutes(30), To: minutes(60)}}, s.entry(h).Gaps)
	require.Equal(t, []chain.Period{{From: minutes(60), To: minutes(120)}}, s.entry(h+1).Gaps)
	require.Equal(t, []chain.Period{{From: minutes(120), To: minutes(150)}}, s.entry(h+2).Gaps)
	require.Empty(t, s.entry(h+3).Gaps)
}

func TestASealedHourTakesNothingMore(t *testing.T) {
	s := newSealer(t, Options{})
	s.write(records(0, 50)...)
	s.seal(minutes(60))
	w := s.write(records(40, 60)...)
	require.Equal(t, 10, w.Rows, "ten were sealed already")
	require.Equal(t, 10, w.Late)
	s.seal(minutes(120))
	w = s.write(records(40, 60)...)
	require.Zero(t, w.Rows, "the late ones are found in the hour they went to")
	for id, n := range s.ids() {
		require.Equal(t, 1, n, id)
	}
	require.Len(t, s.ids(), 60)
	require.Len(t, s.entry(HourOf(noon)+1).Files, 1)
}

func TestClockThatGoesBackWritesIntoNoSealedHour(t *testing.T) {
	s := newSealer(t, Options{})
	s.seal(minutes(180))
	s.now = noon
	s.write(records(0, 2)...)
	for name := range readAll(t, s.dir) {
		require.Contains(t, name, (HourOf(noon) + 3).Dir())
	}
}

func TestRestartGoesOnWithTheChain(t *testing.T) {
	s := newSealer(t, Options{})
	s.write(records(0, 5)...)
	s.seal(minutes(60))
	s.restart()
	s.seal(minutes(120))
	first, second := s.entry(HourOf(noon)), s.entry(HourOf(noon)+1)
	require.Equal(t, first.Digest, second.Previous)
	require.Equal(t, first.Archive, second.Archive)
}

func TestRotatedKeyIsNamedByTheOldOne(t *testing.T) {
	s := newSealer(t, Options{})
	s.seal(minutes(60))
	fresh := testKeys(t)
	s.opt.Keys = append(fresh, s.opt.Keys...)
	s.restart()
	s.seal(minutes(180))
	h := HourOf(noon)
	require.Equal(t, s.entry(h).Key, s.entry(h+1).Key, "the old key signs once more")
	require.Equal(t, []byte(chain.Public(fresh[0])), s.entry(h+1).NextKey)
	require.Equal(t, chain.KeyID(chain.Public(fresh[0])), s.entry(h+2).Key)
	require.Empty(t, s.entry(h+2).NextKey)
	require.False(t, s.KeyReplaced())

	s.opt.Keys = testKeys(t)
	s.restart()
	require.True(t, s.KeyReplaced())
}

func TestRetentionRemovesAndRecords(t *testing.T) {
	s := newSealer(t, Options{Retention: 2 * time.Hour, Holds: []Hold{{Tenant: "held", From: noon, To: minutes(1)}}})
	s.write(records(0, 5)...)
	s.write(records(5, 9, func(r *record.Record) { r.Tenant = "held" })...)
	s.seal(minutes(60))
	var name string
	for n := range readAll(t, s.dir) {
		if strings.Contains(n, "acme") {
			name = n
		}
	}
	s.seal(minutes(120))
	require.Len(t, readAll(t, s.dir), 2)
	s.seal(minutes(180))
	require.Len(t, readAll(t, s.dir), 1, "what is held stays")
	require.Equal(t, []string{name}, s.entry(HourOf(noon)+2).Expired)
	require.NoDirExists(t, filepath.Join(s.dir, "tenant=acme"))
	s.now = minutes(190)
	s.write(row(11))
	require.Len(t, readAll(t, s.dir), 2, "a folder that went away comes back")
}

func TestADamagedFileIsSealedAsSuch(t *testing.T) {
	s := newSealer(t, Options{})
	s.write(records(0, 3000)...)
	s.write(records(3000, 3100)...)
	files, err := Files(t.Context(), s.dir)
	require.NoError(t, err)
	slices.SortFunc(files, func(a, b DataFile) int { return int(b.Size - a.Size) })
	larger := filepath.Join(s.dir, files[0].Name)
	text, err := os.ReadFile(larger)
	require.NoError(t, err)
	for i := 1000; i < len(text)/2; i++ {
		text[i] = 0xff
	}
	require.NoError(t, os.WriteFile(larger, text, 0o600))
	s.seal(minutes(60))
	e := s.entry(HourOf(noon))
	require.Len(t, e.Files, 2)
	require.NotEmpty(t, e.Files[0].Damaged)
	require.Equal(t, int64(100), e.Files[1].Rows)
	require.FileExists(t, filepath.Join(s.dir, e.Files[0].Name))
}

func TestABrokenChainStopsSealing(t *testing.T) {
	s := newSealer(t, Options{})
	s.seal(minutes(60))
	require.NoError(t, s.Close())
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, layout.SealName(HourOf(noon))), []byte("{}"), 0o600))
	s.start()
	require.ErrorContains(t, s.Refused(), "a last seal _chain/date=2026-11-22/hour=12.seal that cannot be read")
	_, err := s.SealDue(t.Context())
	require.ErrorIs(t, err, s.Refused())
	s.write(records(3600, 3605)...)
	require.Len(t, readAll(t, s.dir), 1)
	require.NoError(t, s.Close())
	require.NoError(t, os.Remove(filepath.Join(s.dir, layout.SealName(HourOf(noon)))))
	s.start()
	require.NoError(t, s.Refused())
}
