package pages

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/archive/report"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// activityPage is the story of one activity.
type activityPage struct {
	*view
	Activity row
	Into     string // address of the activity that took this one in
	Group    string // address of the list of the group
	Evidence string // address of the evidence about the group
	Times    []namedTime
	Others   int
	Omitted  int // steps
	Steps    []step
	Rest     []row // the group's other activities
	Files    []origin
	// Documents are the vendor's, the newest first. Unshown is how many did not fit.
	Documents []document
	Unshown   int
}

// namedTime is a time of the activity and what happened then.
type namedTime struct {
	Name string
	When moment
}

// step is one record of the activity.
type step struct {
	row
	Origin *origin
	Number int64 // of the row in its file
}

// origin is a file that rows come from.
type origin struct {
	report.Proof
	N    int // from 1
	Hour string
	Link string
}

// document is what the vendor sent.
type document struct {
	*record.Record
	Text string // with line breaks where it is JSON
}

// maxDocuments bounds the vendor's documents on a page, in bytes.
const maxDocuments = 512 << 10

func (p *Pages) activity(ctx context.Context, v *view) (content, error) {
	id, err := provisioning.ParseID(v.Query.Get("id"))
	if err != nil || id.IsZero() {
		return content{}, fmt.Errorf("%w: id: %q is not the id of an activity, which has 32 hexadecimal digits", report.ErrFilter, v.Query.Get("id"))
	}
	from, err := p.lookFrom(v)
	if err != nil {
		return content{}, err
	}
	story, err := report.ReadStory(ctx, p.Directory, id, from)
	if err != nil {
		return content{}, err
	}
	is := row{&story.Newest}
	v.Title = is.Change() + " for " + is.Person() + " on " + is.Source()
	page := &activityPage{view: v, Activity: is, Others: story.Others, Omitted: story.Omitted, Rest: rows(story.Group)}
	for _, t := range []struct {
		name string
		at   pcommon.Timestamp
	}{
		{"Requested", is.RequestedAt},
		{"First pending", is.FirstPendingAt},
		{"First retrying", is.FirstRetryingAt},
		{"First not verifiable", is.FirstNotVerifiableAt},
		{"Committed", is.CommittedAt},
		{"Finished", is.FinishedAt},
		{"First failed", is.FirstFailedAt},
		{"Last failed", is.FailedAt},
		{"Access ends", is.RemoveAt},
	} {
		if t.at != 0 {
			page.Times = append(page.Times, namedTime{t.name, v.When(t.at)})
		}
	}
	if !is.FoldedInto.IsZero() {
		page.Into = "activity" + v.Query.With("id", is.FoldedInto.String())
	}
	page.Group = "./?" + url.Values{"group": {is.GroupID}, "from": {from.Format(time.RFC3339)}}.Encode()
	page.Evidence = "evidence.zip?" + url.Values{"group": {is.GroupID}}.Encode()
	for i, f := range story.Files {
		page.Files = append(page.Files, origin{f, i + 1, hourOf(f.Name), "archive/files/" + escapePath(f.Name)})
	}
	for i := range story.Timeline {
		s := &story.Timeline[i]
		page.Steps = append(page.Steps, step{row{&s.Record}, &page.Files[s.File], s.Row})
	}
	page.addDocuments(story.Timeline)
	return content{template: "activity", data: page}, nil
}

// lookFrom is since when records are looked for: from, or as long as a period may be.
func (p *Pages) lookFrom(v *view) (from time.Time, err error) {
	// The other parameters are those of a filter, of which tz counts here.
	f, err := report.ParseFilter(url.Values{"tz": v.Query["tz"]}, v.AsOf)
	if err != nil {
		return from, err
	}
	v.Filter.Zone = f.Zone
	if text := v.Query.Get("from"); text != "" {
		if from, err = report.ParseTime(text, f.Zone, v.AsOf); err != nil {
			return from, fmt.Errorf("%w: from: %w", report.ErrFilter, err)
		}
		return from, nil
	}
	if p.MaxRange == 0 {
		return time.Unix(0, 0), nil
	}
	return v.AsOf.Add(-p.MaxRange), nil
}

// addDocuments adds each document once: several records can be made of one.
func (a *activityPage) addDocuments(timeline []report.Step) {
	seen, size := map[string]bool{}, 0
	for i := len(timeline) - 1; i >= 0; i-- {
		r := &timeline[i].Record
		if r.Original == "" || seen[r.Original] {
			continue
		}
		seen[r.Original] = true
		text := indent(r.Original)
		if size += len(text); size > maxDocuments {
			a.Unshown++
			continue
		}
		a.Documents = append(a.Documents, document{r, text})
	}
}

// indent breaks JSON into lines; other text, such as a document that was cut, stays.
func indent(text string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(text), "", "  ") != nil {
		return text
	}
	return b.String()
}

// hourOf is the hour of a file of the archive, from the directories it lies in.
func hourOf(name string) string {
	_, date, _ := strings.Cut(name, "/date=")
	date, hour, found := strings.Cut(date, "/hour=")
	if !found {
		return ""
	}
	hour, _, _ = strings.Cut(hour, "/")
	return date + " " + hour + ":00 UTC"
}

func escapePath(name string) string {
	parts := strings.Split(name, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}
