package simulate_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/internal/simulate"
	"github.com/provtrail/provtrail/internal/simulate/api"
	"github.com/provtrail/provtrail/internal/simulate/model"
	"github.com/provtrail/provtrail/internal/simulate/truth"
	"github.com/provtrail/provtrail/provisioning"
)

// drawNow draws a time: any, around a midnight, or moments after a group began.
func drawNow(t *rapid.T, o *simulate.Options) time.Time {
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 400).Draw(t, "day"))
	switch rapid.SampledFrom([]string{"any", "midnight", "young group"}).Draw(t, "sort of now") {
	case "midnight":
		return day.Add(time.Duration(rapid.Int64Range(-5000, 5000).Draw(t, "ms from midnight")) * time.Millisecond)
	case "young group":
		hour := day.Add(time.Duration(rapid.IntRange(0, 23).Draw(t, "hour")) * time.Hour)
		if groups := o.NewTenant().Hour(hour, o.GroupsPerDay); len(groups) > 0 {
			g := groups[rapid.IntRange(0, len(groups)-1).Draw(t, "group")]
			return model.Time(g.Created + rapid.Int64Range(1, 60_000).Draw(t, "age in ms"))
		}
	}
	return day.Add(time.Duration(rapid.Int64Range(0, 24*3600*1000-1).Draw(t, "ms of the day")) * time.Millisecond)
}

// drawOptions draws a tenant that was watched for some time until a drawn now.
func drawOptions(t *rapid.T, dir string) simulate.Options {
	o := simulate.DefaultOptions()
	o.Out, o.Identities = dir, 60
	o.Seed = rapid.Uint64Range(1, 1000).Draw(t, "seed")
	o.GroupsPerDay = rapid.Float64Range(50, 2000).Draw(t, "groups per day")
	o.Feeds = rapid.SliceOfNDistinct(rapid.SampledFrom(simulate.Feeds), 1, 4, rapid.ID[string]).Draw(t, "feeds")
	for _, share := range []*float64{&o.Late, &o.Duplicates, &o.Shuffle, &o.Ties} {
		*share = rapid.SampledFrom([]float64{0, 0.05, 0.6}).Draw(t, "late, duplicates, shuffle, ties")
	}
	o.Envelopes = rapid.Bool().Draw(t, "envelopes")
	o.Stories = rapid.Bool().Draw(t, "stories")
	o.To = drawNow(t, &o)
	o.From = o.To.Add(-time.Duration(rapid.Int64Range(1, 6*3600*1000).Draw(t, "watched for ms")) * time.Millisecond)
	return o
}

// What the feeds report until now, folded, equals the truth at now: at any hour, with any
// feeds, and while the youngest groups have only some of their documents.
func TestTruthAtAnyNow(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		require.NoError(rt, err)
		o := drawOptions(rt, dir)
		_, err = simulate.Run(t.Context(), o)
		require.NoError(rt, err)
		known, err := truth.Read(o.Truth())
		require.NoError(rt, err)
		wrong := differences(known, observations(t, o.Inbox()))
		require.Empty(rt, wrong[:min(len(wrong), 3)], "the first of %d differences", len(wrong))
		require.NoError(rt, os.RemoveAll(dir))
	})
}

// What the API shows at now, folded, has the statuses that the API's truth states.
func TestAPITruthAtAnyNow(t *testing.T) {
	feeds := map[string]provisioning.Feed{
		"account-activities": provisioning.FeedREST, "accountactivities": provisioning.FeedSearch, "events": provisioning.FeedEvents,
	}
	rapid.Check(t, func(rt *rapid.T) {
		o := drawOptions(rt, "")
		s := api.NewServer(o.NewTenant(), api.Options{
			From: o.From, GroupsPerDay: o.GroupsPerDay, Late: o.Late, Ties: o.Ties, Now: func() time.Time { return o.To },
		})
		groups := map[string][]provisioning.Observation{}
		s.Documents(func(d api.Document) {
			if !d.Current {
				return
			}
			var text bytes.Buffer
			require.NoError(rt, json.NewEncoder(&text).Encode(d.Body))
			var result sailpoint.Result
			p := sailpoint.Parser{Tenant: o.Tenant, Feed: feeds[d.Index]}
			p.Parse(text.Bytes(), pcommon.NewTimestampFromTime(o.To), &result)
			require.Empty(rt, result.Rejected)
			for i := range result.Observations {
				groups[result.Observations[i].GroupID] = append(groups[result.Observations[i].GroupID], result.Observations[i])
			}
		})
		want, have := map[string]string{}, map[string]string{}
		s.Truth(func(activities []truth.Activity, _ truth.Group) {
			for i := range activities {
				want[activities[i].ActivityID] = activities[i].Status
			}
		})
		for _, observed := range groups {
			for _, a := range provisioning.Resolve(observed) {
				have[a.ID.String()] = a.Status.String()
			}
		}
		require.Equal(rt, want, have)
	})
}
