package simulate_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/internal/simulate"
	"github.com/provtrail/provtrail/internal/simulate/truth"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/errorclass"
)

// observations reads every document of an inbox as a receiver would.
func observations(t testing.TB, inbox string) map[string][]provisioning.Observation {
	t.Helper()
	groups := map[string][]provisioning.Observation{}
	p := sailpoint.Parser{Tenant: "acme", Feed: provisioning.FeedFile}
	read := pcommon.NewTimestampFromTime(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	var result sailpoint.Result
	for document, err := range simulate.Documents(inbox) {
		require.NoError(t, err)
		result.Reset()
		p.Parse(document, read, &result)
		require.Empty(t, result.Rejected, "%s", document)
		require.Empty(t, result.Ignored, "%s", document)
		for _, o := range result.Observations {
			require.NotEqual(t, provisioning.StatusUnset, o.ReportedStatus, "%s", document)
			groups[o.GroupID] = append(groups[o.GroupID], o)
		}
	}
	return groups
}

// names pairs source ids with names as the observations of the whole tenant do.
func names(groups map[string][]provisioning.Observation) map[string]string {
	out := map[string]string{}
	for _, observed := range groups {
		for i := range observed {
			if o := &observed[i]; o.SourceID != "" && o.SourceName != "" {
				out[o.SourceID] = o.SourceName
			}
		}
	}
	return out
}

// checkAgainstRules runs the simulator and checks the truth of what was written against
// the rules of meaning.
func checkAgainstRules(t testing.TB, o simulate.Options) {
	t.Helper()
	run(t, o)
	checkWritten(t, o)
}

func checkWritten(t testing.TB, o simulate.Options) {
	t.Helper()
	known, err := truth.Read(o.Truth())
	require.NoError(t, err)
	wrong := differences(known, observations(t, o.Inbox()))
	require.Empty(t, wrong[:min(len(wrong), 5)], "the first of %d differences", len(wrong))
}

// differences folds observations and lists what the truth states otherwise.
func differences(known *truth.Truth, groups map[string][]provisioning.Observation) (wrong []string) {
	report := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	named := names(groups)
	seen := 0
	for id, observed := range groups {
		resolved := provisioning.Resolve(observed)
		g, ok := known.Groups[id]
		if !ok {
			report("group %s is not in the truth", id)
			continue
		}
		for i := range resolved {
			if a := &resolved[i]; named[a.SourceID] != "" {
				a.SourceName = named[a.SourceID]
			}
		}
		summary := provisioning.Summarize(resolved)
		if summary.Status.String() != g.GroupStatus || int(summary.Activities) != g.Activities || summary.Number != g.GroupNumber ||
			!slices.Equal(summary.Sources, g.Sources) {
			report("group %s: %s %d %d %q, truth %+v", id, summary.Status, summary.Activities, summary.Number, summary.Sources, g)
		}
		for _, a := range resolved {
			seen++
			want, ok := known.Activities[a.ID.String()]
			if !ok {
				report("activity %+v of group %s (%s) is not in the truth", a.Key, id, a.Status)
				continue
			}
			got := truth.Activity{
				Revision: want.Revision, ActualStatus: want.ActualStatus, AccountLevel: want.AccountLevel,
				RequestedAt: want.RequestedAt, IdentityID: want.IdentityID, IdentityName: want.IdentityName,
				AccountID: want.AccountID, TicketID: a.TicketID, Outcome: string(a.Outcome),
				Details: truth.Details{
					ApproverName: a.ApproverName, ApprovalStatus: string(a.ApprovalStatus), Warnings: a.Warnings,
					RequestedItemName: a.RequestedItemName, RequestedItemType: a.RequestedItemType,
					RequesterComment: a.RequesterComment, ReviewerComment: a.ReviewerComment,
					ClientMetadata: a.ClientMetadata, RemoveAt: same(a.RemoveAt, want.RemoveAt),
					ErrorCategories: want.ErrorCategories,
				},
				Tenant: a.Key.Tenant, GroupID: a.Key.GroupID, GroupNumber: summary.Number, ActivityID: a.ID.String(),
				Status: a.Status.String(), Kind: string(a.Kind), Operation: string(a.Key.Operation), Cause: a.Cause,
				Attempts: a.Attempts, FailedOn: string(a.FailedOn), SourceKey: a.Key.Source, SourceName: cmp.Or(a.SourceName, a.SourceID),
				AttributeName: a.Key.Attribute, AttributeValue: a.Key.Value,
				FirstPendingAt: same(a.FirstPendingAt, want.FirstPendingAt), FirstRetryingAt: same(a.FirstRetryingAt, want.FirstRetryingAt), FirstNotVerifiableAt: same(a.FirstNotVerifiableAt, want.FirstNotVerifiableAt), CommittedAt: same(a.CommittedAt, want.CommittedAt),
				FinishedAt: same(a.FinishedAt, want.FinishedAt), FirstFailedAt: same(a.FirstFailedAt, want.FirstFailedAt),
				FailedAt: same(a.FailedAt, want.FailedAt),
			}
			class := classifier().Classify(errorclass.Input{
				Status: a.Status, Approval: a.ApprovalStatus, TicketID: a.TicketID, Error: a.ErrorMessage, Warnings: a.Warnings,
			})
			if !slices.Contains(strings.Split(strings.Join(want.ErrorCategories, " "), " "), string(class.Category)) { // none is ""
				report("activity %s of group %s: error %q is %q by signature %q, want %q", want.ActivityID, id, a.ErrorMessage, class.Category, class.Signature, want.ErrorCategories)
			}
			if fmt.Sprint(flat(got)) != fmt.Sprint(flat(want)) {
				report("activity of group %s\n got  %+v\n want %+v", id, flat(got), flat(want))
			}
		}
	}
	if seen != len(known.Activities) {
		report("%d activities, the truth has %d", seen, len(known.Activities))
	}
	return wrong
}

var classifier = sync.OnceValue(func() *errorclass.Classifier {
	c, err := errorclass.Extend(nil)
	if err != nil {
		panic(err)
	}
	return c
})

// same compares times only where the truth states one: a trigger has none.
func same(got pcommon.Timestamp, want *time.Time) *time.Time {
	if want == nil {
		return nil
	}
	at := got.AsTime()
	return &at
}

func flat(a truth.Activity) map[string]any {
	at := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return t.Format(time.RFC3339Nano)
	}
	times := []string{at(a.FirstPendingAt), at(a.FirstRetryingAt), at(a.FirstNotVerifiableAt), at(a.CommittedAt), at(a.FinishedAt), at(a.FirstFailedAt), at(a.FailedAt), at(a.RemoveAt)}
	a.RemoveAt = nil
	a.FirstPendingAt, a.FirstRetryingAt, a.FirstNotVerifiableAt, a.CommittedAt, a.FinishedAt, a.FirstFailedAt, a.FailedAt = nil, nil, nil, nil, nil, nil, nil
	return map[string]any{"a": fmt.Sprintf("%+v", a), "times": times}
}

func TestTruthAgreesWithTheRules(t *testing.T) {
	for name, change := range map[string]func(*simulate.Options){
		"all feeds":     func(*simulate.Options) {},
		"hostile order": func(o *simulate.Options) { o.Late, o.Duplicates, o.Shuffle = 0.3, 0.3, 0.5 },
		"ties":          func(o *simulate.Options) { o.Ties = 0.9 },
		"rest":          func(o *simulate.Options) { o.Feeds = []string{simulate.FeedREST} },
		"search":        func(o *simulate.Options) { o.Feeds = []string{simulate.FeedSearch} },
		"events":        func(o *simulate.Options) { o.Feeds = []string{simulate.FeedEvents} },
		"webhook":       func(o *simulate.Options) { o.Feeds = []string{simulate.FeedWebhook} },
		"events and webhook": func(o *simulate.Options) {
			o.Feeds = []string{simulate.FeedEvents, simulate.FeedWebhook}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(t)
			change(&o)
			checkAgainstRules(t, o)
		})
	}
}
