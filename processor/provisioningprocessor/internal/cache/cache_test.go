package cache

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/provisioning"
)

func get(c *Cache, key byte) []byte {
	values := make([][]byte, 1)
	c.Get([]provisioning.ID{{key}}, values)
	return values[0]
}

func TestTheOldestGoesFirst(t *testing.T) {
	c := New(3 * (overhead + 8))
	value := func(b byte) []byte { return []byte{b, 0, 0, 0, 0, 0, 0, 0} }
	for b := range byte(3) {
		require.Zero(t, c.Put(provisioning.ID{b}, value(b)))
	}
	require.NotNil(t, get(c, 0))
	require.Equal(t, 1, c.Put(provisioning.ID{9}, value(9)))
	require.Nil(t, get(c, 1), "1 was not used since the others")
	require.Equal(t, value(0), get(c, 0))
	c.Delete(provisioning.ID{0})
	require.Nil(t, get(c, 0))
	n, bytes := c.Size()
	require.Equal(t, 2, n)
	require.Equal(t, 2*(overhead+8), bytes)
}

func TestNeverAboveTheLimitAndNeverAnotherValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(0, 2000).Draw(t, "limit")
		c := New(limit)
		last := map[byte][]byte{}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				k := rapid.ByteRange(0, 20).Draw(t, "key")
				last[k] = rapid.SliceOf(rapid.Byte()).Draw(t, "value")
				c.Put(provisioning.ID{k}, last[k])
			},
			"delete": func(t *rapid.T) {
				k := rapid.ByteRange(0, 20).Draw(t, "key")
				delete(last, k)
				c.Delete(provisioning.ID{k})
			},
			"get": func(t *rapid.T) {
				k := rapid.ByteRange(0, 20).Draw(t, "key")
				if v := get(c, k); v != nil {
					require.Equal(t, last[k], v)
				}
			},
			"": func(t *rapid.T) {
				_, bytes := c.Size()
				require.LessOrEqual(t, bytes, limit)
			},
		})
	})
}
