package main

import (
	"fmt"
	"math/rand/v2"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// load makes a tenant's events: N groups are open; each event is the next step of
// one of them, and a group that is done makes room for a new one.
type load struct {
	random *rand.Rand
	groups []open // the open groups
	made   int
	at     pcommon.Timestamp
}

type open struct {
	number int
	step   int
}

// life is what the feed reported of a group's activity, one event each.
var life = []struct {
	reported provisioning.Status
	word     string
}{
	{provisioning.StatusPending, "PENDING"}, {provisioning.StatusCommitted, "COMMITTED"}, {provisioning.StatusSuccess, "FINISHED"},
}

// next writes one event: of a group not begun, or of a random open one, of which
// nine in ten are among those that began last: most groups move soon after they
// began and the rest wait for long.
func (l *load) next(to plog.LogRecord, begin bool) {
	var i int
	switch {
	case begin:
		i = len(l.groups)
		l.groups = append(l.groups, open{number: l.made})
		l.made++
	case l.random.IntN(10) == 0:
		i = l.random.IntN(len(l.groups))
	default:
		recent := min(len(l.groups), recentGroups)
		i = len(l.groups) - 1 - l.random.IntN(recent)
	}
	g := &l.groups[i]
	l.write(to, g)
	if g.step++; g.step == len(life) {
		*g = open{number: l.made}
		l.made++
	}
}

const recentGroups = 10_000

func (l *load) write(to plog.LogRecord, g *open) {
	l.at += 1_000_000
	source := g.number % 40
	o := provisioning.Observation{
		Tenant: "acme", Feed: provisioning.FeedREST, Dialect: provisioning.DialectREST,
		GroupID: hex(g.number, 1), VendorID: hex(g.number, 1), ItemID: hex(g.number, 2),
		SourceID: hex(source, 3), SourceName: fmt.Sprintf("Source %02d", source), AccountID: fmt.Sprintf("CN=User %07d,OU=People,DC=acme", g.number%200_000),
		AttributeName: "memberOf", AttributeValue: fmt.Sprintf("CN=Role %03d,OU=Groups,DC=acme", g.number%500), Operation: provisioning.OperationAdd,
		ReportedStatus: life[g.step].reported, RawStatus: life[g.step].word, Cause: provisioning.CauseAccessRequest,
		IdentityID: hex(g.number%200_000, 4), IdentityName: fmt.Sprintf("First%d Last%d", g.number%1000, g.number%200_000),
		RequesterID: hex(g.number%5000, 4), RequesterName: fmt.Sprintf("Manager%d Last%d", g.number%1000, g.number%5000),
		ApproverName: fmt.Sprintf("Owner%d Last%d", g.number%300, g.number%300), ApprovalStatus: "APPROVED",
		RequestedAt: l.at - 60_000_000_000, OccurredAt: l.at, ObservedAt: l.at + 2_000_000_000,
		Original: original,
	}
	o.EventID = provisioning.EventID(&o)
	record.WriteObservation(&o, to)
}

// original stands for the vendor's document, about as long as they are.
var original = `{"id":"` + hex(1, 9) + `","padding":"` + fmt.Sprintf("%01200d", 7) + `"}`

// hex is an id as the vendor writes them.
func hex(n, space int) string {
	x := uint64(n)*0x9e3779b97f4a7c15 + uint64(space)
	return fmt.Sprintf("%016x%016x", x^x>>29, x*0xbf58476d1ce4e5b9)
}

func (l *load) batch(n int, begin bool) plog.Logs {
	logs := plog.NewLogs()
	to := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	to.EnsureCapacity(n)
	for range n {
		l.next(to.AppendEmpty(), begin)
	}
	return logs
}
