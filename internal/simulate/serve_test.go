package simulate_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/simulate"
	"github.com/provtrail/provtrail/internal/simulate/api"
	"github.com/provtrail/provtrail/internal/simulate/model"
)

func TestServeAnswersDeliversAndEnds(t *testing.T) {
	var triggers atomic.Int64
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { triggers.Add(1) }))
	defer hook.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var now atomic.Int64
	now.Store(monday.Add(10 * time.Hour).UnixMilli())
	s := api.NewServer(model.NewTenant("acme", 1, 50), api.Options{
		From: monday.Add(9 * time.Hour), GroupsPerDay: 20000, Now: func() time.Time { return time.UnixMilli(now.Load()) },
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		ended <- simulate.Serve(ctx, l, s, api.Webhook{URL: hook.URL, Client: hook.Client()})
	}()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Post("http://"+l.Addr().String()+"/oauth/token", "application/x-www-form-urlencoded",
		strings.NewReader("grant_type=client_credentials&client_id=a&client_secret=b"))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
	now.Add((30 * time.Minute).Milliseconds())
	require.Eventually(t, func() bool { return triggers.Load() > 0 }, 20*time.Second, 10*time.Millisecond)
	cancel()
	require.NoError(t, <-ended)
}
