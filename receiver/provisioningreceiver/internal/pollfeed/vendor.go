package pollfeed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/time/rate"

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/apiclient"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/reconcile"
)

// asker sends the requests of reconciliation, each of which may fail.
type asker struct {
	feed   string
	client *apiclient.Client
	share  *rate.Limiter
	intake *intake
}

// maxAttempts bounds how often a request of reconciliation is sent. Then the hour is asked
// about again later.
const maxAttempts = 4

// maxPages bounds the list of one hour, in case the vendor's answers have no end.
const maxPages = 10_000

func (a *asker) request(method, path, body string) apiclient.Request {
	return apiclient.Request{Feed: a.feed, Method: method, Path: path, Body: body, Attempts: maxAttempts, Share: a.share}
}

func (a *asker) deliver(ctx context.Context, documents []json.RawMessage) error {
	_, err := a.intake.accept(ctx, documents, func([]provisioning.Observation) {})
	return err
}

// read reads the documents of a period, page by page. The end is not in the period.
func (a *asker) read(ctx context.Context, p pages, from, until time.Time, page func([]json.RawMessage) error) error {
	c := cursor{from: from, until: until.Add(-time.Millisecond)}
	pages := 0
	for more := true; more; pages++ {
		if pages == maxPages {
			return fmt.Errorf("the list does not end after %d pages", maxPages)
		}
		method, path, body := p.request(&c)
		answer, err := a.client.Do(ctx, a.request(method, path, body))
		if err != nil {
			return err
		}
		documents := split(answer)
		rows, _ := readRows(p, documents)
		more = p.next(&c, rows)
		if err := page(documents); err != nil {
			return err
		}
	}
	return nil
}

// list reads the documents of a period and gives take those of each page that are lacking.
func (a *asker) list(ctx context.Context, p pages, from, until time.Time, lacks reconcile.Lacks, take func([]json.RawMessage) error) (map[uint64]string, error) {
	listed := map[uint64]string{}
	err := a.read(ctx, p, from, until, func(documents []json.RawMessage) error {
		hashes := make([]uint64, len(documents))
		for i, d := range documents {
			identity := sailpoint.Identify(d)
			hashes[i] = hashOf(&identity, d)
			listed[hashes[i]] = identity.ID
		}
		lacking, err := lacks(hashes)
		if err != nil {
			return err
		}
		var wanted []json.RawMessage
		for i, lack := range lacking {
			if lack {
				wanted = append(wanted, documents[i])
			}
		}
		return take(wanted)
	})
	return listed, err
}

// reread reads the documents of a period and delivers those that are lacking.
func (a *asker) reread(ctx context.Context, p pages, from, until time.Time, lacks reconcile.Lacks) (map[uint64]string, error) {
	return a.list(ctx, p, from, until, lacks, func(documents []json.RawMessage) error { return a.deliver(ctx, documents) })
}

// restVendor answers for account activities.
type restVendor struct{ *asker }

// Count implements reconcile.Vendor.
func (v restVendor) Count(ctx context.Context, from, until time.Time) (int64, error) {
	q := url.Values{}
	q.Set("count", "true")
	q.Set("limit", "1")
	q.Set("filters", "created ge "+from.Format(vendorTime)+" and created lt "+until.Format(vendorTime))
	return v.client.Count(ctx, v.request(http.MethodGet, v.intake.cfg.Path+"?"+q.Encode(), ""))
}

// Reread implements reconcile.Vendor. The API lists no ids alone.
func (v restVendor) Reread(ctx context.Context, from, until time.Time, lacks reconcile.Lacks) (map[uint64]string, error) {
	return v.reread(ctx, restPages{v.intake.cfg, "created"}, from, until, lacks)
}

// searchVendor answers for a search index.
type searchVendor struct {
	*asker
	index string
}

// Count implements reconcile.Vendor.
func (v searchVendor) Count(ctx context.Context, from, until time.Time) (int64, error) {
	p := v.pages()
	body := p.body(p.query(from, until.Add(-time.Millisecond)))
	return v.client.Count(ctx, v.request(http.MethodPost, v.intake.cfg.Path+"/count", body))
}

func (v searchVendor) pages() searchPages {
	return searchPages{cfg: v.intake.cfg, index: v.index, sort: "created"}
}

// Reread implements reconcile.Vendor. It lists the ids, and reads the documents that are
// lacking by id, or all where that takes fewer requests.
func (v searchVendor) Reread(ctx context.Context, from, until time.Time, lacks reconcile.Lacks) (map[uint64]string, error) {
	ids := v.pages()
	ids.only = []string{"id", "created"}
	wanted, pages := []string{}, 0
	listed, err := v.list(ctx, ids, from, until, lacks, func(documents []json.RawMessage) error {
		pages++
		for _, d := range documents {
			id := sailpoint.Identify(d).ID
			if id == "" {
				return errNoID // it counts as lacking: its hash is that of its part
			}
			wanted = append(wanted, id)
		}
		return nil
	})
	switch {
	case errors.Is(err, errNoID), err == nil && len(wanted) > pages:
		return v.reread(ctx, v.pages(), from, until, lacks)
	case err != nil:
		return listed, err
	}
	for _, id := range wanted {
		r := v.request(http.MethodGet, v.intake.cfg.Path+"/"+v.index+"/"+url.PathEscape(id), "")
		r.ID = id
		answer, err := v.client.Do(ctx, r)
		if errors.Is(err, apiclient.ErrNotFound) {
			continue // listed, and not there: it stays lacking
		}
		if err == nil {
			err = v.deliver(ctx, []json.RawMessage{answer})
		}
		if err != nil {
			return listed, err
		}
	}
	return listed, nil
}

// errNoID means that a list of ids has a document without one.
var errNoID = errors.New("a document has no id")
