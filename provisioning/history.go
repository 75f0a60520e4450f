package provisioning

import "context"

// History is asked by the processor for what other collectors told of groups, so that
// a group that moves from one collector to another, or whose state was lost, goes on
// where it was. An extension that reads a store implements it.
type History interface {
	// Told returns what is stored of those groups of which something newer is stored
	// than is known; the others are absent. An error means that nothing is known of
	// any of them.
	Told(ctx context.Context, groups []KnownGroup) (map[ID]ToldGroup, error)
}

// KnownGroup names a group and what the asker knows of it.
type KnownGroup struct {
	Key     ID // GroupKey(Tenant, GroupID)
	Tenant  string
	GroupID string
	// Version is the highest version the asker knows to have been told of the group,
	// 0 where it knows none.
	Version uint64
}

// ToldGroup is what is stored of a group.
type ToldGroup struct {
	// Version is the highest that was told of the group and of its activities.
	Version uint64
	// Observations are those whose records are stored, as Said restores them. Copies
	// of one are possible.
	Observations []Observation
}

// GroupKey is the group's trace id as an ID.
func GroupKey(tenant, groupID string) ID { return ID(TraceID(tenant, groupID)) }
