package loki

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// counter counts Loki's answers on their way back.
type counter struct {
	mu    sync.Mutex
	codes map[int]int
}

// before starts a proxy before Loki and returns its address.
func (c *counter) before(t *testing.T, loki string) string {
	to, err := url.Parse(loki)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ModifyResponse = func(resp *http.Response) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.codes == nil {
			c.codes = map[int]int{}
		}
		c.codes[resp.StatusCode]++
		return nil
	}
	s := httptest.NewServer(proxy)
	t.Cleanup(s.Close)
	return s.URL
}

func (c *counter) of(code int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.codes[code]
}
