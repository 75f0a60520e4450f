package pollfeed

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/apiclient"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feed"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feedtest"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/reconcile"
)

// sections are those of the receiver's configuration that polling needs.
type sections struct {
	api                  apiclient.Config
	rest, search, events *Config // nil: the feed is off
	reconcile            reconcile.Config
	countCut             int64 // 0: the default
}

// running are started feeds.
type running struct {
	*feedtest.Env
	client *apiclient.Client
	parts  []component.Component
	feeds  []*Feed // of the parts
}

var transportID = component.MustNewID("transport")

// roundTripper is a client extension that answers requests, or passes them on.
type roundTripper struct {
	component.StartFunc
	component.ShutdownFunc
	answer func(next http.RoundTripper, r *http.Request) (*http.Response, error)
}

// RoundTripper implements extensionauth.HTTPClient.
func (x roundTripper) RoundTripper(next http.RoundTripper) (http.RoundTripper, error) {
	return transport(func(r *http.Request) (*http.Response, error) { return x.answer(next, r) }), nil
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// noon is the time at which the tests begin.
var (
	noon  = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	begun = time.Now()
)

func testClock() time.Time { return noon.Add(time.Since(begun)) }

// serve answers by the clock of the tests and returns the address.
func serve(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", testClock().Format(http.TimeFormat))
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// newFeeds makes the feeds, with every request through an extension unless that is nil.
func newFeeds(t testing.TB, next consumer.Logs, storageDir string, configure func(*sections), x component.Component, change ...func(*receiver.Settings)) *running {
	t.Helper()
	s := sections{api: apiclient.NewDefaultConfig(), reconcile: reconcile.Config{BudgetShare: 1}} // off
	configure(&s)
	r := &running{Env: feedtest.NewEnv(t, "", next, storageDir, change...)}
	if x != nil {
		r.Host.Extensions[transportID] = x
		s.api.ClientConfig.Auth = configoptional.Some(configauth.Config{AuthenticatorID: transportID})
	}
	r.client = apiclient.New(&s.api, r.TelemetrySettings, r.Metrics)
	if x == nil { // otherwise the time is that of synctest
		r.client.Clock = testClock
	}
	vendor := NewAPI(r.client, &s.reconcile)
	if s.countCut > 0 {
		vendor.countCut = s.countCut
	}
	of := func(f provisioning.Feed) feed.Settings {
		set := r.Settings
		parser := *set.Parser
		parser.Feed = f
		set.Parser = &parser
		return set
	}
	if s.rest != nil {
		r.parts = append(r.parts, NewREST(s.rest, of(provisioning.FeedREST), vendor)...)
	}
	if s.search != nil {
		r.parts = append(r.parts, NewSearch(s.search, of(provisioning.FeedSearch), vendor)...)
	}
	if s.events != nil {
		r.parts = append(r.parts, NewEvents(s.events, of(provisioning.FeedEvents), vendor)...)
	}
	for _, p := range r.parts {
		if f, ok := p.(*Feed); ok {
			r.feeds = append(r.feeds, f)
		}
	}
	return r
}

func (r *running) start() {
	r.Start(append([]component.Component{r.client}, r.parts...)...)
}

// start starts feeds that retry quickly.
func start(t testing.TB, next consumer.Logs, storageDir string, configure func(*sections)) *running {
	t.Helper()
	r := newFeeds(t, next, storageDir, configure, nil)
	r.client.Retry = feedtest.QuickRetry
	r.start()
	return r
}

// polling configures quick polls of a vendor.
func polling(url string) func(*sections) {
	return func(s *sections) {
		s.api.ClientConfig.Endpoint = url
		s.api.ClientID, s.api.ClientSecret, s.api.RequestsPer10s = "id", "secret", 1_000_000
		quick := func(c Config, pageSize int) *Config {
			c.Interval, c.PageSize, c.Lookback = 20*time.Millisecond, pageSize, []time.Duration{26 * time.Hour}
			return &c
		}
		s.rest = quick(NewDefaultRESTConfig(), 20)
		s.search = quick(NewDefaultSearchConfig(), 30)
		s.events = quick(NewDefaultEventsConfig(), 30)
	}
}

// onlyREST polls account activities without a token.
func onlyREST(url string) func(*sections) {
	return func(s *sections) {
		polling(url)(s)
		s.api.ClientID, s.api.ClientSecret = "", ""
		s.search, s.events = nil, nil
	}
}

// searching polls the search index with the given vendor, as it is by default but for what
// change does.
func searching(change func(*Config)) func(*sections) {
	return func(s *sections) {
		s.api.ClientConfig.Endpoint = "http://vendor"
		s.search = new(Config)
		*s.search = NewDefaultSearchConfig()
		change(s.search)
	}
}
