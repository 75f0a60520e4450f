package provisioningreceiver

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

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"pgregory.net/rapid"
)

func triggerOf(group string) string {
	return strings.Replace(trigger, `"t1"`, `"`+group+`"`, 1)
}

// hearing starts a receiver with a webhook on a storage.
func hearing(t *testing.T, next *store, dir string, change func(*WebhookConfig)) (r *run, url string) {
	t.Helper()
	address := freeAddress(t)
	r = startReceiver(t, next, dir, func(cfg *Config) {
		webhook := defaultWebhookConfig()
		webhook.ServerConfig.NetAddr.Endpoint = address
		webhook.Patience = 50 * time.Millisecond
		change(&webhook)
		cfg.Webhook = configoptional.Some(webhook)
	})
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return r, "http://" + address + "/sailpoint"
}

// TestTriggerThatIsNotTakenIsDelivered when the next consumer works again, by this
// process or by the next, with the time at which it came.
func TestTriggerThatIsNotTakenIsDelivered(t *testing.T) {
	refuses := errors.New("the queue is full")
	s, dir := newStore(), t.TempDir()
	r, url := hearing(t, s, dir, func(c *WebhookConfig) { c.MaxWaiting = 3 })
	s.setRefuse(func() error { return refuses })
	var asked time.Time
	for i, group := range []string{"t1", "t2", "t3"} {
		response, _ := post(t, url, triggerOf(group))
		require.Equal(t, http.StatusAccepted, response.StatusCode)
		if i == 2 {
			asked = time.Now()
		}
	}
	response, text := post(t, url, triggerOf("t4"))
	require.Equal(t, http.StatusTooManyRequests, response.StatusCode)
	require.Contains(t, text, "max_waiting")

	r.stop()
	require.Empty(t, s.groups())
	s.setRefuse(nil)
	r, url = hearing(t, s, dir, func(*WebhookConfig) {})
	s.eventually(t, 1, "t1", "t2", "t3")
	for _, o := range s.all() {
		require.False(t, o.ObservedAt.AsTime().After(asked), "it is the time of receipt")
	}

	s.setRefuse(func() error { return refuses })
	response, _ = post(t, url, triggerOf("t5"))
	require.Equal(t, http.StatusAccepted, response.StatusCode)
	s.setRefuse(nil)
	s.eventually(t, 1, "t1", "t2", "t3", "t5")
	r.stop()

	last := newStore()
	r, url = hearing(t, last, dir, func(*WebhookConfig) {})
	response, _ = post(t, url, triggerOf("t6"))
	require.Equal(t, http.StatusOK, response.StatusCode)
	r.stop()
	require.Equal(t, map[string]int{"t6": 1}, last.groups(), "what was delivered is not delivered again")
}

func TestWithoutStorageNothingWaits(t *testing.T) {
	s := newStore()
	address := freeAddress(t)
	startReceiver(t, s, t.TempDir(), func(cfg *Config) {
		cfg.Storage = nil
		webhook := defaultWebhookConfig()
		webhook.ServerConfig.NetAddr.Endpoint, webhook.Patience = address, 50*time.Millisecond
		cfg.Webhook = configoptional.Some(webhook)
	})
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	s.setRefuse(func() error { return errors.New("no") })
	response, _ := post(t, "http://"+address+"/sailpoint", trigger)
	require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	require.Equal(t, "5", response.Header.Get("Retry-After"))
	require.Empty(t, s.groups())
}

// TestSecretsDoNotWait: nothing secret is on the disk, and what is delivered later says
// the same as what is delivered at once.
func TestSecretsDoNotWait(t *testing.T) {
	secret := strings.Replace(triggerOf("t1"), `"provisioningTarget"`, `"attributeRequests":[{"attributeName":"password","attributeValue":"hunter2","operation":"Set"}],"provisioningTarget"`, 1)
	later, atOnce, dir := newStore(), newStore(), t.TempDir()
	r, url := hearing(t, later, dir, func(*WebhookConfig) {})
	later.setRefuse(func() error { return errors.New("no") })
	response, _ := post(t, url, secret)
	require.Equal(t, http.StatusAccepted, response.StatusCode)
	r.stop()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NotContains(t, string(text), "hunter2")
	}
	later.setRefuse(nil)
	hearing(t, later, dir, func(*WebhookConfig) {})
	later.eventually(t, 1, "t1")
	_, url = hearing(t, atOnce, t.TempDir(), func(*WebhookConfig) {})
	post(t, url, secret)
	want, got := atOnce.all()[0], later.all()[0]
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

// TestJournalForgetsNothingThatItTook: whatever fails and whenever the process ends, what
// was put and not forgotten is there, and nothing comes back after it was forgotten and
// the journal was written.
func TestJournalForgetsNothingThatItTook(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := &unreliable{values: map[string][]byte{}}
		u.fail = func() (bool, bool) {
			n := rapid.IntRange(0, 9).Draw(t, "fail")
			return n == 0, n == 1
		}
		ctx := context.Background()
		j, left, err := openJournal(ctx, u, 5)
		require.NoError(t, err)
		require.Empty(t, left)
		took := map[string]uint64{} // and not forgotten
		for i := range rapid.IntRange(0, 30).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0: // the process ends
				j, left, err = openJournal(ctx, u, 5)
				require.NoError(t, err)
				bodies := map[string]uint64{}
				for _, n := range left {
					body, err := j.read(ctx, n)
					require.NoError(t, err)
					bodies[string(body)] = n
				}
				for body := range took {
					require.Contains(t, bodies, body)
				}
				took = bodies // what a failed or unwritten step left may come again
			case 1:
				for body, n := range took {
					j.forget(n)
					delete(took, body)
					break
				}
			default:
				body := fmt.Sprint("request ", i)
				n, err := j.put(ctx, []byte(body))
				if len(took) == 5 {
					require.ErrorIs(t, err, errJournalFull)
				}
				if err == nil {
					took[body] = n
				}
			}
		}
		u.fail = func() (bool, bool) { return false, false }
		j.flush(ctx)
		_, left, err = openJournal(ctx, u, 5)
		require.NoError(t, err)
		require.Len(t, left, len(took))
	})
}

// TestDamagedJournal: what cannot be found is said, and the next requests are kept.
func TestDamagedJournal(t *testing.T) {
	u := &unreliable{values: map[string][]byte{}, fail: func() (bool, bool) { return false, false }}
	j, _, err := openJournal(t.Context(), u, 5)
	require.NoError(t, err)
	_, err = j.put(t.Context(), []byte("old"))
	require.NoError(t, err)
	u.values[keyBounds][3] ^= 64
	j, left, err := openJournal(t.Context(), u, 5)
	require.ErrorIs(t, err, errBoundsDamaged)
	require.Empty(t, left)
	n, err := j.put(t.Context(), []byte("new"))
	require.NoError(t, err)
	require.Equal(t, "old", string(u.values["0"]), "it stays for who can read it")
	_, left, err = openJournal(t.Context(), u, 5)
	require.NoError(t, err)
	require.Equal(t, []uint64{n}, left)
}

// TestJournalWritesTogether what comes at the same time.
func TestJournalWritesTogether(t *testing.T) {
	u := &unreliable{values: map[string][]byte{}, fail: func() (bool, bool) { return false, false }}
	j, _, err := openJournal(t.Context(), u, 1000)
	require.NoError(t, err)
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			n, err := j.put(context.Background(), fmt.Append(nil, i))
			if err != nil {
				t.Error(err)
			}
			if i%2 == 0 {
				j.forget(n)
			}
		})
	}
	all.Wait()
	j.flush(t.Context())
	_, left, err := openJournal(t.Context(), u, 1000)
	require.NoError(t, err)
	require.Len(t, left, 50)
}
