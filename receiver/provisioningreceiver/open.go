package provisioningreceiver

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/provtrail/provtrail/provisioning"
)

// openActivities are the account activities that are not final: they are read
// again by id, less and less often, since a Pending one outlives every window.
type openActivities struct {
	storage.Client
	byID    map[string]again
	changed bool
}

// again is when an activity is read next.
type again struct {
	at   time.Time
	wait time.Duration
}

const (
	keyOpen   = "open"
	firstWait = 5 * time.Minute
	mostWait  = 24 * time.Hour
	mostOpen  = 50_000 // what is more is found by its modified time only
	mostDue   = 50     // read again in one poll
)

func (a *openActivities) load(ctx context.Context, client storage.Client) error {
	a.Client, a.byID = client, map[string]again{}
	value, err := client.Get(ctx, keyOpen)
	if err != nil {
		return err
	}
	var ids []string
	if json.Unmarshal(value, &ids) != nil {
		return nil // none, or damaged: the overlaps find them again
	}
	for _, id := range ids {
		a.byID[id] = again{time.Now(), firstWait}
	}
	return nil
}

// note learns from what documents say: one is final when all its items are.
func (a *openActivities) note(observations []provisioning.Observation, now time.Time) {
	for from := 0; from < len(observations); {
		id, open := observations[from].GroupID, false
		for from < len(observations) && observations[from].GroupID == id {
			switch observations[from].ReportedStatus {
			case provisioning.StatusSuccess, provisioning.StatusFailed, provisioning.StatusNotVerifiable:
			default:
				open = true
			}
			from++
		}
		_, known := a.byID[id]
		switch {
		case open && !known && len(a.byID) < mostOpen:
			a.byID[id] = again{now.Add(firstWait), firstWait}
			a.changed = true
		case !open && known:
			a.forget(id)
		}
	}
}

func (a *openActivities) forget(id string) {
	delete(a.byID, id)
	a.changed = true
}

// due returns activities to read again now and puts each off for twice as long.
func (a *openActivities) due(now time.Time) (ids []string) {
	for id, next := range a.byID {
		if !next.at.After(now) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(x, y string) int { return a.byID[x].at.Compare(a.byID[y].at) })
	ids = ids[:min(len(ids), mostDue)]
	for _, id := range ids {
		wait := min(2*a.byID[id].wait, mostWait)
		a.byID[id] = again{now.Add(wait), wait}
	}
	return ids
}

func (a *openActivities) save(ctx context.Context) error {
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
	a.changed = false
	return a.Set(ctx, keyOpen, value)
}
