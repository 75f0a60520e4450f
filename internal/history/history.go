// Package history is the interface between the processor and an extension that reads
// a store: what is stored of a group, so that a group that moves from one collector to
// another, or whose state was lost, continues where it was.
package history

import (
	"context"

	"github.com/provtrail/provtrail/provisioning"
)

// Store returns what other collectors have stored of groups. An extension implements it.
type Store interface {
	// Stored returns what is stored of those groups of which something newer is stored
	// than is known; the others are absent. An error means that nothing is known of
	// any of them.
	Stored(ctx context.Context, groups []KnownGroup) (map[provisioning.ID]StoredGroup, error)
	// Empty reports whether nothing is stored of any group.
	Empty(ctx context.Context) (bool, error)
}

// KnownGroup names a group and the newest version of it that the caller knows.
type KnownGroup struct {
	Key     provisioning.ID // GroupKey(Tenant, GroupID)
	Tenant  string
	GroupID string
	// Version is the highest version of the group that the caller knows to have been
	// emitted, 0 where it knows none.
	Version uint64
}

// StoredGroup is what is stored of a group.
type StoredGroup struct {
	// Version is the highest stored version of the group and of its activities.
	Version uint64
	// Observations are those whose records are stored, as record.RestoreObservation
	// restores them. Copies of one are possible.
	Observations []provisioning.Observation
}

// GroupKey is the group's trace id as an ID.
func GroupKey(tenant, groupID string) provisioning.ID {
	return provisioning.ID(provisioning.TraceID(tenant, groupID))
}
