package report

import "math/bits"

// bitmap is a set of row numbers.
type bitmap []uint64

func newBitmap(n int64) bitmap { return make(bitmap, (n+63)/64) }

func (b bitmap) set(i uint64)      { b[i/64] |= 1 << (i % 64) }
func (b bitmap) has(i uint64) bool { return b[i/64]>>(i%64)&1 == 1 }

// any reports whether the set has a number from first on and before end.
func (b bitmap) any(first, end uint64) bool {
	for i := first; i < end; {
		if word := b[i/64] >> (i % 64); word != 0 {
			return i+uint64(bits.TrailingZeros64(word)) < end
		}
		i = (i/64 + 1) * 64
	}
	return false
}
