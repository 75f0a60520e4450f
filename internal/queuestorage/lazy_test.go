package queuestorage

import (
	"maps"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// items counts the items that a disk holds.
func (d *disk) items() (n int) {
	for key := range d.copied() {
		if isItem(key) {
			n++
		}
	}
	return n
}

// TestOneTransactionForAnItem: that an item was dispatched and sent is stored with a later
// one, or soon.
func TestOneTransactionForAnItem(t *testing.T) {
	const n = 200
	d, g := newDisk(), newDestination()
	g.comesBack()
	e := open(t, d, g)
	for i := range n {
		require.NoError(t, send(t.Context(), e, strconv.Itoa(i)))
		g.arrives(t, i+1, "not sent")
	}
	require.Eventually(t, func() bool { return d.items() == 0 }, 20*time.Second, time.Millisecond, "sent items are deleted")
	d.set(func(d *disk) { require.Less(t, d.batches, n*3/2) })
	require.NoError(t, e.Shutdown(t.Context()))
}

func TestStopRecordsWhatWasSent(t *testing.T) {
	defer func(before time.Duration) { maxSentWait = before }(maxSentWait)
	maxSentWait = time.Hour
	d, g := newDisk(), newDestination()
	g.comesBack()
	e := open(t, d, g)
	require.NoError(t, send(t.Context(), e, "a"))
	g.arrives(t, 1, "not sent")
	require.NoError(t, e.Shutdown(t.Context()))
	require.Zero(t, d.items())
}

// TestCrashAtAnyTimeLosesNothing: what was accepted until a crash is sent before or after it.
func TestCrashAtAnyTimeLosesNothing(t *testing.T) {
	const n = 60
	d, g := newDisk(), newDestination()
	e := open(t, d, g)
	var left []map[string][]byte
	var sent []map[string]int // no later than what is left
	for i := range n {
		if i == n/3 {
			g.comesBack()
		}
		require.NoError(t, send(t.Context(), e, strconv.Itoa(i)))
		left, sent = append(left, d.copied()), append(sent, g.got())
	}
	g.arrives(t, n, "lost without a crash")
	require.NoError(t, e.Shutdown(t.Context()))
	for i := 0; i < n; i += 7 {
		again := newDestination()
		again.comesBack()
		d := &disk{values: left[i], crashIn: -1}
		items := d.items()
		e := open(t, d, again)
		again.arrives(t, items, "lost over a crash")
		require.NoError(t, e.Shutdown(t.Context()))
		got := again.got()
		for id := range i + 1 {
			id := strconv.Itoa(id)
			require.Positive(t, sent[i][id]+got[id], "%s is neither sent before the crash nor after it", id)
		}
	}
}

func (g *destination) got() map[string]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return maps.Clone(g.ids)
}
