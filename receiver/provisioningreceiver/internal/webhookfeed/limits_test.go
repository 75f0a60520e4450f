package webhookfeed

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feedtest"
	"github.com/stretchr/testify/require"
)

// A client that sends its request byte by byte does not keep a place from others:
// the connection is ended after the read timeout, and the next request is accepted.
func TestSlowRequestsAreEnded(t *testing.T) {
	s := feedtest.NewStore()
	address := listening(t, s, func(c *Config) {
		c.MaxInFlight = 1
		c.ServerConfig.ReadHeaderTimeout, c.ServerConfig.ReadTimeout = 200*time.Millisecond, 300*time.Millisecond
	})
	u, err := url.Parse(address)
	require.NoError(t, err)
	for name, begin := range map[string]string{
		"headers": "POST /sailpoint HTTP/1.1\r\nHost: x\r\nX-Slow: ",
		"body":    "POST /sailpoint HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{",
	} {
		conn, err := net.Dial("tcp", u.Host)
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
		_, err = fmt.Fprint(conn, begin)
		require.NoError(t, err)
		answer, err := io.ReadAll(bufio.NewReader(conn))
		require.NoError(t, err, "%s: the server ends the connection by itself", name)
		require.NotContains(t, string(answer), "200 OK", name)
		require.NoError(t, conn.Close())
		response, text := post(t, address, trigger)
		require.Equal(t, http.StatusOK, response.StatusCode, "%s: %s", name, text)
	}
	require.Equal(t, map[string]int{"t1": 1}, s.Groups())
}

func TestWebhookDefaultsBoundARequest(t *testing.T) {
	c := NewDefaultConfig()
	require.NoError(t, c.Validate())
	require.Positive(t, c.ServerConfig.ReadTimeout)
	require.Positive(t, c.ServerConfig.ReadHeaderTimeout)
	require.Positive(t, c.ServerConfig.MaxRequestBodySize)
}

func TestOnlyLoopbackGoesWithoutAuth(t *testing.T) {
	f := func(endpoint, complaint string) {
		t.Helper()
		c := NewDefaultConfig()
		c.ServerConfig.NetAddr.Endpoint = endpoint
		err := c.Validate()
		if complaint == "" {
			require.NoError(t, err)
			return
		}
		require.ErrorContains(t, err, complaint)
		c.AllowUnauthenticated = true
		require.NoError(t, c.Validate())
	}
	f("127.0.0.1:8088", "")
	f("[::1]:8088", "")
	f("localhost:8088", "")
	f("0.0.0.0:8088", "auth must be set")
	f("10.0.0.7:8088", "auth must be set")
	f(":8088", "auth must be set")
}

// A long body is refused before it is in memory, and what is refused is not stored.
func TestOversizedBodyIsRefused(t *testing.T) {
	s := feedtest.NewStore()
	address := listening(t, s, func(c *Config) { c.ServerConfig.MaxRequestBodySize = 1 << 10 })
	response, text := post(t, address, `{"pad":"`+strings.Repeat("x", 1<<20)+`"}`)
	require.Equal(t, http.StatusRequestEntityTooLarge, response.StatusCode)
	require.Contains(t, text, "max_request_body_size (1024 bytes)")
	require.Empty(t, s.Groups())
}
