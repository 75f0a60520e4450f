package api

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/provtrail/provtrail/internal/simulate/view"
)

// The faults, each with a probability per request, per document or per trigger.
const (
	FaultRateLimited   = "rate_limited"     // 429 with Retry-After although the budget is not used up
	FaultServerError   = "server_error"     // 500 with the vendor's error document
	FaultBadGateway    = "bad_gateway_html" // 502 with HTML
	FaultHTML          = "html_200"         // 200 with HTML
	FaultNotAnArray    = "not_an_array"     // 200 with an object instead of a list
	FaultHalfBody      = "half_body"        // the connection ends in the middle of the body
	FaultGzip          = "gzip"             // the body is compressed, if the client accepts that
	FaultSlowDrip      = "slow_drip"        // the body comes in pieces over a second
	FaultRedirect      = "redirect"         // 307 to the same resource
	FaultExpiredToken  = "expired_token"    // the token ends now: 401
	FaultRepeatPage    = "repeat_page"      // the page before, once more
	FaultMovingRows    = "moving_rows"      // rows before the page went away: some are skipped
	FaultUnknownFields = "unknown_fields"   // per document: fields nobody documented
	FaultUnknownEnums  = "unknown_enums"    // per REST item: a status nobody documented

	FaultTriggerDrop    = "trigger_drop"    // a trigger is not delivered
	FaultTriggerDouble  = "trigger_double"  // a trigger is delivered twice
	FaultTriggerReorder = "trigger_reorder" // a trigger is delivered after the next ones
)

// FaultNames lists all faults.
var FaultNames = slices.Concat(requestFaults, CountFaults, DocumentFaults)

var requestFaults = []string{
	FaultRateLimited, FaultServerError, FaultBadGateway, FaultHTML, FaultNotAnArray, FaultHalfBody, FaultGzip, FaultSlowDrip,
	FaultRedirect, FaultExpiredToken, FaultRepeatPage, FaultMovingRows, FaultUnknownFields, FaultUnknownEnums,
	FaultTriggerDrop, FaultTriggerDouble, FaultTriggerReorder,
}

// SetFaults changes the probabilities of the named faults.
func (s *Server) SetFaults(faults map[string]float64) error {
	for name, p := range faults {
		if !slices.Contains(FaultNames, name) {
			return fmt.Errorf("fault %q is unknown; nothing was changed: want one of %s", name, strings.Join(FaultNames, ", "))
		}
		if p < 0 || p > 1 {
			return fmt.Errorf("fault %s has probability %v; nothing was changed: want 0 to 1", name, p)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.Copy(s.faults, faults)
	return nil
}

// roll decides whether a fault happens now.
func (s *Server) roll(fault string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.faults[fault]
	if p == 0 || s.rng.Float64() >= p {
		return false
	}
	s.stats["fault."+fault]++
	return true
}

// fail answers the request with a failure, if a fault is drawn.
func (s *Server) fail(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case s.roll(FaultRateLimited):
		s.tooMany(w, time.Second)
	case s.roll(FaultServerError):
		s.failure(w, http.StatusInternalServerError, "500.0 Internal fault", "An internal fault occurred.")
	case s.roll(FaultBadGateway):
		html(w, http.StatusBadGateway, "502 Bad Gateway")
	case s.roll(FaultExpiredToken):
		s.mu.Lock()
		delete(s.tokens, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		s.mu.Unlock()
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "JWT validation failed: JWT is expired"})
	case !r.URL.Query().Has("redirected") && s.roll(FaultRedirect):
		target := *r.URL
		q := target.Query()
		q.Set("redirected", "true")
		target.RawQuery = q.Encode()
		http.Redirect(w, r, target.RequestURI(), http.StatusTemporaryRedirect)
	default:
		return false
	}
	return true
}

func html(w http.ResponseWriter, status int, title string) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<html><head><title>%s</title></head><body><center><h1>%s</h1></center><hr></body></html>\n", title, title)
}

// send writes a body, or what a fault makes of it.
func (s *Server) send(w http.ResponseWriter, r *http.Request, body []byte) {
	switch {
	case s.roll(FaultHTML):
		html(w, http.StatusOK, "Sign in")
		return
	case s.roll(FaultNotAnArray):
		writeJSON(w, http.StatusOK, map[string]any{"message": "service temporarily degraded", "items": nil})
		return
	}
	w.Header().Set("Content-Type", "application/json")
	switch {
	case s.roll(FaultHalfBody):
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body[:len(body)/2])
		panic(http.ErrAbortHandler) // the way to end a connection in the middle
	case s.roll(FaultSlowDrip):
		drip(w, r, body)
	case strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && s.roll(FaultGzip):
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write(body) // the client may be gone
		_ = z.Close()
	default:
		_, _ = w.Write(body)
	}
}

const drips = 5

func drip(w http.ResponseWriter, r *http.Request, body []byte) {
	for i := range drips {
		piece := body[i*len(body)/drips : (i+1)*len(body)/drips]
		if _, err := w.Write(piece); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-time.After(time.Second / drips):
		}
	}
}

// distort moves a page the way lists do that change while they are read.
func (s *Server) distort(p page) page {
	if p.offset > 0 && s.roll(FaultRepeatPage) {
		p.offset = max(0, p.offset-p.limit)
	}
	if p.offset > 0 && s.roll(FaultMovingRows) {
		p.offset += 3
	}
	return p
}

// decorate may give a document fields, and an activity's item a status, nobody documented.
func (s *Server) decorate(body any) any {
	if a, ok := body.(view.AccountActivity); ok {
		for i := range a.Items {
			if s.roll(FaultUnknownEnums) {
				a.Items[i].ProvisioningStatus = "AWAITING_QUORUM"
			}
		}
	}
	if !s.roll(FaultUnknownFields) {
		return body
	}
	data, err := json.Marshal(body)
	if err != nil {
		return body
	}
	extra := []byte(`,"riskSignals":{"score":17,"model":"v9","tags":[null,"x"]},"isNew":true}`)
	return json.RawMessage(append(data[:len(data)-1], extra...))
}
