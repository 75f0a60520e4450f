package provisioningreceiver

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/provtrail/provtrail/provisioning"
)

// sourceNames knows the names of sources by id: account activities have only the
// id. All sources are read at once, again when an unknown id appears, but not
// more often than every few minutes.
type sourceNames struct {
	client *client

	mu    sync.Mutex // guards everything below
	names map[string]string
	read  time.Time
}

const (
	sourcesPage   = 250
	sourcesPeriod = 5 * time.Minute
)

// complete sets the source names that are missing and known.
func (s *sourceNames) complete(ctx context.Context, observations []provisioning.Observation) error {
	if s.client.cfg.SourcesPath == "" {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range observations {
		o := &observations[i]
		// An id that is a name has no other name.
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

func (s *sourceNames) load(ctx context.Context) error {
	names := map[string]string{}
	for offset := 0; ; offset += sourcesPage {
		path := s.client.cfg.SourcesPath + "?limit=" + strconv.Itoa(sourcesPage) + "&offset=" + strconv.Itoa(offset)
		answer, err := s.client.list(ctx, "sources", http.MethodGet, path, "")
		if err != nil {
			return err
		}
		var page []struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		}
		_ = json.Unmarshal(answer, &page) // what it cannot read has no name
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
