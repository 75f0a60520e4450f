package report

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/goleak"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/internal/extsort"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// state is the version'th state of activity n, a second after the one before.
func state(n, version int, status provisioning.Status, change ...func(*record.Record)) *record.Record {
	at := pcommon.NewTimestampFromTime(noon.Add(time.Duration(n*10+version) * time.Second))
	r := &record.Record{
		Observation: provisioning.Observation{
			Tenant: "acme", GroupID: fmt.Sprint("g", n), SourceID: "2c91", SourceName: "SAP", AccountID: fmt.Sprint("user", n),
			Operation: provisioning.OperationCreate, IdentityName: "Ada Lovelace", OccurredAt: at, ObservedAt: at,
			RawStatus: status.String(), Feed: provisioning.FeedREST, Original: "{}",
		},
		RecordType: record.TypeObservation, Kind: provisioning.KindProvisioning, Status: status, Current: true, Version: uint64(version),
		GroupNumber: int64(n),
	}
	r.ActivityID = provisioning.ActivityKey{GroupID: r.GroupID}.ID()
	for _, f := range change {
		f(r)
	}
	r.EventID = provisioning.EventID(&r.Observation)
	return r
}

// store writes batches into an archive, seals the hour if asked, and returns it.
func store(t *testing.T, seal bool, batches ...[]*record.Record) string {
	t.Helper()
	keys, err := archive.CreateKey(t.TempDir() + "/key")
	require.NoError(t, err)
	return storeWith(t, keys, seal, batches...)
}

func storeWith(t *testing.T, keys archive.Keys, seal bool, batches ...[]*record.Record) string {
	t.Helper()
	dir := t.TempDir()
	now := noon.Add(time.Hour - time.Second)
	a, err := archive.Open(t.Context(), dir, archive.Options{Keys: keys, Now: func() time.Time { return now }})
	require.NoError(t, err)
	for _, b := range batches {
		_, err := a.Write(t.Context(), archive.Batch{Records: b})
		require.NoError(t, err)
	}
	if seal {
		now = now.Add(time.Hour)
		_, err := a.SealDue(t.Context())
		require.NoError(t, err)
	}
	require.NoError(t, a.Close())
	return dir
}

type pack struct {
	sheets   map[string][]map[string]string
	manifest Manifest
}

func pull(t *testing.T, dir string, f Filter) pack {
	t.Helper()
	var b bytes.Buffer
	m, err := WriteAs(t.Context(), dir, f, Zip, nil, &b)
	require.NoError(t, err)
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.NoError(t, err)
	p := pack{sheets: map[string][]map[string]string{}}
	digests := map[string]string{}
	for _, file := range z.File {
		r, err := file.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		if file.Name == "manifest.json" {
			require.NoError(t, json.Unmarshal(text, &p.manifest))
			continue
		}
		sum := sha256.Sum256(text)
		digests[file.Name] = hex.EncodeToString(sum[:])
		rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		require.NoError(t, err)
		for _, row := range rows[1:] {
			m := map[string]string{}
			for i, name := range rows[0] {
				m[name] = row[i]
			}
			p.sheets[file.Name] = append(p.sheets[file.Name], m)
		}
	}
	for _, s := range p.manifest.Sheets {
		require.Equal(t, digests[s.Name], s.SHA256, s.Name)
		require.Len(t, p.sheets[s.Name], int(s.Rows), s.Name)
	}
	require.Equal(t, m.Sheets, p.manifest.Sheets)
	return p
}

func day() Filter { return Filter{From: noon.Add(-time.Hour), To: noon.Add(24 * time.Hour)} }

func TestAnActivityIsItsNewestStateOnce(t *testing.T) {
	pending, retrying := state(1, 2, provisioning.StatusPending), state(1, 4, provisioning.StatusRetrying)
	success := state(1, 6, provisioning.StatusSuccess)
	late := state(1, 7, provisioning.StatusFailed, func(r *record.Record) { r.Current = false })
	folded := state(2, 2, provisioning.StatusPending, func(r *record.Record) { r.FoldedInto = success.ActivityID })
	for _, seal := range []bool{false, true} {
		dir := store(t, seal, []*record.Record{success, pending}, []*record.Record{retrying, pending, folded, late}, []*record.Record{pending, retrying})
		p := pull(t, dir, day())
		require.Len(t, p.sheets["activities.csv"], 1)
		row := p.sheets["activities.csv"][0]
		require.Equal(t, "Success", row["status"])
		require.Equal(t, "2026-11-22T12:00:16.000Z", row["occurred_at"])
		require.Equal(t, success.ActivityID.String(), row["activity_id"])
		require.Len(t, p.sheets["history.csv"], 4, "each once, however often it was stored")
		require.Equal(t, []map[string]string{{"source_name": "SAP", "operation": "Create", "status": "Success", "activities": "1"}}, p.sheets["summary.csv"])
		for _, proof := range p.manifest.Archive {
			require.Equal(t, !seal, proof.Open)
			require.Equal(t, seal, proof.Seal != "" && proof.SHA256 != "")
		}
	}
}

func TestThePeriodEndsAtTo(t *testing.T) {
	dir := store(t, true, []*record.Record{state(1, 2, provisioning.StatusPending), state(1, 6, provisioning.StatusSuccess), state(50, 2, provisioning.StatusFailed)})
	p := pull(t, dir, Filter{From: noon, To: noon.Add(15 * time.Second)})
	require.Len(t, p.sheets["activities.csv"], 1)
	require.Equal(t, "Pending", p.sheets["activities.csv"][0]["status"], "as it stood then")
	refused(t, dir, Filter{From: noon.Add(-2 * time.Hour), To: noon}, ErrNothing)
}

func TestFilters(t *testing.T) {
	password := state(3, 2, provisioning.StatusFailed, func(r *record.Record) {
		r.Kind, r.FailedOn, r.IdentityID, r.SourceName = provisioning.KindPassword, provisioning.FailedOnBoth, "id-3", "Workday"
		r.ErrorMessage = "=cmd|'/C calc'!A0"
	})
	dir := store(t, false, []*record.Record{
		state(1, 2, provisioning.StatusPending), state(2, 2, provisioning.StatusFailed), password,
	})
	f := func(query string, groups ...string) {
		t.Helper()
		values, err := url.ParseQuery(query)
		require.NoError(t, err)
		filter, err := ParseFilter(values, noon.Add(time.Hour))
		require.NoError(t, err)
		var got []string
		for _, row := range pull(t, dir, filter).sheets["activities.csv"] {
			got = append(got, row["group_id"])
		}
		require.ElementsMatch(t, groups, got)
	}
	f("", "g1", "g2", "g3")
	f("status=failed", "g2", "g3")
	f("status=failed&status=pending", "g1", "g2", "g3")
	f("source=SAP", "g1", "g2")
	f("source=2c91&kind=password", "g3")
	f("group=g1", "g1")
	f("group=2", "g2")
	f("identity=ID-3", "g3")
	f("identity=ada+lovelace&operation=create", "g1", "g2", "g3")
	f("q=USER2", "g2")
	f("from=2h&to=2026-11-22T12:00:15Z", "g1")

	p := pull(t, dir, day())
	require.Len(t, p.sheets["passwords.csv"], 1)
	require.Equal(t, "both", p.sheets["passwords.csv"][0]["failed_on"])
	require.Equal(t, "'=cmd|'/C calc'!A0", p.sheets["passwords.csv"][0]["error_message"])
}

// refused expects that no report is made, and not a byte of one.
func refused(t *testing.T, dir string, f Filter, want error, texts ...string) {
	t.Helper()
	for _, format := range []Format{Zip, XLSX, JSON, Parquet} {
		var b bytes.Buffer
		_, err := WriteAs(t.Context(), dir, f, format, nil, &b)
		require.ErrorIs(t, err, want)
		for _, text := range texts {
			require.ErrorContains(t, err, text)
		}
		require.Zero(t, b.Len())
	}
}

// TestAReportOfNothingIsAnError, and names the values that no activity has.
func TestAReportOfNothingIsAnError(t *testing.T) {
	dir := store(t, true, []*record.Record{state(1, 2, provisioning.StatusPending)})
	f := func(want string, change func(*Filter)) {
		t.Helper()
		filter := day()
		change(&filter)
		refused(t, dir, filter, ErrNothing, want)
	}
	f(`tenant "other"`, func(f *Filter) { f.Tenant = []string{"acme", "other"} })
	f(`source "SPA"`, func(f *Filter) { f.Source = []string{"SPA"} })
	f(`identity "nobody"`, func(f *Filter) { f.Identity = []string{"nobody"} })
	f(`group "g2"`, func(f *Filter) { f.Group = []string{"g2"} })
	f(`operation "Crate"`, func(f *Filter) { f.Operation = []string{"Crate"} })
	f("matches the filter", func(f *Filter) { f.Status = []string{"Failed"} })
	filter := day()
	filter.Kind = []string{"passwort"}
	refused(t, dir, filter, ErrFilter, `kind "passwort"`)
}

// TestAReportIsProven: a sealed file that was altered or removed, and a seal that was
// removed, refuse the report, or mark its rows.
func TestAReportIsProven(t *testing.T) {
	rows := []*record.Record{state(1, 2, provisioning.StatusPending), state(2, 2, provisioning.StatusFailed)}
	file := func(dir string) string {
		files, err := archive.Files(t.Context(), dir)
		require.NoError(t, err)
		require.Len(t, files, 1)
		return filepath.Join(dir, files[0].Name)
	}
	seal := func(dir string) string {
		return filepath.Join(dir, "_chain", "date=2026-11-22", "hour=12.seal")
	}
	f := func(name string, tamper func(dir string), want string, unproven int) {
		t.Helper()
		dir := store(t, true, rows)
		p := pull(t, dir, day())
		require.Len(t, p.sheets["activities.csv"], 2)
		require.Empty(t, p.manifest.Problems)
		tamper(dir)
		refused(t, dir, day(), ErrUnproven, want)
		subject := Subject{Identity: []string{"Ada Lovelace"}}
		_, err := WriteEvidence(t.Context(), dir, subject, EvidenceOptions{}, io.Discard)
		require.ErrorIs(t, err, ErrUnproven, name)
		require.ErrorContains(t, err, want)
		filter := day()
		filter.AllowUnproven = true
		if unproven == 0 {
			_, err := WriteAs(t.Context(), dir, filter, Zip, nil, io.Discard)
			require.ErrorIs(t, err, ErrNothing, name)
			return
		}
		p = pull(t, dir, filter)
		require.NotEmpty(t, p.manifest.Problems)
		require.Len(t, p.sheets["activities.csv"], unproven)
		for _, sheet := range []string{"activities.csv", "history.csv"} {
			for _, row := range p.sheets[sheet] {
				require.Equal(t, "yes", row["unproven"], name)
			}
		}
		var b bytes.Buffer
		pack, err := WriteEvidence(t.Context(), dir, subject, EvidenceOptions{AllowUnproven: true}, &b)
		require.NoError(t, err)
		require.Zero(t, pack.Proven)
		v, err := VerifyEvidence(bytes.NewReader(b.Bytes()), int64(b.Len()), nil)
		require.NoError(t, err)
		require.False(t, v.OK())
	}
	f("replaced", func(dir string) {
		other := store(t, true, rows[:1])
		text, err := os.ReadFile(file(other))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file(dir), text, 0o600))
	}, "was sealed", 1)
	f("replaced by a file without a row in the period", func(dir string) {
		elsewhen := state(1, 2, provisioning.StatusPending)
		elsewhen.OccurredAt = pcommon.NewTimestampFromTime(elsewhen.OccurredAt.AsTime().AddDate(-1, 0, 0))
		text, err := os.ReadFile(file(store(t, true, []*record.Record{elsewhen})))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file(dir), text, 0o600))
	}, "was sealed", 0)
	f("cut", func(dir string) { require.NoError(t, os.Truncate(file(dir), 1000)) }, "not as it was sealed", 0)
	f("removed", func(dir string) { require.NoError(t, os.Remove(file(dir))) }, "sealed with 2 rows, and missing", 0)
	f("hour removed", func(dir string) { require.NoError(t, os.RemoveAll(filepath.Dir(file(dir)))) }, "sealed with 2 rows, and missing", 0)
	f("added", func(dir string) {
		other := store(t, true, rows[:1])
		text, err := os.ReadFile(file(other))
		require.NoError(t, err)
		name := file(dir)
		require.NoError(t, os.Remove(name))
		require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(name), "x.parquet"), text, 0o600))
	}, "does not list it", 1)
	f("seal altered", func(dir string) { require.NoError(t, os.WriteFile(seal(dir), []byte("{}"), 0o600)) }, "is not a seal", 2)
}

// TestSealsMissingAtTheEndAreNoticed where the newest one is remembered beside the key: rows that
// it had sealed would be of hours that are not sealed yet.
func TestSealsMissingAtTheEndAreNoticed(t *testing.T) {
	for _, removed := range []string{"date=2026-11-22/hour=12.seal", ""} {
		dir := store(t, true, []*record.Record{state(1, 2, provisioning.StatusPending)})
		view, err := archive.OpenView(t.Context(), dir)
		require.NoError(t, err)
		s, err := view.Seal(t.Context(), archive.HourOf(noon))
		require.NoError(t, err)
		require.NoError(t, view.Close())
		text, err := json.Marshal(archive.State{Head: s.Head()})
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(archive.HeadPath(archive.DefaultKeyFile(dir)), append(text, '\n'), 0o600))
		require.Len(t, pull(t, dir, day()).sheets["activities.csv"], 1)

		require.NoError(t, os.RemoveAll(filepath.Join(dir, "_chain", removed)))
		refused(t, dir, day(), ErrUnproven, "does not contain the remembered archive", s.Digest)
		_, err = WriteEvidence(t.Context(), dir, Subject{Identity: []string{"Ada Lovelace"}}, EvidenceOptions{}, io.Discard)
		require.ErrorIs(t, err, ErrUnproven)
	}
}

// TestHoursBeforeARecoveredChainAreUnproven: their seals were lost, and none is to come.
func TestHoursBeforeARecoveredChainAreUnproven(t *testing.T) {
	dir, now := filepath.Join(t.TempDir(), "archive"), noon
	opt := archive.Options{KeyFile: archive.DefaultKeyFile(dir), Now: func() time.Time { return now }}
	a, err := archive.Open(t.Context(), dir, opt)
	require.NoError(t, err)
	_, err = a.Write(t.Context(), archive.Batch{Records: []*record.Record{state(1, 2, provisioning.StatusPending)}})
	require.NoError(t, err)
	now = now.Add(2 * time.Hour)
	_, err = a.SealDue(t.Context())
	require.NoError(t, err)
	require.NoError(t, a.Close())
	require.Len(t, pull(t, dir, day()).sheets["activities.csv"], 1)

	require.NoError(t, os.RemoveAll(filepath.Join(dir, "_chain")))
	_, err = archive.Recover(t.Context(), dir, opt, nil, "disk failed")
	require.NoError(t, err)
	refused(t, dir, day(), ErrUnproven, "its hour has no readable seal")
}

// TestAForgedArchiveIsRefused: its files are what its seals list, and the seals are by a key that
// the archive's public key does not know.
func TestAForgedArchiveIsRefused(t *testing.T) {
	rows := []*record.Record{state(1, 2, provisioning.StatusPending), state(2, 2, provisioning.StatusFailed)}
	keys, err := archive.CreateKey(t.TempDir() + "/key")
	require.NoError(t, err)
	public := func(dir string) string { return archive.PublicKeyPath(archive.DefaultKeyFile(dir)) }
	key := func(dir string) {
		der, err := x509.MarshalPKIXPublicKey(keys[0].Public())
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(public(dir), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600))
	}
	honest := storeWith(t, keys, true, rows)
	key(honest)
	require.Len(t, pull(t, honest, day()).sheets["activities.csv"], 2)

	forged := store(t, true, rows[:1]) // by a key of its own
	require.Len(t, pull(t, forged, day()).sheets["activities.csv"], 1, "without the public key nobody knows")
	key(forged)
	refused(t, forged, day(), ErrUnproven, "neither given nor named by a trusted seal")
	_, err = WriteEvidence(t.Context(), forged, Subject{Identity: []string{"Ada Lovelace"}}, EvidenceOptions{}, io.Discard)
	require.ErrorIs(t, err, ErrUnproven)
	filter := day()
	filter.AllowUnproven = true
	p := pull(t, forged, filter)
	require.Len(t, p.sheets["activities.csv"], 1)
	require.Equal(t, "yes", p.sheets["activities.csv"][0]["unproven"])
	require.NotEmpty(t, p.manifest.Problems)
}

// TestAPackOfOpenHoursIsNotOK: nothing in it is proven.
func TestAPackOfOpenHoursIsNotOK(t *testing.T) {
	dir := store(t, false, []*record.Record{state(1, 2, provisioning.StatusPending)})
	var b bytes.Buffer
	_, err := WriteEvidence(t.Context(), dir, Subject{Identity: []string{"Ada Lovelace"}}, EvidenceOptions{}, &b)
	require.NoError(t, err)
	v, err := VerifyEvidence(bytes.NewReader(b.Bytes()), int64(b.Len()), nil)
	require.NoError(t, err)
	require.Zero(t, v.Proven)
	details := fmt.Sprint(v.Problems)
	require.Contains(t, details, "no event is proven")
	require.Contains(t, details, "was over long before the pack was made")
}

func TestParseTime(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	require.NoError(t, err)
	f := func(text string, want time.Time) {
		t.Helper()
		got, err := ParseTime(text, paris, noon)
		require.NoError(t, err)
		require.True(t, want.Equal(got), "%s is %s", text, got)
	}
	f("24h", noon.Add(-24*time.Hour))
	f("30d", noon.AddDate(0, 0, -30))
	f("1w", noon.AddDate(0, 0, -7))
	f("now", noon)
	f("today", time.Date(2026, 11, 22, 0, 0, 0, 0, paris))
	f("yesterday", time.Date(2026, 11, 21, 0, 0, 0, 0, paris))
	f("2026-11-23", time.Date(2026, 11, 23, 0, 0, 0, 0, paris))
	f("2026-11-23 14:00", time.Date(2026, 11, 23, 14, 0, 0, 0, paris))
	f("2026-11-23T14:00", time.Date(2026, 11, 23, 14, 0, 0, 0, paris))
	f("2026-11-23 14:00:07", time.Date(2026, 11, 23, 14, 0, 7, 0, paris))
	f("2026-11-23T14:00:00Z", time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC))
	for _, text := range []string{"", "1x", "-1d", "d", "0d", "2026-13-01", "tomorrow", "99999999d"} {
		_, err := ParseTime(text, paris, noon)
		require.ErrorContains(t, err, TimeForms, text)
	}
}

func TestColumnsAndZoneByChoice(t *testing.T) {
	dir := store(t, false, []*record.Record{state(1, 2, provisioning.StatusPending)})
	values := url.Values{"columns": {"original, occurred_at,timed,version"}, "tz": {"Europe/Paris"}}
	f, err := ParseFilter(values, noon.Add(time.Hour))
	require.NoError(t, err)
	row := pull(t, dir, f).sheets["activities.csv"][0]
	require.Equal(t, map[string]string{"original": "{}", "occurred_at": "2026-11-22T13:00:12.000+01:00", "timed": "true", "version": "2"}, row)
}

func TestParseFilterNamesWhatIsWrong(t *testing.T) {
	f := func(query, want string) {
		t.Helper()
		values, err := url.ParseQuery(query)
		require.NoError(t, err)
		_, err = ParseFilter(values, noon)
		require.ErrorIs(t, err, ErrFilter)
		require.ErrorContains(t, err, want)
	}
	f("from=tomorrow", "30d")
	f("to=2026-13-01", "to")
	f("from=2026-11-22&to=2026-11-21", "not before")
	f("status=Done", `"Done"`)
	f("columns=status,nothing", `"nothing"`)
	f("tz=Mars/Olympus", "tz")
}

func TestHarmless(t *testing.T) {
	for _, bad := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1", "＝1"} {
		require.Equal(t, "'"+bad, Harmless(bad))
	}
	for _, good := range []string{"", "CN=Ada", "a-b", "1+1", " plain"} {
		require.Equal(t, good, Harmless(good))
	}
}

// TestKeysThatDoNotFitIntoMemory compares winners from files with those of a map.
func TestKeysThatDoNotFitIntoMemory(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	k := keys{extsort.Sorter{Memory: 20_000}}
	random := rand.New(rand.NewPCG(3, 4))
	want := map[provisioning.ID]keyed{}
	for row := range uint64(5000) {
		e := keyed{id: provisioning.ID{byte(random.IntN(200)), 7}, rank: uint64(random.IntN(4)), row: row}
		require.NoError(t, k.add(e))
		if old := want[e.id]; e.rank > old.rank {
			want[e.id] = e
		}
	}
	got := map[uint64]bool{}
	require.NoError(t, k.winners(func(_, winner uint64) { got[winner] = true }))
	require.Len(t, got, len(want))
	for _, e := range want {
		require.True(t, got[e.row])
	}
	require.NoError(t, k.sorted.Close())
}

func TestNoArchiveIsAnError(t *testing.T) {
	_, err := WriteAs(t.Context(), t.TempDir()+"/none", day(), Zip, nil, io.Discard)
	require.Error(t, err)
	dir := store(t, true, []*record.Record{state(1, 2, provisioning.StatusPending)})
	for _, wrong := range []string{t.TempDir(), filepath.Dir(dir), filepath.Join(dir, "tenant=acme"), filepath.Join(dir, "tenant=acme", "date=2026-11-22")} {
		refused(t, wrong, day(), fs.ErrNotExist, wrong)
	}
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(dir, link))
	require.Len(t, pull(t, link, day()).sheets["activities.csv"], 1, "an archive may be a symbolic link")
}
