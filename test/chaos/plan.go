package main

import (
	"math/rand/v2"
	"strings"
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

// The faults.
const (
	killCollector   = "kill-collector"
	killClickHouse  = "kill-clickhouse"
	killBoth        = "kill-both"
	killTwice       = "kill-twice" // once more while it starts
	stopCollector   = "stop-collector"
	clickHouseAway  = "clickhouse-away"
	pauseCollector  = "pause-collector"
	pauseClickHouse = "pause-clickhouse"
	diskFullState   = "disk-full-state"
	diskFullQueue   = "disk-full-queue"
	diskFullArchive = "disk-full-archive"
	diskFullEngine  = "disk-full-clickhouse"
	slowDisk        = "slow-disk"
	diskFrozen      = "disk-frozen" // nothing is written on one of them; What is which
	diskBroken      = "disk-broken" // one of them fails all reads and writes; what was not synced is gone
	powerCut        = "power-cut"   // the same on all of them at once, and all processes end
	networkCut      = "network-cut" // between the collector and What
	networkStall    = "network-stall"
	refused         = "clickhouse-refuses" // inserts into one of the tables
	fewFilesLeft    = "few-files"
	clockJump       = "clock-jump"
	vendorFaulty    = "vendor-faulty"
	secondCollector = "second-collector"
	// machineClock changes everybody's clock, so it happens only where it is asked for.
	machineClock = "machine-clock"
)

func kinds() []string {
	return []string{
		killCollector, killClickHouse, killBoth, killTwice, stopCollector, clickHouseAway, pauseCollector, pauseClickHouse,
		diskFullState, diskFullQueue, diskFullArchive, diskFullEngine, slowDisk, diskFrozen, diskBroken, powerCut,
		networkCut, networkStall, refused, fewFilesLeft, clockJump, vendorFaulty, secondCollector,
	}
}

// tables are those that every insert of observations goes into, by itself or through
// views, and one that does not have views.
var tables = []string{
	"provisioning_observations", "provisioning_activities", "provisioning_transitions", "provisioning_reports", "provisioning_errors", "provisioning_groups",
}

// onDisk are the faults that need file systems of the run's own.
func onDisk(kind string) bool {
	return strings.HasPrefix(kind, "disk-") || kind == slowDisk || kind == powerCut
}

// plan draws the faults. Each kind comes once before any comes twice, so that a
// short run is not all of one sort.
func plan(o *options) []fault {
	rng := rand.New(rand.NewPCG(o.seed, 1))
	seconds := func(least, most float64) time.Duration {
		most = max(least, min(most, o.duration.Seconds()/5)) // in a short run faults are short
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
		switch f.Kind {
		case killClickHouse, killBoth:
			f.For = seconds(0, 1)
		case killTwice:
			f.For = seconds(0, 1.5)
		case clickHouseAway:
			f.For = min(seconds(3, 120), o.duration/10)
		case pauseCollector, pauseClickHouse:
			f.For = seconds(0.5, 5)
		case diskFullState, diskFullQueue, diskFullArchive, diskFullEngine, slowDisk:
			f.For = seconds(3, 8)
			if rng.IntN(2) == 0 {
				f.Kill = seconds(0, 3)
			}
		case diskFrozen, diskBroken:
			f.For, f.What = seconds(1, 6), one(rng, diskNames)
		case powerCut:
			f.For = seconds(0, 2)
		case networkCut, networkStall:
			f.For, f.What = seconds(0.5, 8), one(rng, peers)
		case refused:
			f.For, f.What = seconds(1, 8), one(rng, tables)
		case fewFilesLeft:
			f.For = seconds(0.5, 8)
		case clockJump, machineClock:
			f.For, f.Skew = seconds(1, 5), seconds(-900, 900)
		case vendorFaulty:
			f.For = seconds(2, 8)
		}
		out = append(out, f)
		at += time.Duration(float64(o.every) * (0.5 + rng.Float64())).Round(time.Millisecond)
	}
	return out
}

func one(rng *rand.Rand, of []string) string { return of[rng.IntN(len(of))] }
