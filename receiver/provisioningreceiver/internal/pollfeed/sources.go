package pollfeed

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/apiclient"
	"golang.org/x/sync/semaphore"
)

// SourceNames finds the names of sources by id: account activities have only the id. All
// sources are read at once, and once more when an unknown id appears, but not more often
// than every sourcesPeriod.
type SourceNames struct {
	client *apiclient.Client

	lock  *semaphore.Weighted // of size 1, guards everything below
	names map[string]string
	read  time.Time
}

// NewSourceNames makes the names that all feeds share.
func NewSourceNames(client *apiclient.Client) *SourceNames {
	return &SourceNames{client: client, lock: semaphore.NewWeighted(1)}
}

const (
	sourcesPage   = 250
	sourcesPeriod = 5 * time.Minute
)

// complete sets the source names that are missing and known.
func (s *SourceNames) complete(ctx context.Context, observations []provisioning.Observation) error {
	if s.client.SourcesPath() == "" {
		return nil
	}
	if err := s.lock.Acquire(ctx, 1); err != nil {
		return context.Cause(ctx)
	}
	defer s.lock.Release(1)
	for i := range observations {
		o := &observations[i]
		// A source id that is a name has no other name.
		if o.SourceID == "" || o.SourceName != "" {
			continue
		}
		name, ok := s.names[o.SourceID]
		if !ok && time.Since(s.read) > sourcesPeriod {
			if err := s.load(ctx); err != nil {
				return err
			}
			name = s.names[o.SourceID]
		}
		o.SourceName = name
	}
	return nil
}

func (s *SourceNames) load(ctx context.Context) error {
	names := map[string]string{}
	for offset := 0; ; offset += sourcesPage {
		path := s.client.SourcesPath() + "?limit=" + strconv.Itoa(sourcesPage) + "&offset=" + strconv.Itoa(offset)
		answer, err := s.client.Do(ctx, apiclient.Request{Feed: "sources", Method: http.MethodGet, Path: path})
		if err != nil {
			return err
		}
		var page []struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		}
		_ = json.Unmarshal(answer, &page) // a source that cannot be read has no name
		for _, p := range page {
			names[p.ID] = p.Name
		}
		if len(page) < sourcesPage {
			break
		}
	}
	s.names, s.read = names, time.Now()
	return nil
}
