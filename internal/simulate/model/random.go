package model

import (
	"encoding/hex"
	"hash/fnv"
	"math"
	"math/rand/v2"
)

// random is a seeded stream of choices. Every group has one of its own, so that
// a group does not depend on those generated before it.
type random struct{ *rand.Rand }

func newRandom(seed uint64, path ...uint64) random {
	h := fnv.New64a()
	for _, p := range path {
		var b [8]byte
		for i := range b {
			b[i] = byte(p >> (8 * i))
		}
		h.Write(b[:])
	}
	return random{rand.New(rand.NewPCG(seed, h.Sum64()))}
}

// hex32 is an id as the vendor writes them: 32 hex digits.
func (r random) hex32() string {
	var b [16]byte
	for i := 0; i < 16; i += 8 {
		v := r.Uint64()
		for j := range 8 {
			b[i+j] = byte(v >> (8 * j))
		}
	}
	return hex.EncodeToString(b[:])
}

func (r random) chance(p float64) bool { return r.Float64() < p }

// around is a log-normal duration in milliseconds with the given median in
// seconds: most are near it, a few take many times as long.
func (r random) around(seconds, spread float64) int64 {
	return int64(1000 * seconds * math.Exp(spread*r.NormFloat64()))
}

func (r random) between(low, high int64) int64 { return low + r.Int64N(high-low+1) }

func pick[T any](r random, from []T) T { return from[r.IntN(len(from))] }

// some returns n different elements in the order of from.
func some[T any](r random, from []T, n int) []T {
	if n >= len(from) {
		return from
	}
	out := make([]T, 0, n)
	for i, left := 0, n; left > 0; i++ {
		if r.IntN(len(from)-i) < left {
			out = append(out, from[i])
			left--
		}
	}
	return out
}
