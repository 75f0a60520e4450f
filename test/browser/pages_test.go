package browser

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/internal/archivetest"
	"github.com/provtrail/provtrail/internal/simulate"
	"github.com/provtrail/provtrail/internal/simulate/truth"
)

// tenant starts the extension over the archive of a simulated tenant.
func tenant(t *testing.T) (url string, known *truth.Truth) {
	t.Helper()
	o := simulate.DefaultOptions()
	o.Out, o.GroupsPerDay, o.Stories = t.TempDir(), 120, true
	o.To = time.Now().Add(-time.Minute).Truncate(time.Second)
	o.From = o.To.AddDate(0, 0, -1)
	dir := filepath.Join(t.TempDir(), "archive")
	a, err := archive.Open(t.Context(), dir, archive.Options{})
	require.NoError(t, err)
	records, err := archivetest.Tenant(t.Context(), o)
	require.NoError(t, err)
	for batch := range slices.Chunk(records, 500) {
		_, err := a.Write(t.Context(), archive.Batch{Records: batch})
		require.NoError(t, err)
	}
	require.NoError(t, a.Close())
	known, err = truth.Read(o.Truth())
	require.NoError(t, err)
	return start(t, dir), known
}

// shoot keeps a picture of the whole page where PROVTRAIL_SCREENSHOTS names a folder.
func shoot(name string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		dir := os.Getenv("PROVTRAIL_SCREENSHOTS")
		if dir == "" {
			return nil
		}
		var picture []byte
		if err := chromedp.FullScreenshot(&picture, 100).Do(ctx); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600)
	})
}

// contrast lists texts that are hard to read (WCAG AA: 4.5, large text 3).
const contrast = `(() => {
	const rgb = c => c.match(/[\d.]+/g).map(Number);
	const light = c => { const [r, g, b] = rgb(c).map(v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 }); return 0.2126 * r + 0.7152 * g + 0.0722 * b };
	const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; const p = rgb(c); if (p.length < 4 || p[3] > 0) return c } return getComputedStyle(document.documentElement).colorScheme && 'rgb(255, 255, 255)' };
	return Array.from(document.querySelectorAll('body *')).filter(e => Array.from(e.childNodes).some(n => n.nodeType === 3 && n.textContent.trim()) && e.getBoundingClientRect().width > 1).map(e => {
		const s = getComputedStyle(e), a = light(s.color), b = light(behind(e));
		return { text: e.className + ' ' + e.textContent.trim().slice(0, 30), ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) };
	}).filter(x => x.ratio < 4.5).map(x => x.text + ' ' + x.ratio.toFixed(2));
})()`

func scheme(name string) chromedp.Action {
	return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}})
}

const texts = `Array.from(document.querySelectorAll('%s')).map(e => e.textContent.trim())`

func listOf(selector string, to *[]string) chromedp.Action {
	return chromedp.Evaluate(strings.ReplaceAll(texts, "%s", selector), to)
}

// TestPages reads the list as a person does: filters it, sorts it, turns the page, opens an
// activity.
func TestPages(t *testing.T) {
	url, known := tenant(t)
	ctx := browse(t)
	failed := 0
	for _, a := range known.Activities {
		if a.Status == "Failed" && a.Outcome == "fault" {
			failed++
		}
	}
	require.Greater(t, failed, 30)

	var status string
	var badges, people, order, ids, more []string
	require.NoError(t, chromedp.Run(ctx, emulation.SetDeviceMetricsOverride(1400, 900, 1, false), chromedp.Navigate(url),
		chromedp.Click(`.tiles a[href*="outcome=fault"]`), chromedp.WaitVisible(`.tiles a[aria-current]`),
		chromedp.Text("[role=status]", &status), listOf("tbody .badge", &badges)))
	require.Contains(t, status, "of "+strconv.Itoa(failed)+" activities")
	require.Equal(t, []string{"Failed"}, slices.Compact(badges), "and no decision among them")

	require.NoError(t, chromedp.Run(ctx, chromedp.SetValue("#rows", "25"), chromedp.Click("form button"), chromedp.WaitVisible(`[rel=next]`),
		chromedp.Click(`th a[href*="sort=identity_name"]`), chromedp.WaitVisible(`th[aria-sort=ascending]`), listOf("tbody td:nth-child(2)", &people), listOf("th[aria-sort]", &order),
		chromedp.Evaluate(`Array.from(document.querySelectorAll('tbody th a')).map(e => e.href)`, &ids),
		chromedp.Click(`[rel=next]`), chromedp.WaitVisible(`[rel=prev]`),
		chromedp.Evaluate(`Array.from(document.querySelectorAll('tbody th a')).map(e => e.href)`, &more)))
	require.Len(t, people, 25)
	require.True(t, slices.IsSortedFunc(people, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) }), people)
	require.Equal(t, []string{"Person ▲"}, order)
	for _, id := range more {
		require.NotContains(t, ids, id, "no activity is on two pages")
	}

	var title string
	var headings, documents []string
	require.NoError(t, chromedp.Run(ctx, chromedp.Click(`tbody th a`), chromedp.WaitVisible(`#timeline`), chromedp.Text("h1", &title),
		listOf("h2", &headings), listOf("details pre", &documents), shoot("activity-light")))
	require.Contains(t, title, " for ")
	require.Subset(t, headings, []string{"What went wrong", "Details", "Timeline", "Where this is recorded", "The vendor's documents"})
	require.Contains(t, documents[0], "\n  \"", "with line breaks")
}

// TestThePageIsReachedByKeyboard goes through the list with the tabulator alone.
func TestThePageIsReachedByKeyboard(t *testing.T) {
	url, _ := tenant(t)
	ctx := browse(t)
	seen := map[string]bool{}
	require.NoError(t, chromedp.Run(ctx, chromedp.Navigate(url+"?rows=25")))
	var wanted int
	require.NoError(t, chromedp.Run(ctx, chromedp.Evaluate(`document.querySelectorAll('a[href], button, input, select, summary').length`, &wanted)))
	for range wanted + 5 {
		var at string
		var outline bool
		require.NoError(t, chromedp.Run(ctx, chromedp.KeyEvent(kb.Tab),
			chromedp.Evaluate(`(() => { const e = document.activeElement; return e.tagName + ' ' + (e.id || e.name || e.getAttribute('href') || '') + ' ' + e.textContent.trim().slice(0, 60) })()`, &at),
			chromedp.Evaluate(`document.activeElement === document.body || document.activeElement.matches(':focus-visible') && getComputedStyle(document.activeElement).outlineStyle !== 'none'`, &outline)))
		require.True(t, outline, "%s shows that it has the focus", at)
		seen[at] = true
	}
	for _, part := range []string{"A #content Skip", "A summary Summary", "INPUT from", "SELECT kind", "SUMMARY", "BUTTON", "A activity?", "status=Pending", "sort=cause", "rel"} {
		found := part == "rel" // links of other pages are among the As
		for at := range seen {
			found = found || strings.Contains(at, part)
		}
		require.True(t, found, "%s is never reached: %v", part, seen)
	}
}

// TestPagesAreReadable measures contrast and width in both colour schemes, and that no page
// breaks its own policy.
func TestPagesAreReadable(t *testing.T) {
	url, known := tenant(t)
	ctx := browse(t)
	id := ""
	for _, a := range known.Activities {
		if a.Status == "Failed" && known.Groups[a.GroupID].Activities > 1 {
			id = a.ActivityID
		}
	}
	for name, path := range map[string]string{"activities": "?rows=25", "activity": "activity?id=" + id, "summary": "summary", "download": "download", "problem": "?status=x"} {
		fits(t, ctx, url+path)
		for _, colours := range []string{"light", "dark"} {
			var hard []string
			var controls []node
			var bare int
			require.NoError(t, chromedp.Run(ctx, emulation.SetDeviceMetricsOverride(1280, 900, 1, false), scheme(colours), chromedp.Navigate(url+path),
				chromedp.Evaluate(contrast, &hard), chromedp.Evaluate(unlabelled, &controls), shoot(name+"-"+colours),
				chromedp.Evaluate(`Array.from(document.querySelectorAll('th')).filter(e => !e.scope).length`, &bare)))
			require.Empty(t, hard, "%s, %s", name, colours)
			require.Zero(t, bare, "each heading of a table says what it heads")
			for _, c := range controls {
				require.NotEmpty(t, c.Label, "%s: %s %s", name, c.Tag, c.Name)
			}
		}
		require.NoError(t, chromedp.Run(ctx, emulation.SetDeviceMetricsOverride(800, 900, 1, false), scheme("light"), chromedp.Navigate(url+path), shoot(name+"-800")))
		require.NoError(t, chromedp.Run(ctx, emulation.SetDeviceMetricsOverride(360, 900, 1, false), chromedp.Navigate(url+path), shoot(name+"-360")))
	}
}
