package pollfeed

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/provtrail/provtrail/internal/envelope"
	"github.com/provtrail/provtrail/provisioning"
)

// pendingActivities are the account activities that are not final. They are read by id,
// less and less often, since a Pending activity outlives every lookback.
type pendingActivities struct {
	storage.Client
	byID    map[string]recheck
	changed bool
}

// recheck is when an activity is read next.
type recheck struct {
	at   time.Time
	wait time.Duration
}

const (
	pendingVersion = 1
	keyPending     = "pending"
	firstWait      = 5 * time.Minute
	maxWait        = 24 * time.Hour
	maxPending     = 50_000 // further ones are found by their modified time only
	maxDue         = 50     // read in one poll
)

// load reads the ids; errDamaged means that they are lost.
func (a *pendingActivities) load(ctx context.Context, client storage.Client) error {
	a.Client, a.byID = client, map[string]recheck{}
	value, err := client.Get(ctx, keyPending)
	if err != nil {
		return fmt.Errorf("the ids of pending activities cannot be read: %w", err)
	}
	if value == nil {
		return nil
	}
	var ids []string
	payload, err := envelope.Open(pendingVersion, value)
	if err == nil {
		err = json.Unmarshal(payload, &ids)
	}
	if err != nil {
		return fmt.Errorf("%w: the ids of pending activities: %w", errDamaged, err)
	}
	for _, id := range ids {
		a.byID[id] = recheck{time.Now(), firstWait}
	}
	return nil
}

// update adds and removes activities by what documents report. An activity is final when
// all its items are.
func (a *pendingActivities) update(observations []provisioning.Observation, now time.Time) {
	for from := 0; from < len(observations); {
		id, pending := observations[from].GroupID, false
		for from < len(observations) && observations[from].GroupID == id {
			switch observations[from].ReportedStatus {
			case provisioning.StatusSuccess, provisioning.StatusFailed, provisioning.StatusNotVerifiable:
			default:
				pending = true
			}
			from++
		}
		_, known := a.byID[id]
		switch {
		case pending && !known && len(a.byID) < maxPending:
			a.byID[id] = recheck{now.Add(firstWait), firstWait}
			a.changed = true
		case !pending && known:
			a.remove(id)
		}
	}
}

func (a *pendingActivities) remove(id string) {
	delete(a.byID, id)
	a.changed = true
}

// due returns the activities to read now and doubles the wait of each.
func (a *pendingActivities) due(now time.Time) (ids []string) {
	for id, next := range a.byID {
		if !next.at.After(now) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(x, y string) int { return a.byID[x].at.Compare(a.byID[y].at) })
	ids = ids[:min(len(ids), maxDue)]
	for _, id := range ids {
		wait := min(2*a.byID[id].wait, maxWait)
		a.byID[id] = recheck{now.Add(wait), wait}
	}
	return ids
}

func (a *pendingActivities) save(ctx context.Context) error {
	if !a.changed {
		return nil
	}
	ids := make([]string, 0, len(a.byID))
	for id := range a.byID {
		ids = append(ids, id)
	}
	value, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	if err := a.Set(ctx, keyPending, envelope.Seal(pendingVersion, value)); err != nil {
		return fmt.Errorf("the ids of pending activities cannot be stored: %w", err)
	}
	a.changed = false
	return nil
}
