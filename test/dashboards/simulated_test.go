package dashboards

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/internal/simulate/model"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/errorclass"
	"github.com/provtrail/provtrail/provisioning/record"
)

// tenantName is the simulated organisation.
const tenantName = "acme"

// stalledAfter is the processor's default.
const stalledAfter = 4 * time.Hour

// monday is a fixed day, so that every run of the tests sees the same weeks.
var monday = time.Date(2026, 4, 20, 0, 0, 0, 0, time.UTC)

// history is what a simulated tenant did in a period: the records the processor
// would have sent on, and the final activities to compare the panels with.
type history struct {
	records    []record.Record
	groups     []record.Group
	activities []provisioning.Activity
	stalled    map[provisioning.ID]bool
	sources    []*model.Source
}

// simulate folds the true life of a tenant's groups, as REST would tell it, each
// report received half a minute (sometimes an hour) after it happened.
func simulate(from, to time.Time, groupsPerDay float64) *history {
	h := &history{stalled: map[provisioning.ID]bool{}}
	tenant := model.NewTenant(tenantName, 7, 300)
	h.sources = tenant.Sources
	for hour := from.UTC().Truncate(time.Hour); hour.Before(to); hour = hour.Add(time.Hour) {
		for _, g := range tenant.Hour(hour, groupsPerDay) {
			h.add(observations(g, to), to)
		}
	}
	return h
}

var words = map[model.State]provisioning.Status{
	model.Pending: provisioning.StatusPending, model.Retrying: provisioning.StatusRetrying, model.Committed: provisioning.StatusCommitted,
	model.Failed: provisioning.StatusFailed, model.NotVerifiable: provisioning.StatusNotVerifiable, model.Success: provisioning.StatusSuccess,
}

var approvals = map[model.Decision]provisioning.Approval{
	model.Undecided: provisioning.ApprovalPending, model.Approved: provisioning.ApprovalApproved, model.Rejected: provisioning.ApprovalRejected,
	model.Returned: provisioning.ApprovalReturned, model.Expired: provisioning.ApprovalExpired, model.Canceled: provisioning.ApprovalCanceled,
}

// classifier is the processor's, without signatures of the user's own.
var classifier = func() *errorclass.Classifier {
	c, err := errorclass.Extend(nil)
	if err != nil {
		panic(err)
	}
	return c
}()

// classify fills what the processor fills from the texts.
func classify(r *record.Record) {
	result := classifier.Classify(errorclass.Input{
		Status: r.Status, Approval: r.ApprovalStatus, RawStatus: r.RawStatus, TicketID: r.TicketID, Error: r.ErrorMessage, Warnings: r.Warnings,
		SourceID: provisioning.SourceKey(r.SourceID, r.SourceName), Operation: r.Operation,
	})
	r.ErrorCategory, r.ErrorSignature, r.ErrorFingerprint = string(result.Category), result.Signature, result.Fingerprint
}

func observations(g *model.Group, until time.Time) []provisioning.Observation {
	dice := rand.New(rand.NewPCG(g.Seed, 1))
	var out []provisioning.Observation
	for i := range g.Requests {
		r := &g.Requests[i]
		for _, phase := range r.Life {
			at := model.Time(phase.At)
			received := at.Add(time.Duration(20+dice.IntN(20)) * time.Second)
			if dice.IntN(50) == 0 {
				received = at.Add(time.Hour)
			}
			if received.After(until) {
				continue
			}
			for j := range r.Items {
				out = append(out, observation(g, r, &r.Items[j], &phase, received))
			}
		}
	}
	return out
}

func observation(g *model.Group, r *model.Request, item *model.Attribute, phase *model.Phase, received time.Time) provisioning.Observation {
	says := words[phase.State]
	if phase.AsPending {
		says = provisioning.StatusPending
	}
	o := provisioning.Observation{
		Tenant: tenantName, Feed: provisioning.FeedREST, Dialect: provisioning.DialectREST, GroupID: g.ID, VendorID: g.ID, ItemID: item.ItemID,
		SourceID: r.Source.ID, SourceName: r.Source.Name, AccountID: r.Account, AttributeName: item.Name, AttributeValue: item.Value,
		Operation: provisioning.Operation(item.Operation), ReportedStatus: says, RawStatus: says.String(), Cause: g.Cause.Name,
		IdentityID: g.Recipient.ID, IdentityName: g.Recipient.Name, RequesterID: g.Requester.ID, RequesterName: g.Requester.Name,
		ErrorMessage: phase.Error, TicketID: r.TicketID, RequestedAt: stamp(model.Time(g.Created)),
		OccurredAt: stamp(model.Time(phase.At)), ObservedAt: stamp(received), Original: `{"id":"` + g.ID + `"}`,
	}
	if g.Approval != nil {
		o.ApproverName, o.ApprovalStatus = g.Approval.Approver.Name, approvals[g.Approval.Decided(phase.At)]
	}
	if g.Password {
		o.Side = provisioning.FailedOnSource
		if r.Source.IdentityNow() {
			o.Side = provisioning.FailedOnIdentityNow
		}
	}
	o.EventID = provisioning.EventID(&o)
	return o
}

func stamp(t time.Time) pcommon.Timestamp { return pcommon.NewTimestampFromTime(t) }

// add folds one group's observations and makes its records in the order of time.
func (h *history) add(observations []provisioning.Observation, to time.Time) {
	if len(observations) == 0 {
		return
	}
	activities := provisioning.Resolve(observations)
	type step struct {
		activity, n int
		at          pcommon.Timestamp
	}
	var steps []step
	for i := range activities {
		for n := range activities[i].History {
			steps = append(steps, step{i, n + 1, activities[i].History[n].At()})
		}
	}
	slices.SortStableFunc(steps, func(a, b step) int { return cmp.Compare(a.at, b.at) })
	summary := provisioning.Summarize(activities)
	for seen, s := range steps {
		a := activities[s.activity].AsOf(s.n)
		r := record.New(&a)
		r.Version, r.Current = record.Version(seen+1, false), true
		r.GroupNumber, r.GroupStatus = summary.Number, summary.Status
		classify(&r)
		h.records = append(h.records, r)
	}
	for i := range activities {
		a := &activities[i]
		h.activities = append(h.activities, *a)
		if since := a.StatusSince.AsTime(); a.Status.Open() && since.Add(stalledAfter).Before(to) {
			h.stalled[a.ID] = true
			r := record.New(a)
			r.GroupNumber, r.GroupStatus = summary.Number, summary.Status
			classify(&r)
			r.ObservedAt, r.Stalled = stamp(since.Add(stalledAfter)), true
			r.AsState(record.Version(len(steps), true))
			h.records = append(h.records, r)
		}
	}
	h.groups = append(h.groups, record.Group{
		Group: summary, Version: record.Version(len(steps), false), ObservedAt: summary.LastAt,
	})
}

// logs writes everything as the processor emits it.
func (h *history) logs() plog.Logs {
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for i := range h.records {
		record.WriteRecord(&h.records[i], records.AppendEmpty())
	}
	for i := range h.groups {
		record.WriteGroup(&h.groups[i], records.AppendEmpty())
	}
	return ld
}
