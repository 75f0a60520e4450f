package freelist

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestListKeepsAsManyAsItHasRoomFor(t *testing.T) {
	made := 0
	fresh := func() int { made++; return made }
	l := New[int](2)
	require.Equal(t, 1, l.Take(fresh))
	for v := 10; v < 13; v++ {
		l.Give(v)
	}
	runtime.GC()
	require.Equal(t, 10, l.Take(fresh))
	require.Equal(t, 11, l.Take(fresh))
	require.Equal(t, 2, l.Take(fresh), "the third was let go of")
}
