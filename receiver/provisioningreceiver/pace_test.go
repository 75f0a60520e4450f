package provisioningreceiver

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/metadata"
)

func TestPace(t *testing.T) {
	p := newPace(defaultRESTConfig().Interval)
	require.Equal(t, 45*time.Second, p.wait)
	require.Equal(t, 30*time.Second, p.after(true, false))
	for _, want := range []float64{37.5, 45, 52.5, 60, 60} {
		require.InDelta(t, want, p.after(false, false).Seconds(), 1e-6)
	}
	require.Equal(t, 30*time.Second, p.after(true, false), "at once")
	require.Equal(t, 60*time.Second, p.after(true, true), "refused although there is more")
	require.Equal(t, 60*time.Second, p.after(false, false))
}

func TestPaceStaysWithinItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		interval := time.Duration(rapid.Int64Range(1, int64(24*time.Hour)).Draw(t, "interval"))
		p := newPace(interval)
		for range rapid.IntRange(1, 20).Draw(t, "polls") {
			wait := p.after(rapid.Bool().Draw(t, "fresh"), rapid.Bool().Draw(t, "refused"))
			if wait < interval*2/3 || wait > interval*4/3 {
				t.Fatalf("%v is outside of the bounds of %v", wait, interval)
			}
		}
	})
}

// vendorFunc answers the client's requests without a network.
type vendorFunc func(*http.Request) (status int, body string)

func (f vendorFunc) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := f(r)
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// TestPollsFollowWhatComes: a feed with something new asks again every 30 s, a
// quiet one and one whose requests are refused every 60 s.
func TestPollsFollowWhatComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		var polls []time.Duration // since the begin
		answer := func(time.Duration) (int, string) { return http.StatusOK, `[]` }
		cfg := NewFactory().CreateDefaultConfig().(*Config)
		api := defaultAPIConfig()
		api.ClientConfig.Endpoint = "http://vendor"
		cfg.API, cfg.Search = configoptional.Some(api), configoptional.Some(defaultSearchConfig())
		cfg.Search.Get().Overlaps = cfg.Search.Get().Overlaps[:1]
		r, err := newReceiver(receivertest.NewNopSettings(metadata.Type), cfg, newStore())
		require.NoError(t, err)
		r.client.http = &http.Client{Transport: vendorFunc(func(*http.Request) (int, string) {
			at := time.Since(begun)
			polls = append(polls, at)
			return answer(at)
		})}
		r.client.tokens = nil
		require.NoError(t, r.feeds[0].start(t.Context(), componenttest.NewNopHost()))
		defer func() { require.NoError(t, r.Shutdown(t.Context())) }()
		// gaps are between the polls of the next ten minutes.
		gaps := func() (out []time.Duration) {
			from := len(polls)
			time.Sleep(10 * time.Minute)
			synctest.Wait()
			for i := from + 1; i < len(polls); i++ {
				out = append(out, polls[i]-polls[i-1])
			}
			return out
		}
		news := func(at time.Duration) string {
			return fmt.Sprintf(`[{"id":"%d","trackingNumber":"%d","modified":%q,"accountRequests":[{"op":"Modify","accountId":"ada","source":{"name":"AD"},"result":{"status":"committed"}}]}]`,
				at, at, begun.Add(at).UTC().Format(vendorTime))
		}
		quiet := gaps()
		require.Equal(t, 52500*time.Millisecond, quiet[0])
		require.Equal(t, 60*time.Second, slices.Min(quiet[1:]))
		require.Equal(t, 60*time.Second, slices.Max(quiet))

		answer = func(at time.Duration) (int, string) { return http.StatusOK, news(at) }
		busy := gaps()
		require.Equal(t, 30*time.Second, slices.Max(busy), "always something new")
		require.Equal(t, 30*time.Second, slices.Min(busy))

		refusals := 0
		answer = func(at time.Duration) (int, string) {
			if refusals++; refusals%2 == 1 {
				return http.StatusTooManyRequests, ""
			}
			return http.StatusOK, news(at)
		}
		pairs := 0
		for pair := range slices.Chunk(gaps(), 2) {
			if len(pair) == 2 { // a refusal is asked again after half a second or so
				require.Equal(t, 60*time.Second, pair[0]+pair[1])
				pairs++
			}
		}
		require.GreaterOrEqual(t, pairs, 8)
	})
}
