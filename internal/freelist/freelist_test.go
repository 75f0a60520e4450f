package freelist

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestListKeepsAsManyAsItsCapacity(t *testing.T) {
	made := 0
	fresh := func() int { made++; return made }
	l := make(List[int], 2)
	require.Equal(t, 1, l.Get(fresh))
	for v := 10; v < 13; v++ {
		l.Put(v)
	}
	runtime.GC()
	require.Equal(t, 10, l.Get(fresh))
	require.Equal(t, 11, l.Get(fresh))
	require.Equal(t, 2, l.Get(fresh), "the third was dropped")
}
