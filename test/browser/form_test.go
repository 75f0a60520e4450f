package browser

import (
	"archive/zip"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/extension/provisioningreportextension"
	"github.com/provtrail/provtrail/internal/blackbox"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// chromium is the browser of PROVTRAIL_CHROMIUM or of the PATH. make setup installs
// Debian's where it can: without one the test fails, unless setup has left word that it
// cannot be had here.
func chromium(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("PROVTRAIL_CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	stamp, err := os.ReadFile("../../.tools/chromium")
	if err != nil || strings.TrimSpace(string(stamp)) != "none" {
		t.Fatal("there is no chromium: run make setup, which installs it, or name one with PROVTRAIL_CHROMIUM")
	}
	t.Skip("NOT RUN: there is no chromium, and make setup could not install it")
	return ""
}

// serve starts the extension over an archive with two people's activities.
func serve(t *testing.T) (url string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "archive")
	a, err := archive.Open(t.Context(), dir, archive.Options{})
	require.NoError(t, err)
	var batch []*record.Record
	for i, name := range []string{"Ada Lovelace", "Grace Hopper"} {
		now := pcommon.NewTimestampFromTime(time.Now().Add(-time.Minute))
		r := &record.Record{
			Observation: provisioning.Observation{Tenant: "acme", GroupID: fmt.Sprint("g", i), SourceName: "SAP", IdentityName: name, OccurredAt: now, ObservedAt: now},
			Current:     true, Version: 2, Status: []provisioning.Status{provisioning.StatusFailed, provisioning.StatusSuccess}[i], Kind: provisioning.KindProvisioning,
		}
		r.EventID, r.ActivityID = provisioning.EventID(&r.Observation), provisioning.ActivityKey{GroupID: r.GroupID}.ID()
		batch = append(batch, r)
	}
	_, err = a.Write(t.Context(), archive.Batch{Records: batch})
	require.NoError(t, err)
	require.NoError(t, a.Close())

	return start(t, dir)
}

// start starts the extension over an archive.
func start(t *testing.T, dir string) (url string) {
	t.Helper()
	addresses, err := blackbox.FreePorts(1)
	require.NoError(t, err)
	address := addresses[0]
	factory := provisioningreportextension.NewFactory()
	cfg := factory.CreateDefaultConfig().(*provisioningreportextension.Config)
	cfg.Server.NetAddr.Endpoint, cfg.Directory = address, dir
	e, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, e.Shutdown(context.Background())) })
	return "http://" + address + "/"
}

// browse starts Chromium.
func browse(t *testing.T, more ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	path := chromium(t)
	profile, err := os.MkdirTemp("", "provtrail-browser-")
	require.NoError(t, err)
	t.Cleanup(func() { // processes of Chromium's own write to it until they end, after their parent
		require.Eventually(t, func() bool { return os.RemoveAll(profile) == nil }, 30*time.Second, 10*time.Millisecond)
	})
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.UserDataDir(profile), chromedp.WSURLReadTimeout(time.Minute))
	options = append(options, more...)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx) }) // in order, if it still can; else it is ended
	return ctx
}

// node is what a screen reader gets of a control.
type node struct{ Name, Tag, Label string }

const unlabelled = `Array.from(document.querySelectorAll('input:not([type=hidden]), select, textarea, button')).map(e => ({
	Name: e.name, Tag: e.tagName,
	Label: (e.labels && e.labels.length ? e.labels[0].textContent : e.textContent || e.getAttribute('aria-label') || '').trim()
}))`

func TestEveryControlHasALabel(t *testing.T) {
	url, ctx := serve(t)+"download", browse(t)
	var controls []node
	var title, lang string
	var headings, broken int
	require.NoError(t, chromedp.Run(ctx, chromedp.Navigate(url), chromedp.Title(&title),
		chromedp.Evaluate(unlabelled, &controls),
		chromedp.Evaluate(`document.documentElement.lang`, &lang),
		chromedp.Evaluate(`document.querySelectorAll('h1').length`, &headings),
		chromedp.Evaluate(`Array.from(document.querySelectorAll('[aria-describedby]')).filter(e => !document.getElementById(e.getAttribute('aria-describedby'))).length`, &broken)))
	require.NotEmpty(t, title)
	require.Equal(t, "en", lang)
	require.Equal(t, 1, headings)
	require.Zero(t, broken)
	require.Greater(t, len(controls), 15)
	for _, c := range controls {
		require.NotEmpty(t, c.Label, "%s %s", c.Tag, c.Name)
	}
}

func TestThePageFitsNarrowAndWide(t *testing.T) {
	url, ctx := serve(t), browse(t)
	fits(t, ctx, url+"download")
}

// fits checks that nothing of a page lies beside the window.
func fits(t *testing.T, ctx context.Context, url string) { //nolint:revive // like its neighbours, t is first
	t.Helper()
	for _, width := range []int64{320, 390, 800, 1100, 1240, 1920} {
		var over []string
		require.NoError(t, chromedp.Run(ctx, emulation.SetDeviceMetricsOverride(width, 800, 1, false), chromedp.Navigate(url),
			chromedp.Evaluate(`Array.from(document.querySelectorAll('body, body :not(.scroll *)')).filter(e => {
				const r = e.getBoundingClientRect(); return r.width > 0 && (r.left < -1 || r.right > window.innerWidth + 1)
			}).map(e => e.tagName + '#' + e.id + ' ' + e.className + ' ' + e.textContent.slice(0, 40))`, &over)))
		require.Empty(t, over, "%s, %d pixels wide", url, width)
		var torn []string
		require.NoError(t, chromedp.Run(ctx, chromedp.Evaluate(`Array.from(document.querySelectorAll('.activities td, .activities tbody th, .badge')).filter(e => e.scrollWidth > e.clientWidth + 1 || e.clientWidth < 50 && !e.matches('.badge')).map(e => e.textContent)`, &torn)))
		require.Empty(t, torn, "%s, %d pixels wide: every cell has room for its words", url, width)
	}
}

// TestTheFormDownloads fills the form by keyboard, as a user does, and reads what
// comes down.
func TestTheFormDownloads(t *testing.T) {
	url, ctx := serve(t), browse(t)
	dir := t.TempDir()
	done := make(chan string, 1)
	chromedp.ListenTarget(ctx, func(event any) {
		if p, ok := event.(*cdpbrowser.EventDownloadProgress); ok && p.State == cdpbrowser.DownloadProgressStateCompleted {
			done <- p.GUID
		}
	})
	download := func(actions ...chromedp.Action) string {
		t.Helper()
		// A click that ends in a download aborts the navigation.
		require.NoError(t, chromedp.Run(ctx, actions...))
		select {
		case id := <-done:
			return filepath.Join(dir, id)
		case <-time.After(time.Minute):
			t.Fatal("nothing was downloaded")
			return ""
		}
	}
	zipped := func(path string) [][]string {
		t.Helper()
		z, err := zip.OpenReader(path)
		require.NoError(t, err)
		defer func() { require.NoError(t, z.Close()) }()
		f, err := z.Open("activities.csv")
		require.NoError(t, err)
		rows, err := csv.NewReader(f).ReadAll()
		require.NoError(t, err)
		return rows[1:]
	}
	require.NoError(t, chromedp.Run(ctx,
		cdpbrowser.SetDownloadBehavior(cdpbrowser.SetDownloadBehaviorBehaviorAllowAndName).WithDownloadPath(dir).WithEventsEnabled(true),
		chromedp.Navigate(url+"download")))
	const submit = `button[type=submit]:not([formaction])`
	require.Len(t, zipped(download(chromedp.Click(submit))), 2, "an empty form asks for all")
	rows := zipped(download(chromedp.Click(`input[value="Failed"]`), chromedp.Click(submit)))
	require.Len(t, rows, 1)
	require.Contains(t, rows[0], "Ada Lovelace")
	rows = zipped(download(chromedp.Click(`input[value="Failed"]`), chromedp.SendKeys("#identity_contains", "grace h\r")))
	require.Len(t, rows, 1)
	require.Contains(t, rows[0], "Grace Hopper")

	text, err := os.ReadFile(download(chromedp.SetValue("#format", "json"), chromedp.Click(submit)))
	require.NoError(t, err)
	require.Contains(t, string(text), `"identity_name":"Grace Hopper"`)
	z, err := zip.OpenReader(download(chromedp.SetValue("#group", "g1"), chromedp.Click(`button[formaction]`)))
	require.NoError(t, err)
	require.Equal(t, "evidence.html", z.File[0].Name)
	require.NoError(t, z.Close())
}

// TestAWrongFilterIsSaid asks for a time that is none, and corrects it.
func TestAWrongFilterIsSaid(t *testing.T) {
	url, ctx := serve(t), browse(t)
	var alert, typed, status string
	require.NoError(t, chromedp.Run(ctx, chromedp.Navigate(url), chromedp.SendKeys("#from", "someday\r"),
		chromedp.WaitVisible("[role=alert]"), chromedp.Text("[role=alert]", &alert), chromedp.Value("#from", &typed),
		chromedp.Evaluate(`document.getElementById('from').value = ''`, nil), chromedp.SendKeys("#from", "1h\r"), chromedp.WaitVisible("[role=status]"), chromedp.Text("[role=status]", &status)))
	require.Contains(t, alert, `"someday" is not a time: write 24h`)
	require.Equal(t, "someday", typed, "what was typed is there to be corrected")
	require.Contains(t, status, "1 to 2 of 2")
}
