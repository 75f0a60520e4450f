package archive

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/archive/internal/parquetfile"
	"github.com/provtrail/provtrail/archive/internal/personal"
	"github.com/provtrail/provtrail/internal/archivetest"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// planted begins every personal text of the test and nothing else.
const planted = "PLANTED"

// plant sets every personal column. Rows 0, 4, 8 ... are about person 0, and so on; of
// person 3 there is the account alone.
func plant(r *record.Record) {
	n := int(r.EventID[7]) | int(r.EventID[6])<<8
	for i := range record.Fields {
		f := &record.Fields[i]
		if f.Personal {
			f.SetText(r, fmt.Sprintf("%s %s of person %d, %d", planted, f.Column, n%4, n%8))
		}
	}
	r.SourceID = "source-1"
	r.IdentityID = fmt.Sprintf("%s-%d", planted, n%4)
	r.AccountID = fmt.Sprintf("%s-Account-%d", planted, n%4)
	r.Original = fmt.Sprintf(`{"who":%q,"row":%d,"more":%q}`, planted, n, strings.Repeat("the vendor's words ", 30))
	r.ReportedOverrides = fmt.Sprintf(`{"identity_name":%q}`, planted)
	if n%4 == 3 {
		r.IdentityID = ""
	}
}

func quarantined(n int) *record.Quarantined {
	q := &record.Quarantined{Tenant: "acme", Feed: provisioning.FeedREST, Reason: "not JSON", ObservedAt: at(noon), Original: fmt.Sprintf("%s %d", planted, n)}
	q.EventID = record.QuarantineID(q)
	return q
}

func privateOptions(t *testing.T) Options {
	return Options{PersonalKeys: filepath.Join(t.TempDir(), "keys")}
}

func readerOf(t *testing.T, path string) *PersonalKeys {
	t.Helper()
	keys, err := personal.OpenReader(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, keys.Close()) })
	return keys
}

// rowsOf returns every activity row by event.
func rowsOf(t *testing.T, ctx context.Context, location string) map[provisioning.ID]record.Record { //nolint:revive // t comes first
	t.Helper()
	v, err := OpenView(ctx, location)
	require.NoError(t, err)
	defer func() { require.NoError(t, v.Close()) }()
	snapshot, err := v.Snapshot(ctx, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, snapshot.Close()) }()
	all := map[provisioning.ID]record.Record{}
	for i := range snapshot.Files {
		r, err := snapshot.Read(i)
		require.NoError(t, err)
		for _, row := range archivetest.Drain(t, r) {
			all[row.EventID] = row
		}
		require.NoError(t, r.Close())
	}
	return all
}

// requireNoPlanted looks at every byte of every file, and at every text as stored.
func requireNoPlanted(t *testing.T, s *sealer) {
	t.Helper()
	files := 0
	for f, err := range s.store.Walk(t.Context(), "") {
		require.NoError(t, err)
		require.NotContains(t, string(s.get(f.Name)), planted, f.Name)
		data, ok := layout.ParseData(f.Name)
		if !ok {
			continue
		}
		files++
		from, err := s.store.Open(t.Context(), f.Name)
		require.NoError(t, err)
		if data.Activities() {
			requireStored(t, parquetfile.Activities, record.Fields, f.Name, from)
		} else if data.Quarantine() {
			requireStored(t, parquetfile.Quarantine, record.Quarantine.Fields, f.Name, from)
		}
		require.NoError(t, from.Close())
	}
	require.Positive(t, files)
}

func requireStored[T any](t *testing.T, table *parquetfile.Table[T], fields []record.FieldOf[T], name string, from interface {
	io.ReaderAt
	io.Closer
	Size() int64
	ReadSize() int
},
) {
	t.Helper()
	r, err := parquetfile.NewReader(table, name, from, nil)
	require.NoError(t, err)
	for _, row := range archivetest.Drain(t, r) {
		for i := range fields {
			word := fields[i].Word(&row)
			require.NotContains(t, word, planted, fields[i].Column)
			if fields[i].Personal && word != "" {
				require.Regexp(t, `^enc1:[A-Za-z0-9+/]{50,}=*$`, word, fields[i].Column)
			}
		}
	}
	require.NoError(t, r.Close())
}

// TestPersonalTextsAreEncrypted: nothing personal is in any file, in open and in sealed
// hours, and with the keys every value is what was written.
func TestPersonalTextsAreEncrypted(t *testing.T) {
	for kind, location := range stores {
		t.Run(kind, func(t *testing.T) {
			s := newSealerAt(t, location(t), privateOptions(t))
			want := records(0, 64, plant)
			want[5].ErrorMessage = planted + "\xff not UTF-8"
			require.NoError(t, write(s.Write(t.Context(), Batch{Records: want[:40], Quarantined: []*record.Quarantined{quarantined(1)}})))
			require.NoError(t, write(s.Write(t.Context(), Batch{Records: want[30:]})))
			requireNoPlanted(t, s)
			s.seal(minutes(60))
			requireNoPlanted(t, s)
			s.verified()

			want[5].ErrorMessage = planted + "\uFFFD not UTF-8"
			ctx := WithPersonalKeys(t.Context(), readerOf(t, s.opt.PersonalKeys))
			got := rowsOf(t, ctx, s.dir)
			require.Len(t, got, len(want))
			for _, r := range want {
				require.Equal(t, *r, got[r.EventID])
			}
			for _, row := range rowsOf(t, t.Context(), s.dir) {
				require.Equal(t, Encrypted, row.IdentityName)
				require.Equal(t, Encrypted, row.Original)
				require.Equal(t, provisioning.StatusSuccess, row.Status)
			}
			require.Equal(t, []string{planted + " 1"}, originals(t, ctx, s.dir))
			require.Equal(t, []string{Encrypted}, originals(t, t.Context(), s.dir))
		})
	}
}

func originals(t *testing.T, ctx context.Context, location string) (list []string) { //nolint:revive // t comes first
	t.Helper()
	v, err := OpenView(ctx, location)
	require.NoError(t, err)
	files, err := v.Files(ctx)
	require.NoError(t, err)
	for _, f := range files {
		if f.Quarantine() {
			for q, err := range v.Quarantined(ctx, f.Name) {
				require.NoError(t, err)
				list = append(list, q.Original)
			}
		}
	}
	require.NoError(t, v.Close())
	return list
}

// TestForgottenPersonIsErased: the rows of one person say erased, everybody else's are as
// they were, no file changed, and the chain states it.
func TestForgottenPersonIsErased(t *testing.T) {
	s := newSealer(t, privateOptions(t))
	identity := func(r *record.Record) { plant(r); r.IdentityID = fmt.Sprintf("%s-%d", planted, 3) }
	want := records(0, 64, plant)
	want = append(want, records(67, 68, identity)...) // names the account of person 3
	s.write(want...)
	s.seal(minutes(60))
	files := dataFiles(t, s)
	keys := readerOf(t, s.opt.PersonalKeys)
	ctx := WithPersonalKeys(t.Context(), keys)
	before := rowsOf(t, ctx, s.dir)

	open, err := OpenForgetting(s.opt.PersonalKeys)
	require.NoError(t, err)
	defer func() { require.NoError(t, open.Close()) }()
	erasedAt := minutes(61).UTC()
	for _, subject := range []Subject{{Identity: planted + "-1"}, {Identity: planted + "-3"}} {
		found, err := FindPersonal(t.Context(), s.dir, open, subject)
		require.NoError(t, err)
		done, err := Forget(open, found, erasedAt)
		require.NoError(t, err)
		if subject.Identity == planted+"-1" {
			require.EqualValues(t, 16, found.Rows)
			require.Len(t, done, 1)
		} else {
			require.EqualValues(t, 17, found.Rows, "of the identity and of its account alone")
			require.Len(t, done, 2)
		}
		again, err := FindPersonal(t.Context(), s.dir, open, subject)
		require.NoError(t, err)
		require.Empty(t, again.Persons)
		require.NotEmpty(t, again.Before)
		none, err := Forget(open, again, erasedAt)
		require.NoError(t, err)
		require.Empty(t, none)
	}
	nobody, err := FindPersonal(t.Context(), s.dir, open, Subject{Identity: "unknown"})
	require.NoError(t, err)
	require.Empty(t, nobody.Persons)
	require.Empty(t, nobody.Before)

	for id, row := range rowsOf(t, ctx, s.dir) {
		was := before[id]
		if n := int(id[7]) % 4; n == 0 || n == 2 {
			require.Equal(t, was, row)
			continue
		}
		for i := range record.Fields {
			f := &record.Fields[i]
			if f.Personal && f.Text(&was) != "" {
				require.Equal(t, Erased, f.Text(&row), f.Column)
				f.SetText(&was, Erased)
			}
		}
		require.Equal(t, was, row)
	}
	require.Equal(t, files, dataFiles(t, s), "no file changed")
	s.seal(minutes(120))
	s.verified()
	v := s.verify()
	require.Len(t, v.Erased, 3)
	require.Equal(t, erasedAt.Truncate(time.Second), v.Erased[0].At)
	require.Contains(t, strings.Join(v.Notes, "\n"), "3 keys of persons were destroyed")

	// What is said of the person from now on is new.
	s.write(records(7300, 7304, plant)...)
	now := rowsOf(t, ctx, s.dir)
	require.Equal(t, planted+"-1", now[id(7301)].IdentityID)
	require.Equal(t, Erased, now[id(1)].IdentityID)
	s.seal(minutes(180))
	require.Len(t, s.verify().Erased, 3, "stated once")
}

func dataFiles(t *testing.T, s *sealer) map[string]string {
	t.Helper()
	all := map[string]string{}
	for f, err := range s.store.Walk(t.Context(), "") {
		require.NoError(t, err)
		if layout.Published(f.Name) {
			all[f.Name] = string(s.get(f.Name))
		}
	}
	return all
}

// TestRepeatedBatchMakesTheSameFile: also after a restart, with the keys from the store.
func TestRepeatedBatchMakesTheSameFile(t *testing.T) {
	s := newSealer(t, privateOptions(t))
	s.write(records(0, 20, plant)...)
	first := dataFiles(t, s)
	s.restart()
	s.write(records(0, 20, plant)...)
	require.Equal(t, first, dataFiles(t, s))
}

// TestNothingIsWrittenWithoutTheKeys: a store that is missing, another one, or privacy
// switched off are errors, and make neither keys nor rows.
func TestNothingIsWrittenWithoutTheKeys(t *testing.T) {
	opt := privateOptions(t)
	dir := t.TempDir()
	opt.noSync, opt.Now = true, func() time.Time { return noon }
	a, err := Open(t.Context(), dir, opt)
	require.NoError(t, err)
	require.NoError(t, write(a.Write(t.Context(), Batch{Records: records(0, 4, plant)})))
	moved := opt.PersonalKeys + ".moved"
	require.NoError(t, os.Rename(opt.PersonalKeys, moved))
	require.ErrorIs(t, write(a.Write(t.Context(), Batch{Records: records(4, 8, plant)})), fs.ErrNotExist)
	require.NoError(t, a.Close())

	_, err = Open(t.Context(), dir, opt)
	require.ErrorContains(t, err, "which is missing: nothing is written and no new keys are made")
	require.NoFileExists(t, opt.PersonalKeys)

	require.NoError(t, personal.Create(opt.PersonalKeys))
	_, err = Open(t.Context(), dir, opt)
	require.ErrorContains(t, err, "name the right file")

	off := opt
	off.PersonalKeys = ""
	a, err = Open(t.Context(), dir, off)
	require.NoError(t, err)
	require.ErrorContains(t, write(a.Write(t.Context(), Batch{Records: records(4, 8, plant)})), "nothing is written in the clear")
	require.NoError(t, a.Close())

	inside := opt
	inside.PersonalKeys = filepath.Join(dir, "keys")
	_, err = Open(t.Context(), dir, inside)
	require.ErrorContains(t, err, "lies in the archive")

	require.NoError(t, os.Rename(moved, opt.PersonalKeys))
	a, err = Open(t.Context(), dir, opt)
	require.NoError(t, err)
	require.NoError(t, write(a.Write(t.Context(), Batch{Records: records(4, 8, plant)})))
	require.NoError(t, a.Close())
	info, err := os.Stat(opt.PersonalKeys)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	require.Len(t, rowsOf(t, WithPersonalKeys(t.Context(), readerOf(t, opt.PersonalKeys)), dir), 8)
	_, err = OpenView(WithPersonalKeys(t.Context(), otherKeys(t)), dir)
	require.ErrorContains(t, err, "is encrypted with the key store")
}

func otherKeys(t *testing.T) *PersonalKeys {
	t.Helper()
	path := filepath.Join(t.TempDir(), "other")
	require.NoError(t, personal.Create(path))
	return readerOf(t, path)
}

// TestMissingMarkIsReadFromTheChain: a copy of the published files alone does not get new
// keys either.
func TestMissingMarkIsReadFromTheChain(t *testing.T) {
	s := newSealer(t, privateOptions(t))
	s.write(records(0, 4, plant)...)
	s.seal(minutes(60))
	s.set(layout.PersonalName, nil)
	require.NoError(t, s.Close())
	other := s.opt
	other.PersonalKeys = filepath.Join(t.TempDir(), "new")
	_, err := Open(t.Context(), s.dir, other)
	require.ErrorContains(t, err, "which is missing")
	s.start()
}

// TestErasureThatASealHasNotRecordedIsStatedAgain after a crash at any step.
func TestErasureIsStatedAfterACrashAtAnyStep(t *testing.T) {
	for n := 0; ; n++ {
		s := newSealer(t, privateOptions(t))
		s.write(records(0, 8, plant)...)
		open, err := OpenForgetting(s.opt.PersonalKeys)
		require.NoError(t, err)
		found, err := FindPersonal(t.Context(), s.dir, open, Subject{Identity: planted + "-1"})
		require.NoError(t, err)
		_, err = Forget(open, found, noon)
		require.NoError(t, err)
		require.NoError(t, open.Close())
		s.now = minutes(60)
		if !s.crashed(n, func() error { _, err := s.SealDue(t.Context()); return err }) {
			require.Greater(t, n, 3)
			return
		}
		s.killed()
		s.start()
		_, err = s.SealDue(t.Context())
		require.NoError(t, err)
		require.Len(t, s.verify().Erased, 1)
	}
}

// TestDestroyedKeyIsNowhereInTheStore: neither in the file nor beside it.
func TestDestroyedKeyIsNowhereInTheStore(t *testing.T) {
	s := newSealer(t, privateOptions(t))
	s.write(records(0, 8, plant)...)
	was, err := os.ReadFile(s.opt.PersonalKeys)
	require.NoError(t, err)
	open, err := OpenForgetting(s.opt.PersonalKeys)
	require.NoError(t, err)
	found, err := FindPersonal(t.Context(), s.dir, open, Subject{Identity: planted + "-1"})
	require.NoError(t, err)
	_, err = Forget(open, found, noon)
	require.NoError(t, err)
	require.NoError(t, open.Close())
	now, err := os.ReadFile(s.opt.PersonalKeys)
	require.NoError(t, err)
	require.Len(t, now, len(was))
	entries, err := os.ReadDir(filepath.Dir(s.opt.PersonalKeys))
	require.NoError(t, err)
	require.Len(t, entries, 1, "there is no other version of the store")
	lost := 0
	for _, key := range secretsOf(was) {
		if !bytes.Contains(now, key) {
			lost++
		}
	}
	require.Equal(t, 1, lost)
	require.Len(t, slices.Collect(maps.Keys(secretsOf(now))), len(secretsOf(was)))
}

// secretsOf returns the keys of a store by the place of their entry.
func secretsOf(store []byte) map[int][]byte {
	all := map[int][]byte{}
	for i := 128; i < len(store); i += 128 {
		all[i] = store[i+32 : i+64]
	}
	return all
}

// TestAHeldPersonIsNotForgotten: by a hold that a seal states, and by one that is asked for;
// and expiry finds the held person in encrypted files.
func TestAHeldPersonIsNotForgotten(t *testing.T) {
	opt := privateOptions(t)
	opt.Retention = time.Hour
	s := newSealer(t, opt)
	s.write(records(0, 8, plant)...)
	keys, err := OpenForgetting(s.opt.PersonalKeys)
	require.NoError(t, err)
	defer func() { require.NoError(t, keys.Close()) }()
	_, err = PlaceHold(t.Context(), s.dir, s.opt.Keys, Hold{Identity: strings.ToLower(planted) + "-1", Reason: "case 17"})
	require.NoError(t, err)
	for _, at := range []time.Time{noon, minutes(60), minutes(120), minutes(180), minutes(240)} {
		s.seal(at)
		found, err := FindPersonal(t.Context(), s.dir, keys, Subject{Identity: planted + "-1"})
		require.NoError(t, err)
		require.Len(t, found.Held, 1)
		_, err = Forget(keys, found, noon)
		require.ErrorContains(t, err, `identity "planted-1"`)
		require.Contains(t, rowsOf(t, WithPersonalKeys(t.Context(), readerOf(t, s.opt.PersonalKeys)), s.dir), id(1), "the file is kept")
	}
	found, err := FindPersonal(t.Context(), s.dir, keys, Subject{Identity: planted + "-2"})
	require.NoError(t, err)
	_, err = Forget(keys, found, noon)
	require.NoError(t, err, "nobody holds the other")
	require.NoError(t, ReleaseHold(t.Context(), s.dir, s.opt.Keys, holdID(t, s), "closed"))
	s.seal(minutes(300))
	require.NotContains(t, rowsOf(t, t.Context(), s.dir), id(1), "it expired")
}

func holdID(t *testing.T, s *sealer) string {
	t.Helper()
	holds, _, err := Holds(t.Context(), s.dir, s.opt.Keys)
	require.NoError(t, err)
	return holds[0].ID
}
