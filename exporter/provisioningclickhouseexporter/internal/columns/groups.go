package columns

import (
	"github.com/ClickHouse/ch-go/proto"

	"github.com/provtrail/provtrail/provisioning"
)

// Groups is a block of provisioning.group records.
type Groups struct {
	Block

	tenant, status, cause                   word
	id, identityID, identityName, requester text
	number, activities                      proto.ColInt64
	counts                                  [len(provisioning.GroupRecord{}.Counts)]proto.ColInt64
	sources                                 *proto.ColArr[string]
	firstAt, lastAt, observedAt             instant
	version                                 proto.ColUInt64
}

// NewGroups returns an empty block.
func NewGroups() *Groups {
	g := &Groups{Block: newBlock("provisioning_groups"), sources: new(proto.ColStr).Array()}
	g.add("tenant", &g.tenant)
	g.add("group_id", &g.id)
	g.add("group_number", &g.number)
	g.add("group_status", &g.status)
	g.add("activities", &g.activities)
	for s := range g.counts {
		g.add(provisioning.CountColumn(provisioning.Status(s)), &g.counts[s]) //nolint:gosec // one of seven
	}
	g.add("sources", g.sources)
	g.add("cause", &g.cause)
	g.add("identity_id", &g.identityID)
	g.add("identity_name", &g.identityName)
	g.add("requester_name", &g.requester)
	g.add("first_at", &g.firstAt)
	g.add("last_at", &g.lastAt)
	g.add("observed_at", &g.observedAt)
	g.add("version", &g.version)
	return g
}

// Append adds a row.
func (g *Groups) Append(r *provisioning.GroupRecord) {
	g.tenant.append(r.Tenant)
	g.id.append(r.ID)
	g.number.Append(r.Number)
	g.status.append(r.Status.String())
	g.activities.Append(int64(r.Activities))
	for s := range g.counts {
		g.counts[s].Append(int64(r.Counts[s]))
	}
	g.sources.Append(r.Sources)
	g.cause.append(r.Cause)
	g.identityID.append(r.IdentityID)
	g.identityName.append(r.IdentityName)
	g.requester.append(r.Requester)
	g.firstAt.Append(micros(r.FirstAt))
	g.lastAt.Append(micros(r.LastAt))
	g.observedAt.Append(micros(r.ObservedAt))
	g.version.Append(r.Version)
}
