package api

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// tokenLife is how long the vendor's tokens live.
const tokenLife = 749 * time.Second

type token struct {
	client  string
	expires time.Time
}

// token answers POST /oauth/token for client credentials given as a form, in the
// query or as basic authentication.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	if err := r.ParseForm(); err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_request"})
		return
	}
	if grant := r.Form.Get("grant_type"); grant != "client_credentials" {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "unsupported_grant_type", "error_description": "Unsupported grant type: " + grant})
		return
	}
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.Form.Get("client_id"), r.Form.Get("client_secret")
	}
	if id == "" || s.ClientID != "" && (id != s.ClientID || secret != s.ClientSecret) {
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client", "error_description": "Bad client credentials"})
		return
	}
	access := s.hex(32)
	s.mu.Lock()
	s.tokens[access] = token{id, s.Now().Add(tokenLife)}
	s.stats["tokens"]++
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, map[string]any{
		"access_token": access, "token_type": "bearer", "expires_in": int(tokenLife.Seconds()), "scope": "sp:scopes:all",
		"tenant_id": s.tenant.Name, "pod": s.tenant.Pod, "org": s.tenant.Name, "identity_id": s.tenant.Identities[0].ID,
		"user_name": s.tenant.Identities[0].Name, "strong_auth_supported": false, "jti": s.hex(8),
	})
}

// oauthInfo answers GET /oauth/info, which gives tenants with a vanity URL the
// address of their token endpoint.
func (s *Server) oauthInfo(w http.ResponseWriter, r *http.Request) {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	base := scheme + "://" + r.Host
	writeJSON(w, http.StatusOK, map[string]any{
		"authorizeEndpoint": base + "/oauth/authorize", "tokenEndpoint": base + "/oauth/token",
		"pod": s.tenant.Pod, "org": s.tenant.Name, "authorizeUserInfoEndpoint": base + "/oauth/userinfo",
	})
}

// authorised returns the client of the request's token.
func (s *Server) authorised(r *http.Request) (client string, ok bool) {
	access, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !found {
		return "", false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.tokens[access]
	if !ok || !s.Now().Before(t.expires) {
		delete(s.tokens, access)
		return "", false
	}
	return t.client, true
}

// limiter allows each client a number of requests in ten seconds.
type limiter struct {
	most    int
	mu      sync.Mutex // guards clients
	clients map[string]*window10
}

type window10 struct {
	began time.Time
	used  int
}

const limitWindow = 10 * time.Second

// take uses one request; wait is how long there is none left.
func (l *limiter) take(client string, now time.Time) (wait time.Duration) {
	if l.most < 0 {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	w, ok := l.clients[client]
	if !ok || now.Sub(w.began) >= limitWindow {
		w = &window10{began: now}
		l.clients[client] = w
	}
	if w.used >= l.most {
		return limitWindow - now.Sub(w.began)
	}
	w.used++
	return 0
}

func (s *Server) tooMany(w http.ResponseWriter, wait time.Duration) {
	s.count("too_many_requests")
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	writeJSON(w, http.StatusTooManyRequests, map[string]string{"message": "Rate Limit Exceeded"})
}

// versionOf is the API version of a path: the vendor's limit is per version.
func versionOf(path string) string {
	for part := range strings.SplitSeq(path, "/") {
		if part == "beta" || len(part) > 1 && part[0] == 'v' && part[1] >= '0' && part[1] <= '9' {
			return part
		}
	}
	return ""
}
