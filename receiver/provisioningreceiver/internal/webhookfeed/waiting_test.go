package webhookfeed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feedtest"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"pgregory.net/rapid"
)

// accepting starts a feed on a storage, with a short delivery timeout.
func accepting(t *testing.T, next *feedtest.Store, dir string, change func(*Config)) (env *feedtest.Env, url string) {
	t.Helper()
	return start(t, next, dir, func(_ *feedtest.Env, c *Config) {
		c.DeliveryTimeout = 50 * time.Millisecond
		change(c)
	})
}

// TestTriggerThatIsNotAcceptedIsDelivered when the next consumer works again, by this
// process or by the next, with the time at which it came.
func TestTriggerThatIsNotAcceptedIsDelivered(t *testing.T) {
	refuses := errors.New("the queue is full")
	s, dir := feedtest.NewStore(), t.TempDir()
	r, url := accepting(t, s, dir, func(c *Config) { c.MaxWaiting = 3 })
	s.SetRefuse(func() error { return refuses })
	var received time.Time
	for i, group := range []string{"t1", "t2", "t3"} {
		response, _ := post(t, url, triggerOf(group))
		require.Equal(t, http.StatusAccepted, response.StatusCode)
		if i == 2 {
			received = time.Now()
		}
	}
	response, text := post(t, url, triggerOf("t4"))
	require.Equal(t, http.StatusTooManyRequests, response.StatusCode)
	require.Contains(t, text, "max_waiting")

	r.Stop()
	require.Empty(t, s.Groups())
	s.SetRefuse(nil)
	r, url = accepting(t, s, dir, func(*Config) {})
	s.Eventually(t, 1, "t1", "t2", "t3")
	for _, o := range s.All() {
		require.False(t, o.ObservedAt.AsTime().After(received), "it is the time of receipt")
	}

	s.SetRefuse(func() error { return refuses })
	response, _ = post(t, url, triggerOf("t5"))
	require.Equal(t, http.StatusAccepted, response.StatusCode)
	s.SetRefuse(nil)
	s.Eventually(t, 1, "t1", "t2", "t3", "t5")
	r.Stop()

	last := feedtest.NewStore()
	r, url = accepting(t, last, dir, func(*Config) {})
	response, _ = post(t, url, triggerOf("t6"))
	require.Equal(t, http.StatusOK, response.StatusCode)
	r.Stop()
	require.Equal(t, map[string]int{"t6": 1}, last.Groups(), "what was delivered is not delivered twice")
}

func TestWithoutStorageNothingWaits(t *testing.T) {
	s := feedtest.NewStore()
	_, url := start(t, s, t.TempDir(), func(e *feedtest.Env, c *Config) {
		e.OpenStorage = nil
		c.DeliveryTimeout = 50 * time.Millisecond
	})
	s.SetRefuse(func() error { return errors.New("no") })
	response, _ := post(t, url, trigger)
	require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	require.Equal(t, "5", response.Header.Get("Retry-After"))
	require.Empty(t, s.Groups())
}

// TestSecretsDoNotWait: nothing secret is on the disk, and what is delivered later is the
// same as what is delivered at once.
func TestSecretsDoNotWait(t *testing.T) {
	secret := strings.Replace(triggerOf("t1"), `"provisioningTarget"`, `"attributeRequests":[{"attributeName":"password","attributeValue":"hunter2","operation":"Set"}],"provisioningTarget"`, 1)
	later, atOnce, dir := feedtest.NewStore(), feedtest.NewStore(), t.TempDir()
	r, url := accepting(t, later, dir, func(*Config) {})
	later.SetRefuse(func() error { return errors.New("no") })
	response, _ := post(t, url, secret)
	require.Equal(t, http.StatusAccepted, response.StatusCode)
	r.Stop()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NotContains(t, string(text), "hunter2")
	}
	later.SetRefuse(nil)
	accepting(t, later, dir, func(*Config) {})
	later.Eventually(t, 1, "t1")
	_, url = accepting(t, atOnce, t.TempDir(), func(*Config) {})
	post(t, url, secret)
	want, got := atOnce.All()[0], later.All()[0]
	want.ObservedAt = got.ObservedAt
	require.Equal(t, want, got)
}

// unreliable is a storage that fails now and then, before or after it took effect.
type unreliable struct {
	storage.Client
	mu     sync.Mutex
	values map[string][]byte
	fail   func() (before, after bool)
}

var errUnreliable = errors.New("unreliable")

func (u *unreliable) Get(_ context.Context, key string) ([]byte, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.values[key]), nil
}

func (u *unreliable) Batch(_ context.Context, ops ...*storage.Operation) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	before, after := u.fail()
	if before {
		return errUnreliable
	}
	for _, op := range ops {
		if op.Type == storage.Delete {
			delete(u.values, op.Key)
		} else {
			u.values[op.Key] = slices.Clone(op.Value)
		}
	}
	if after {
		return errUnreliable
	}
	return nil
}

// TestWALLosesNothing: whatever fails and whenever the process ends, what was put and not
// removed is there, and nothing comes back after it was removed and the log was written.
func TestWALLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := &unreliable{values: map[string][]byte{}}
		u.fail = func() (bool, bool) {
			n := rapid.IntRange(0, 9).Draw(t, "fail")
			return n == 0, n == 1
		}
		ctx := context.Background()
		w, left, err := openWAL(ctx, u, 5)
		require.NoError(t, err)
		require.Empty(t, left)
		accepted := map[string]uint64{} // and not removed
		for i := range rapid.IntRange(0, 30).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0: // the process ends
				w, left, err = openWAL(ctx, u, 5)
				require.NoError(t, err)
				bodies := map[string]uint64{}
				for _, n := range left {
					body, err := w.read(ctx, n)
					require.NoError(t, err)
					bodies[string(body)] = n
				}
				for body := range accepted {
					require.Contains(t, bodies, body)
				}
				accepted = bodies // what a failed or unwritten step left may come twice
			case 1:
				for body, n := range accepted {
					w.remove(n)
					delete(accepted, body)
					break
				}
			default:
				body := fmt.Sprint("request ", i)
				n, err := w.put(ctx, []byte(body))
				if len(accepted) == 5 {
					require.ErrorIs(t, err, errFull)
				}
				if err == nil {
					accepted[body] = n
				}
			}
		}
		u.fail = func() (bool, bool) { return false, false }
		w.flush(ctx)
		_, left, err = openWAL(ctx, u, 5)
		require.NoError(t, err)
		require.Len(t, left, len(accepted))
	})
}

// TestDamagedBounds: the error names the damage, and the next requests are kept.
func TestDamagedBounds(t *testing.T) {
	u := &unreliable{values: map[string][]byte{}, fail: func() (bool, bool) { return false, false }}
	w, _, err := openWAL(t.Context(), u, 5)
	require.NoError(t, err)
	_, err = w.put(t.Context(), []byte("old"))
	require.NoError(t, err)
	u.values[keyBounds][12] ^= 64
	w, left, err := openWAL(t.Context(), u, 5)
	require.ErrorIs(t, err, errBoundsDamaged)
	require.Empty(t, left)
	n, err := w.put(t.Context(), []byte("new"))
	require.NoError(t, err)
	require.Equal(t, "old", string(u.values["0"]), "it stays in the storage")
	_, left, err = openWAL(t.Context(), u, 5)
	require.NoError(t, err)
	require.Equal(t, []uint64{n}, left)
}

// TestDamagedEntryGoesToTheQuarantine and does not stop the others.
func TestDamagedEntryGoesToTheQuarantine(t *testing.T) {
	s, dir := feedtest.NewStore(), t.TempDir()
	env, url := accepting(t, s, dir, func(*Config) {})
	s.SetRefuse(func() error { return errors.New("no") })
	for _, group := range []string{"t1", "t2"} {
		response, _ := post(t, url, triggerOf(group))
		require.Equal(t, http.StatusAccepted, response.StatusCode)
	}
	env.Stop()
	s.SetRefuse(nil)
	env = feedtest.NewEnv(t, provisioning.FeedWebhook, s, dir)
	client, err := env.OpenStorage(t.Context(), env.Host, "webhook")
	require.NoError(t, err)
	value, err := client.Get(t.Context(), "0")
	require.NoError(t, err)
	value[20] ^= 1
	require.NoError(t, client.Set(t.Context(), "0", value))
	require.NoError(t, client.Close(t.Context()))
	cfg := NewDefaultConfig()
	cfg.ServerConfig.NetAddr.Endpoint = freeAddress(t)
	env.Start(New(&cfg, env.Settings))
	s.Eventually(t, 1, "t2")
	require.Eventually(t, func() bool { return len(s.Quarantine()) == 1 }, 10*time.Second, time.Millisecond)
	require.Contains(t, s.Quarantine()[0].Reason, "damaged")
}

// TestWALWritesTogether what comes at the same time.
func TestWALWritesTogether(t *testing.T) {
	u := &unreliable{values: map[string][]byte{}, fail: func() (bool, bool) { return false, false }}
	w, _, err := openWAL(t.Context(), u, 1000)
	require.NoError(t, err)
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			n, err := w.put(context.Background(), fmt.Append(nil, i))
			if err != nil {
				t.Error(err)
			}
			if i%2 == 0 {
				w.remove(n)
			}
		})
	}
	all.Wait()
	w.flush(t.Context())
	_, left, err := openWAL(t.Context(), u, 1000)
	require.NoError(t, err)
	require.Len(t, left, 50)
}
