package main

import (
	"math/rand/v2"
	"time"
)

// fault is one thing that goes wrong, at a time since the begin of the run.
type fault struct {
	At   time.Duration `json:"at"`
	Kind string        `json:"kind"`
	For  time.Duration `json:"for,omitempty"`  // how long it lasts
	Kill time.Duration `json:"kill,omitempty"` // when the collector is killed in the middle of it; 0: not
	Skew time.Duration `json:"skew,omitempty"` // of the vendor's clock
	What string        `json:"what,omitempty"` // of several
}

// plan draws the faults. Each kind comes once before any comes twice, so that a
// short run is not all of one sort.
func plan(o *options) []fault {
	rng := rand.New(rand.NewPCG(o.seed, 1))
	seconds := func(least, most float64) time.Duration {
		return time.Duration((least + (most-least)*rng.Float64()) * float64(time.Second)).Round(time.Millisecond)
	}
	var out []fault
	var deck []string
	for at := seconds(1, 2); at < o.duration && (o.count == 0 || len(out) < o.count); {
		if len(deck) == 0 {
			deck = append(deck, o.faults...)
			rng.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
		}
		f := fault{At: at, Kind: deck[0]}
		deck = deck[1:]
		k := kindOf(f.Kind)
		if k.most > 0 { // in a short run faults are short
			f.For = seconds(k.least, max(k.least, min(k.most, o.duration.Seconds()/10)))
		}
		if k.kills && rng.IntN(2) == 0 {
			f.Kill = seconds(0, k.least)
		}
		if len(k.what) > 0 {
			f.What = k.what[rng.IntN(len(k.what))]
		}
		if k.skew {
			f.Skew = seconds(-900, 900)
		}
		out = append(out, f)
		at += time.Duration(float64(o.every) * (0.5 + rng.Float64())).Round(time.Millisecond)
	}
	return out
}
