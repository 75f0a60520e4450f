package provisioningprocessor

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
)

func TestManySendersAtOnce(t *testing.T) {
	groups := []string{"g1", "g2", "g3", "g4", "g5"}
	values := []string{"CN=Sales", "CN=Old", "CN=New"}
	var all []provisioning.Observation
	for i := range 600 {
		group := groups[i%len(groups)]
		all = append(all, observe(group, provisioning.Status(1+i%6), pcommon.Timestamp(i), func(o *provisioning.Observation) {
			o.AttributeValue = values[i%len(values)]
		}))
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	s := newSink()
	f := mustOpen(t, newDisk(t), s)
	var wg sync.WaitGroup
	for sender := range 6 {
		wg.Go(func() {
			for from := sender * 100; from < (sender+1)*100; from += 10 {
				if err := f.ConsumeLogs(context.Background(), logsOf(all[from:from+10])); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	require.NoError(t, f.Shutdown(t.Context()))
	check(t, s, all)
}

// While the next consumer holds one group's batch, other groups go on.
func TestOtherGroupsDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSink()
		f := mustOpen(t, nil, s)
		hold := make(chan struct{})
		slow := &gate{sink: s, hold: hold, first: true}
		f.next = slow
		send := func(group string, at pcommon.Timestamp) {
			if err := f.ConsumeLogs(context.Background(), logsOf([]provisioning.Observation{observe(group, provisioning.StatusPending, at)})); err != nil {
				t.Error(err)
			}
		}
		go send("g1", 1)
		synctest.Wait() // held by the consumer
		go send("g1", 2)
		send("g2", 1)
		require.Len(t, s.observations, 1, "g2 went by, the second of g1 waits for the first")
		close(hold)
		time.Sleep(time.Second)
		synctest.Wait()
		require.Len(t, s.observations, 3)
		require.NoError(t, f.Shutdown(t.Context()))
	})
}
