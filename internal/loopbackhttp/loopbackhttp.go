// Package loopbackhttp keeps web pages in a browser away from a server on loopback.
//
// Whoever listens on 127.0.0.1 without a password trusts the users of the machine. A page
// from elsewhere in a browser on that machine is none of them, but its requests arrive
// too: as cross-origin requests, or with a name that its owner made resolve to 127.0.0.1
// (DNS rebinding).
package loopbackhttp

import (
	"net"
	"net/http"
	"strings"
)

// Handler refuses with 403, where endpoint (host:port) is on loopback, requests whose Host
// header is no loopback name, and requests of pages of another origin. Elsewhere it is
// next: authentication guards such a server.
func Handler(endpoint string, next http.Handler) http.Handler {
	if !IsLoopback(endpoint) {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !IsLoopback(r.Host):
			http.Error(w, "Refused: the Host header is none of this machine's loopback names.", http.StatusForbidden)
		case isForeign(r):
			http.Error(w, "Refused: the request comes from a web page of another origin.", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// isForeign says whether a page of another origin sent the request. A link that a person
// follows is no such request: the page does not see what it leads to.
func isForeign(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		_, host, _ := strings.Cut(origin, "://")
		return host != r.Host
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return false
	}
	return r.Method != http.MethodGet || r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Header.Get("Sec-Fetch-Dest") != "document"
}

// IsLoopback reports whether a host, with a port or without, can be reached from this machine
// alone.
func IsLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
