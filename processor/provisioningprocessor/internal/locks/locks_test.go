package locks

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/provisioning"
)

func TestOneHolderAtATimeAndNoneWaitsForEver(t *testing.T) {
	var l Locks
	var counts [8]int // each guarded by the lock of its key
	var wg sync.WaitGroup
	for seed := range 8 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(uint64(seed), 1))
			for range 500 {
				var keys []provisioning.ID
				for _, k := range random.Perm(len(counts))[:4] {
					keys = append(keys, provisioning.ID{byte(k)})
				}
				unlock := l.Lock(keys)
				for _, k := range keys {
					counts[k[0]]++
				}
				unlock()
			}
		})
	}
	wg.Wait()
	total := 0
	for _, n := range counts {
		total += n
	}
	require.Equal(t, 8*500*4, total)
	require.Empty(t, l.used, "locks nobody needs are forgotten")
}
