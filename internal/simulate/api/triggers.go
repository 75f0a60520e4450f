package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/provtrail/provtrail/internal/simulate/model"
	"github.com/provtrail/provtrail/internal/simulate/view"
)

// Webhook is where triggers are delivered.
type Webhook struct {
	URL    string
	Header http.Header // e.g. Authorization
	Client *http.Client
}

// firing is a trigger that is due.
type firing struct {
	at  int64
	ref int32
}

// due lists the triggers fired since the last call, in order.
func (s *Server) due() []firing {
	now := s.now()
	s.mu.Lock()
	from := s.delivered
	s.delivered = max(now, from)
	s.mu.Unlock()
	var out []firing
	seen := map[int32]bool{}
	versions := s.history.points(&s.history.rest)
	// A trigger is fired within seconds after a change of its group.
	for i := versions.from(from - fireDelay); i < len(versions) && versions[i].at <= now; i++ {
		id := versions[i].ref
		if seen[id] {
			continue
		}
		seen[id] = true
		g := s.history.group(id)
		if at, ok := firedAt(g); ok && at > from && at <= now {
			out = append(out, firing{at, id})
		}
	}
	slices.SortFunc(out, func(a, b firing) int { return int(a.at - b.at) })
	return out
}

// fireDelay bounds the time from a group's last answer to its trigger, in milliseconds.
const fireDelay = 3000

// firedAt is when a group's trigger is fired, if it ever is.
func firedAt(g *model.Group) (at int64, ok bool) {
	at, ok = g.Provisioned()
	return at + 300 + int64(g.Seed%(fireDelay-300)), ok && g.Cause.Trigger != ""
}

// Deliver posts every trigger that was fired since it was last called, once and
// without retries, as the vendor does; what fails is lost. It returns how many
// were answered with a status below 300.
func (s *Server) Deliver(ctx context.Context, hook Webhook) (accepted int) {
	list := s.due()
	for i := 0; i+1 < len(list); i++ {
		if s.roll(FaultTriggerReorder) {
			list[i], list[i+1] = list[i+1], list[i]
		}
	}
	for _, f := range list {
		if s.roll(FaultTriggerDrop) {
			continue
		}
		times := 1
		if s.roll(FaultTriggerDouble) {
			times = 2
		}
		for range times {
			if s.post(ctx, &hook, f) {
				accepted++
				s.count("triggers_accepted")
			} else {
				s.count("triggers_lost")
			}
		}
	}
	return accepted
}

func (s *Server) post(ctx context.Context, hook *Webhook, f firing) bool {
	body, err := json.Marshal(view.Completed(s.history.group(f.ref), f.at))
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, hook.URL, bytes.NewReader(body))
	if err != nil {
		return false
	}
	if hook.Header != nil {
		req.Header = hook.Header.Clone()
	}
	req.Header.Set("Content-Type", "application/json")
	client := hook.Client
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16)) // so that the connection is used again
	return resp.Body.Close() == nil && resp.StatusCode < http.StatusMultipleChoices
}

// Run delivers triggers until ctx ends.
func (s *Server) Run(ctx context.Context, hook Webhook) {
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for {
		s.Deliver(ctx, hook)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
