package pollfeed

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feedtest"
)

func TestPace(t *testing.T) {
	p := newPace(NewDefaultRESTConfig().Interval)
	require.Equal(t, 45*time.Second, p.wait)
	require.Equal(t, 30*time.Second, p.after(true, false))
	for _, want := range []float64{37.5, 45, 52.5, 60, 60} {
		require.InDelta(t, want, p.after(false, false).Seconds(), 1e-6)
	}
	require.Equal(t, 30*time.Second, p.after(true, false), "at once")
	require.Equal(t, 60*time.Second, p.after(true, true), "throttled although there is more")
	require.Equal(t, 60*time.Second, p.after(false, false))
}

func TestPaceStaysWithinItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		interval := time.Duration(rapid.Int64Range(1, int64(24*time.Hour)).Draw(t, "interval"))
		p := newPace(interval)
		for range rapid.IntRange(1, 20).Draw(t, "polls") {
			wait := p.after(rapid.Bool().Draw(t, "fresh"), rapid.Bool().Draw(t, "throttled"))
			if wait < interval*2/3 || wait > interval*4/3 {
				t.Fatalf("%v is outside of the bounds of %v", wait, interval)
			}
		}
	})
}

// vendorFunc answers the client's requests without a network.
func vendorFunc(answer func(*http.Request) (status int, body string)) roundTripper {
	return roundTripper{answer: func(_ http.RoundTripper, r *http.Request) (*http.Response, error) {
		status, body := answer(r)
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}}
}

// searchDocument is a list of one document of the index accountactivities.
func searchDocument(id int, modified time.Time) string {
	return fmt.Sprintf(`[{"id":"%d","trackingNumber":"%d","modified":%q,"accountRequests":[{"op":"Modify","accountId":"ada","source":{"name":"AD"},"result":{"status":"committed"}}]}]`,
		id, id, modified.UTC().Format(vendorTime))
}

// TestPollsFollowWhatComes: a feed with something new polls every 30 s, a quiet one and
// one whose requests are throttled every 60 s.
func TestPollsFollowWhatComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		var mu sync.Mutex         // guards polls and answer
		var polls []time.Duration // since the start
		answer := func(time.Duration) (int, string) { return http.StatusOK, `[]` }
		answers := func(now func(time.Duration) (int, string)) {
			mu.Lock()
			defer mu.Unlock()
			answer = now
		}
		r := newFeeds(t, feedtest.NewStore(), t.TempDir(), searching(func(c *Config) {
			c.Lookback, c.Backfill = c.Lookback[:1], 5*time.Minute // one window, so one request a poll
		}), vendorFunc(func(*http.Request) (int, string) {
			mu.Lock()
			defer mu.Unlock()
			at := time.Since(begun)
			polls = append(polls, at)
			return answer(at)
		}))
		r.start()
		defer r.Stop()
		// gaps are between the polls of the next ten minutes.
		gaps := func() (out []time.Duration) {
			synctest.Wait()
			mu.Lock()
			first := len(polls)
			mu.Unlock()
			time.Sleep(10 * time.Minute)
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			for i := first + 1; i < len(polls); i++ {
				out = append(out, polls[i]-polls[i-1])
			}
			return out
		}
		news := func(at time.Duration) string {
			return searchDocument(int(at), begun.Add(at))
		}
		quiet := gaps()
		require.Equal(t, 52500*time.Millisecond, polls[1]-polls[0])
		require.Equal(t, 60*time.Second, slices.Min(quiet))
		require.Equal(t, 60*time.Second, slices.Max(quiet))

		answers(func(at time.Duration) (int, string) { return http.StatusOK, news(at) })
		busy := gaps()
		require.Equal(t, 30*time.Second, slices.Max(busy), "always something new")
		require.Equal(t, 30*time.Second, slices.Min(busy))

		refusals := 0
		answers(func(at time.Duration) (int, string) {
			if refusals++; refusals%2 == 1 {
				return http.StatusTooManyRequests, ""
			}
			return http.StatusOK, news(at)
		})
		pairs := 0
		for pair := range slices.Chunk(gaps(), 2) {
			if len(pair) == 2 { // a throttled request is repeated after half a second or so
				require.Equal(t, 60*time.Second, pair[0]+pair[1])
				pairs++
			}
		}
		require.GreaterOrEqual(t, pairs, 8)
	})
}

// slow is a next consumer that takes its time.
type slow struct {
	*feedtest.Store
	takes time.Duration
}

func (s slow) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	time.Sleep(s.takes)
	return s.Store.ConsumeLogs(ctx, logs)
}

// TestRequestsWhileItDelivers: the vendor's time and the next consumer's do not add
// up, and the checkpoint never passes what was accepted.
func TestRequestsWhileItDelivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const pages = 30
		begun := time.Now()
		s, requested := feedtest.NewStore(), 0
		r := newFeeds(t, slow{s, time.Second}, t.TempDir(), searching(func(c *Config) {
			c.PageSize, c.Lookback, c.Backfill = 1, c.Lookback[:1], time.Hour // one window
		}), vendorFunc(func(*http.Request) (int, string) {
			time.Sleep(time.Second)
			accepted := len(s.All())
			require.LessOrEqual(t, requested-accepted, 1, "one page in advance and no more")
			if requested++; requested > pages {
				return http.StatusOK, `[]`
			}
			at := begun.Add(time.Duration(requested-pages) * time.Hour)
			return http.StatusOK, searchDocument(requested, at)
		}))
		r.start()
		time.Sleep((pages + 2) * time.Second)
		synctest.Wait()
		require.Len(t, s.All(), pages, "not twice as long")
		r.Stop()
		require.Equal(t, begun.UTC(), r.feeds[0].checkpoint.high.UTC())
	})
}

// TestWhatIsNewDoesNotWaitForThePast: while a day is read once more, what appears meanwhile
// is there as soon as at any other time.
func TestWhatIsNewDoesNotWaitForThePast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const pages = 600 // of the past, a second each
		begun := time.Now()
		s := feedtest.NewStore()
		var mu sync.Mutex // guards the rest
		requested := 0
		var news time.Time
		r := newFeeds(t, s, t.TempDir(), searching(func(c *Config) { c.PageSize, c.Backfill = 1, 48*time.Hour }), vendorFunc(func(q *http.Request) (int, string) {
			body, err := io.ReadAll(q.Body)
			require.NoError(t, err)
			_, after, _ := strings.Cut(string(body), "modified:[")
			lower, _, _ := strings.Cut(after, " TO ")
			from, err := time.Parse(vendorTime, strings.ReplaceAll(lower, `\\`, ""))
			require.NoError(t, err)
			now, follows := time.Now(), strings.Contains(string(body), "searchAfter")
			if from.Before(now.Add(-6*time.Hour)) && now.Sub(begun) > 5*time.Hour {
				time.Sleep(time.Second)
				mu.Lock()
				defer mu.Unlock()
				if requested++; requested == 100 {
					news = time.Now()
				}
				if requested > pages {
					return http.StatusOK, `[]`
				}
				return http.StatusOK, searchDocument(requested, from.Add(time.Duration(requested)*time.Millisecond))
			}
			mu.Lock()
			defer mu.Unlock()
			switch {
			case follows || from.Before(now.Add(-2*time.Hour)) && now.Sub(begun) > time.Minute:
				return http.StatusOK, `[]`
			case !news.IsZero():
				return http.StatusOK, searchDocument(pages+1, news)
			default: // keeps the checkpoint going
				return http.StatusOK, searchDocument(int(now.Sub(begun).Seconds())+pages+2, now)
			}
		}))
		r.start()
		defer r.Stop()
		has := func() bool {
			return slices.ContainsFunc(s.All(), func(o provisioning.Observation) bool { return o.VendorID == fmt.Sprint(pages+1) })
		}
		time.Sleep(6*time.Hour - time.Minute) // a quarter of the overlap
		for time.Since(begun) < 8*time.Hour && !has() {
			time.Sleep(time.Second)
		}
		mu.Lock()
		defer mu.Unlock()
		require.False(t, news.IsZero(), "the past was read once more")
		require.Less(t, requested, pages, "and is still being read")
		require.Less(t, time.Since(news), time.Minute)
	})
}
