package provisioningreportextension

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"
	"golang.org/x/net/html"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/extension/provisioningreportextension/internal/metadata"
	"github.com/provtrail/provtrail/internal/archivetest"
	"github.com/provtrail/provtrail/internal/simulate"
	"github.com/provtrail/provtrail/internal/simulate/truth"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// tenant starts the extension over the sealed archive of a simulated tenant.
func tenant(t *testing.T) (address string, known *truth.Truth, records []*record.Record) {
	t.Helper()
	o := simulate.DefaultOptions()
	o.Out, o.GroupsPerDay, o.Stories = t.TempDir(), 120, true
	o.To = time.Now().Add(-2 * time.Hour).Truncate(time.Second)
	o.From = o.To.AddDate(0, 0, -2)
	records, err := archivetest.Tenant(t.Context(), o)
	require.NoError(t, err)
	known, err = truth.Read(o.Truth())
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "archive")
	keys, err := archive.CreateKey(dir + "-signing-key.pem")
	require.NoError(t, err)
	now := o.To.Add(time.Second)
	a, err := archive.Open(t.Context(), dir, archive.Options{Keys: keys, Spool: t.TempDir(), Now: func() time.Time { return now }})
	require.NoError(t, err)
	for batch := range slices.Chunk(records, 500) {
		_, err := a.Write(t.Context(), archive.Batch{Records: batch})
		require.NoError(t, err)
	}
	now = now.Add(time.Hour + 10*time.Minute)
	_, err = a.SealDue(t.Context())
	require.NoError(t, err)
	require.NoError(t, a.Close())
	return start(t, func(c *Config) { c.Directory = dir }), known, records
}

func start(t *testing.T, change func(*Config)) (address string) {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.Server.NetAddr.Endpoint = "127.0.0.1:0"
	change(cfg)
	set := extensiontest.NewNopSettings(metadata.Type)
	set.Logger = zaptest.NewLogger(t, zaptest.Level(zap.WarnLevel))
	e := newReporter(set, cfg)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, e.Shutdown(context.Background())) })
	return "http://" + e.address.String() + "/"
}

// document is a page.
type document struct{ *html.Node }

func page(t *testing.T, address string) document {
	t.Helper()
	response, body := get(t, address)
	require.Equal(t, http.StatusOK, response.StatusCode, "%s: %s", address, body)
	require.Equal(t, "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'", response.Header.Get("Content-Security-Policy"))
	root, err := html.Parse(bytes.NewReader(body))
	require.NoError(t, err)
	return document{root}
}

// all are the elements with a name, below which one with a class or an id may be required.
func (d document) all(name string, with ...string) (list []document) {
	for n := range d.Descendants() {
		e := document{n}
		if n.Type == html.ElementNode && n.Data == name && (len(with) == 0 || e.attribute(with[0]) == with[1]) {
			list = append(list, e)
		}
	}
	return list
}

func (d document) attribute(name string) string {
	for _, a := range d.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func (d document) text() string {
	var b strings.Builder
	for n := range d.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// cells are the cells of each line of the body of a table, with what stands under each
// heading.
func (d document) cells() (lines []map[string]document) {
	headings := []string{}
	for _, h := range d.all("thead")[0].all("th") {
		headings = append(headings, strings.TrimRight(h.text(), " ▲▼"))
	}
	for _, line := range d.all("tbody")[0].all("tr") {
		cells, i := map[string]document{}, 0
		for n := range line.ChildNodes() {
			if n.Type == html.ElementNode {
				cells[headings[i]] = document{n}
				i++
			}
		}
		lines = append(lines, cells)
	}
	return lines
}

// linked resolves a link of a page.
func linked(t *testing.T, page string, link document) *url.URL {
	t.Helper()
	base, err := url.Parse(page)
	require.NoError(t, err)
	to, err := base.Parse(link.attribute("href"))
	require.NoError(t, err)
	return to
}

// walk reads all pages of a list, by the link to the next one.
func walk(t *testing.T, address string) (lines []map[string]document) {
	t.Helper()
	for {
		p := page(t, address)
		lines = append(lines, p.all("table")[0].cells()...)
		next := p.all("a", "rel", "next")
		if len(next) == 0 {
			return lines
		}
		address = linked(t, address, next[0]).String()
	}
}

func statusOf(a truth.Activity) string {
	if a.Outcome == string(provisioning.OutcomeDeclined) {
		return "Failed: declined"
	}
	return a.Status
}

func TestPages(t *testing.T) {
	address, known, records := tenant(t)
	t.Run("equal the truth", func(t *testing.T) { pagesEqualTheTruth(t, address, known, records) })
	t.Run("filter and sort", func(t *testing.T) { listIsFilteredAndSorted(t, address, known) })
	t.Run("refuse", func(t *testing.T) { whatCannotBeShownIsSaid(t, address, known) })
}

func pagesEqualTheTruth(t *testing.T, address string, known *truth.Truth, records []*record.Record) {
	const period = "from=3d"

	first := page(t, address+"?"+period)
	want := map[string]int{"All": len(known.Activities)}
	kinds := map[string]int{}
	for _, a := range known.Activities {
		status := strings.ReplaceAll(statusOf(a), "Failed: declined", "Declined")
		want[status]++
		kinds[a.Kind]++
	}
	for _, tile := range first.all("nav", "class", "tiles")[0].all("a") {
		word := tile.all("span")[0].text()
		n, err := strconv.Atoi(strings.ReplaceAll(tile.all("b")[0].text(), ",", ""))
		require.NoError(t, err)
		require.Equal(t, want[word], n, word)
		if n > 0 {
			link := linked(t, address, tile)
			listed := page(t, link.String())
			require.Contains(t, strings.ReplaceAll(listed.all("p", "role", "status")[0].text(), ",", ""), " of "+strconv.Itoa(n)+" ", "the link lists them: %s", link)
		}
		delete(want, word)
	}
	for word, n := range want {
		require.Zero(t, n, "no tile for %s", word)
	}

	links := map[string]string{}
	for _, line := range walk(t, address+"?rows=100&"+period) {
		link := linked(t, address, line["What"].all("a")[0])
		id := link.Query().Get("id")
		a, ok := known.Activities[id]
		require.True(t, ok, "%s is listed and unknown", id)
		require.Empty(t, links[id], "%s is listed twice", id)
		links[id] = link.String()
		require.Equal(t, statusOf(a), line["Status"].all("span")[0].text(), id)
		require.Equal(t, strconv.FormatInt(a.GroupNumber, 10), line["Group"].text())
		require.Equal(t, a.IdentityName, line["Person"].text())
		require.Contains(t, line["Where"].text(), a.SourceName)
		require.Contains(t, line["What"].text(), a.Operation)
		require.Equal(t, a.Cause, line["Cause"].text())
	}
	require.Len(t, links, len(known.Activities))

	history := map[string][]*record.Record{}
	for _, r := range records {
		history[r.ActivityID.String()] = append(history[r.ActivityID.String()], r)
	}
	seen := map[string]int{}
	for id, a := range known.Activities {
		if seen[statusOf(a)]++; seen[statusOf(a)] > 4 {
			continue
		}
		p := page(t, links[id])
		steps := p.all("table")[0].cells()
		require.Len(t, steps, len(history[id]), id)
		for _, r := range history[id] {
			require.Contains(t, p.all("table")[0].text(), r.RawStatus)
		}
		require.Equal(t, statusOf(a), steps[len(steps)-1]["Status"].all("span")[0].text(), id)
		facts := map[string]string{}
		for _, list := range p.all("dl") {
			terms, values := list.all("dt"), list.all("dd")
			for i := range terms {
				facts[terms[i].text()] = values[i].text()
			}
		}
		require.Contains(t, facts["Group"], a.GroupID)
		require.Equal(t, a.ApproverName, facts["Approver"])
		require.Equal(t, a.ApprovalStatus, facts["Approval"])
		require.Equal(t, a.ReviewerComment, facts["Approver's comment"])
		require.Equal(t, strconv.Itoa(a.Attempts), facts["Attempts"])
		if a.RequestedItemName != "" {
			require.Equal(t, a.RequestedItemName+" "+a.RequestedItemType, facts["Asked for"])
		}
		if a.CommittedAt != nil {
			require.Equal(t, a.CommittedAt.UTC().Format("2006-01-02 15:04:05"), facts["Committed"])
		}
		if a.FinishedAt != nil {
			require.Equal(t, a.FinishedAt.UTC().Format("2006-01-02 15:04:05"), facts["Finished"])
		}
		require.Contains(t, p.text(), "sealed, and as it was sealed")
		others := known.Groups[a.GroupID].Activities - 1
		if others > 0 {
			require.Len(t, p.all("section", "aria-labelledby", "rest")[0].all("table")[0].cells(), others)
		}
	}
	require.Len(t, seen, 7, "each status and a decision: %v", seen)

	summary := page(t, address+"summary?"+period)
	for _, line := range summary.all("section", "aria-labelledby", "kinds")[0].all("table")[0].cells() {
		require.Equal(t, strconv.Itoa(kinds[line["Kind"].text()]), strings.ReplaceAll(line["Activities"].text(), ",", ""))
	}
	coverage := summary.all("section", "aria-labelledby", "coverage")[0].text()
	require.Contains(t, coverage, "sealed ")
	require.Contains(t, strings.ReplaceAll(coverage, ",", ""), "hold "+strconv.Itoa(len(records))+" records")
}

func listIsFilteredAndSorted(t *testing.T, address string, known *truth.Truth) {
	none := page(t, address+"?from=3d&q=nothing+has+this")
	require.Contains(t, none.all("p", "role", "status")[0].text(), "Nothing matches")
	for _, a := range none.all("a") {
		require.NotContains(t, linked(t, address, a).Path, "report.", "a report of nothing is an error")
	}
	source := ""
	for _, a := range known.Activities {
		source = max(source, a.SourceName)
	}
	want := 0
	for _, a := range known.Activities {
		if a.SourceName == source {
			want++
		}
	}
	names := []string{}
	for _, line := range walk(t, address+"?from=3d&rows=25&sort=identity_name&"+url.Values{"source": {source}}.Encode()) {
		require.Contains(t, line["Where"].text(), source)
		names = append(names, strings.ToLower(line["Person"].text()))
	}
	require.Len(t, names, want)
	require.True(t, slices.IsSorted(names))
	p := page(t, address+"?from=3d&sort=identity_name&order=desc")
	for _, h := range p.all("th", "scope", "col") {
		want := map[bool]string{true: "descending"}[strings.HasPrefix(h.text(), "Person")]
		require.Equal(t, want, h.attribute("aria-sort"), h.text())
	}
	require.Contains(t, page(t, address+"?from=3d&source=Nowhere").all("p", "role", "status")[0].text(), `No activity of the period has source "Nowhere"`)
}

func whatCannotBeShownIsSaid(t *testing.T, address string, known *truth.Truth) {
	f := func(path string, code int, want string) {
		t.Helper()
		response, body := get(t, address+path)
		require.Equal(t, code, response.StatusCode)
		root, err := html.Parse(bytes.NewReader(body))
		require.NoError(t, err)
		require.Contains(t, document{root}.all("div", "role", "alert")[0].text(), want)
		require.Len(t, document{root}.all("h1"), 1)
	}
	f("?status=Done", 400, `Status "Done" is none of Failed, Retrying, Pending, Not Verifiable, Committed, Success`)
	f("?from=someday", 400, `"someday" is not a time: write 24h, 30d or 1w before now`)
	f("?from=today&to=yesterday", 400, "is not before to")
	f("?from=2020-01-01", 400, "choose a shorter one")
	f("?sauce=SAP", 400, `There is no parameter "sauce": write one of from, to`)
	f("?sort=original", 400, "none of occurred_at")
	f("?order=up", 400, `Order "up" is none of asc, desc`)
	f("?rows=many", 400, `"many" is no number`)
	f("?rows=100000", 400, "1 to 1000 rows")
	f("?after=x", 400, "begin with the first page")
	f("?at=x", 400, "At:")
	f("summary?outcome=x", 400, "none of fault, declined")
	f("activity?id=12", 400, "32 hexadecimal digits")
	f("activity?id="+strings.Repeat("0", 31)+"1&from=4h", 404, "was recorded in the hours")
	f("activity?id="+strings.Repeat("0", 31)+"1&from=soon", 400, "is not a time")
	for id := range known.Activities {
		f("activity?id="+id+"&from=20m", 404, "no activity "+id)
		break
	}
	empty := start(t, func(c *Config) { c.Directory = filepath.Join(t.TempDir(), "none") })
	address = empty
	f("", 404, "begins with the first activity")
}

func TestAPageHasABoundInTime(t *testing.T) {
	dir := t.TempDir()
	serveFrom(t, dir)
	address := start(t, func(c *Config) { c.Directory, c.PageTimeout = dir, time.Nanosecond })
	for _, path := range []string{"", "summary", "activity?id=" + strings.Repeat("0", 31) + "1"} {
		response, body := get(t, address+path)
		require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
		require.Equal(t, "30", response.Header.Get("Retry-After"))
		require.Contains(t, string(body), "Choose a shorter one")
	}
}

// What comes from elsewhere is text on a page, wherever it stands.
func TestTextsAreNoMarkup(t *testing.T) {
	const hostile = `"'><script>alert(1)</script><img src=x onerror=alert(1)>`
	dir := t.TempDir()
	a, err := archive.Open(t.Context(), dir, archive.Options{Spool: t.TempDir()})
	require.NoError(t, err)
	at := pcommon.NewTimestampFromTime(time.Now().Add(-time.Minute))
	r := &record.Record{RecordType: record.TypeObservation, Current: true, Version: 2, Status: provisioning.StatusPending, Kind: provisioning.KindProvisioning}
	for i := range record.Fields {
		if f := &record.Fields[i]; f.Value == record.ValueText && f.Column != "kind" && f.Column != "record_type" && f.Column != "reported_overrides" {
			f.SetText(r, hostile)
		}
	}
	r.OccurredAt, r.ObservedAt, r.ActivityID, r.EventID = at, at, provisioning.ID{1}, provisioning.ID{2}
	_, err = a.Write(t.Context(), archive.Batch{Records: []*record.Record{r}})
	require.NoError(t, err)
	require.NoError(t, a.Close())
	address := start(t, func(c *Config) { c.Directory = dir })
	escaped := url.QueryEscape(hostile)
	for _, path := range []string{"?q=script", "summary", "activity?id=" + r.ActivityID.String(), "?from=" + escaped, "?sort=" + escaped, "?" + escaped + "=1", "activity?id=" + escaped, "?source=" + escaped, "download?q=" + escaped} {
		response, body := get(t, address+path)
		require.Less(t, response.StatusCode, 500, path)
		root, err := html.Parse(bytes.NewReader(body))
		require.NoError(t, err)
		d := document{root}
		require.Contains(t, string(body), "alert(1)", "%s shows it", path)
		for _, element := range []string{"script", "img", "iframe", "object"} {
			require.Empty(t, d.all(element), path)
		}
		for n := range d.Descendants() {
			for _, attribute := range n.Attr {
				require.False(t, strings.HasPrefix(attribute.Key, "on") || attribute.Key == "style", "%s: %s", path, attribute.Key)
				require.NotContains(t, strings.ToLower(attribute.Val), "javascript:", path)
			}
		}
	}
}
