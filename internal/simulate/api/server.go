package api

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/provtrail/provtrail/internal/simulate/model"
	"github.com/provtrail/provtrail/internal/simulate/view"
)

// Options is how the simulated vendor behaves. The zero value is a vendor
// without faults whose tenant began seven days ago.
type Options struct {
	From         time.Time        // begin of the tenant's history; zero: seven days before Now
	GroupsPerDay float64          // in a mean day; 0: 3000
	Now          func() time.Time // the clock; nil: time.Now. A test's may be virtual
	ClockSkew    time.Duration    // how far the vendor's clock is ahead of Now
	Late         float64          // share of search documents that appear up to 24 h late
	Ties         float64          // share of groups that change at the very same times as others

	ClientID, ClientSecret string        // empty: any client is let in
	Latency                time.Duration // what each answer takes besides
	// RateLimit is the number of requests a client has in ten seconds; 0: 100,
	// negative: no limit.
	RateLimit int
	Faults    map[string]float64 // probability by name of fault; see FaultNames
	CountCap  int                // what FaultCountCapped cuts counts at; 0: 10,000
	Seed      uint64             // of the faults
}

// Server is the vendor's API as an http.Handler.
type Server struct {
	Options
	tenant  *model.Tenant
	history *history
	mux     *http.ServeMux
	limit   limiter

	mu        sync.Mutex // guards everything below
	rng       *rand.Rand
	faults    map[string]float64
	skew      time.Duration
	stopped   int64 // the vendor's time while its clock stands still, else 0
	tokens    map[string]token
	stats     map[string]int
	delivered int64 // time until which triggers were delivered
}

// NewServer serves a tenant.
func NewServer(t *model.Tenant, o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.From.IsZero() {
		o.From = o.Now().Add(-7 * 24 * time.Hour)
	}
	if o.GroupsPerDay == 0 {
		o.GroupsPerDay = 3000
	}
	if o.RateLimit == 0 {
		o.RateLimit = 100
	}
	if o.CountCap == 0 {
		o.CountCap = maxWindow
	}
	if o.Ties > 0 {
		tied := *t
		tied.Ties, t = o.Ties, &tied
	}
	s := &Server{
		Options: o, tenant: t, history: newHistory(t, o.From, o.GroupsPerDay, o.Late), mux: http.NewServeMux(),
		limit: limiter{most: o.RateLimit, clients: map[string]*window10{}}, skew: o.ClockSkew,
		rng: rand.New(rand.NewPCG(o.Seed, 5)), faults: map[string]float64{}, tokens: map[string]token{}, stats: map[string]int{},
	}
	maps.Copy(s.faults, o.Faults)
	s.delivered = s.now()
	s.routes()
	return s
}

func (s *Server) routes() {
	s.mux.HandleFunc("POST /oauth/token", s.token)
	s.mux.HandleFunc("GET /oauth/info", s.oauthInfo)
	get := func(path string, h http.HandlerFunc) { s.mux.Handle("GET "+path, s.guarded(h)) }
	post := func(path string, h http.HandlerFunc) { s.mux.Handle("POST "+path, s.guarded(h)) }
	get("/account-activities/v1", s.listActivities)
	get("/account-activities/v1/{id}", s.getActivity)
	post("/search/v1", s.search)
	post("/search/v1/count", s.countMatches)
	get("/search/v1/{index}/{id}", s.getDocument)
	get("/sources/v1", s.listSources)
	get("/sources/v1/{id}", s.getSource)
	for _, version := range []string{"/beta", "/v3", "/v2024", "/v2025", "/v2026"} {
		get(version+"/account-activities", s.listActivities)
		get(version+"/account-activities/{id}", s.getActivity)
		post(version+"/search", s.search)
		post(version+"/search/count", s.countMatches)
		get(version+"/search/{index}/{id}", s.getDocument)
		get(version+"/sources", s.listSources)
		get(version+"/sources/{id}", s.getSource)
	}
	s.mux.HandleFunc("/_control/faults", s.controlFaults)
	s.mux.HandleFunc("/_control/clock", s.controlClock)
	s.mux.HandleFunc("GET /_control/stats", s.controlStats)
	s.mux.HandleFunc("GET /_control/truth", s.controlTruth)
	s.mux.HandleFunc("GET /_control/counts", s.controlCounts)
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// now is the vendor's clock in milliseconds; what happened until then is indexed.
func (s *Server) now() int64 {
	s.mu.Lock()
	skew, now := s.skew, s.stopped
	s.mu.Unlock()
	if now == 0 {
		now = s.Now().Add(skew).UnixMilli()
	}
	s.history.until(now)
	return now
}

// guarded lets authorised requests within the rate limit through, and has the
// faults their way.
func (s *Server) guarded(h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.count("requests")
		w.Header().Set("Date", model.Time(s.now()).Format(http.TimeFormat))
		client, ok := s.authorised(r)
		if !ok {
			s.count("unauthorized")
			writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "JWT validation failed: JWT is expired or invalid"})
			return
		}
		if wait := s.limit.take(client+" "+versionOf(r.URL.Path), s.Now()); wait > 0 {
			s.tooMany(w, wait)
			return
		}
		if s.Latency > 0 {
			select {
			case <-r.Context().Done():
				return
			case <-time.After(s.Latency):
			}
		}
		if !s.fail(w, r) {
			h(w, r)
		}
	})
}

// answer sends a document, or what a fault makes of it.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, body any) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.send(w, r, buf.Bytes())
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}

// failure is the vendor's error document.
type failure struct {
	DetailCode string           `json:"detailCode"`
	TrackingID string           `json:"trackingId"`
	Messages   []failureMessage `json:"messages"`
	Causes     []failureMessage `json:"causes"`
}

type failureMessage struct {
	Locale       string `json:"locale"`
	LocaleOrigin string `json:"localeOrigin"`
	Text         string `json:"text"`
}

func (s *Server) failure(w http.ResponseWriter, status int, code, text string) {
	writeJSON(w, status, failure{
		DetailCode: code, TrackingID: s.hex(16), Causes: []failureMessage{},
		Messages: []failureMessage{{"en-US", "DEFAULT", text}},
	})
}

func (s *Server) badRequest(w http.ResponseWriter, err error) {
	s.count("bad_requests")
	s.failure(w, http.StatusBadRequest, "400.1 Bad request content", err.Error())
}

func (s *Server) notFound(w http.ResponseWriter, id string) {
	s.failure(w, http.StatusNotFound, "404 Not found", "The server did not find a current representation for the target resource: "+id)
}

func (s *Server) hex(n int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(s.rng.UintN(256))
	}
	return hex.EncodeToString(b)
}

func (s *Server) count(what string) {
	s.mu.Lock()
	s.stats[what]++
	s.mu.Unlock()
}

func (s *Server) listSources(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	page, err := pageOf(q.Get("limit"), q.Get("offset"), maxActivities, maxActivities)
	if err != nil {
		s.badRequest(w, err)
		return
	}
	out := []any{}
	for _, source := range cut(page, s.tenant.Sources) {
		out = append(out, view.SourceOf(source))
	}
	s.answer(w, r, out)
}

func (s *Server) getSource(w http.ResponseWriter, r *http.Request) {
	source := s.tenant.Source(r.PathValue("id"))
	if source == nil {
		s.notFound(w, r.PathValue("id"))
		return
	}
	s.answer(w, r, view.SourceOf(source))
}
