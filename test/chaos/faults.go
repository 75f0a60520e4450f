package main

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"time"

	"github.com/provtrail/provtrail/internal/blackbox"
)

// kind is a sort of fault.
type kind struct {
	name        string
	least, most float64  // seconds it lasts
	kills       bool     // the collector may be killed in the middle of it
	what        []string // one of these is hit
	skew        bool     // a clock is ahead or behind meanwhile

	// begin breaks something and end repairs it, but for the collector, which starts again
	// by itself. Without an end, begin takes as long as the fault lasts.
	begin, end func(*act) error
}

// act is a fault of a run that happens now.
type act struct {
	ctx context.Context //nolint:containedctx // it lasts as long as the fault
	*run
	*fault
}

// The faults. A short run names some of them.
const (
	killBoth        = "kill-both"
	killTwice       = "kill-twice"
	clickHouseAway  = "clickhouse-away"
	diskFullQueue   = diskFull + "queue"
	slowDisk        = "slow-disk"
	powerCut        = "power-cut"
	networkCut      = "network-cut"
	refused         = "clickhouse-refuses"
	fewFilesLeft    = "few-files"
	clockJump       = "clock-jump"
	vendorFaulty    = "vendor-faulty"
	secondCollector = "second-collector"
	rudeClient      = "rude-client"
	oddInput        = "odd-input"
	chainDeleted    = "chain-deleted"
	clickHouseHangs = "clickhouse-hangs"
	stateDeleted    = "state-deleted"
	openFileDeleted = "open-file-deleted"
	sealedChanged   = "sealed-file-changed"
	// machineClock changes everybody's clock, so it happens only where it is asked for.
	machineClock = "machine-clock"

	diskFull = "disk-full-"
)

// tables are those that every insert of observations goes into, by itself or through
// views, and one that does not have views.
var tables = []string{
	"provisioning_observations", "provisioning_activities", "provisioning_transitions", "provisioning_reports", "provisioning_errors", "provisioning_groups",
}

// does makes an action of what cannot fail.
func does(action func(*act)) func(*act) error {
	return func(a *act) error {
		action(a)
		return nil
	}
}

var (
	killCollector = does(func(a *act) { a.collector.kill() })
	killEngine    = does(func(a *act) { a.engine.kill() })
	fillDisk      = func(a *act) error { return a.disks.fill(strings.TrimPrefix(a.Kind, diskFull)) }
	freeDisk      = func(a *act) error { return a.disks.free(strings.TrimPrefix(a.Kind, diskFull)) }
)

var allKinds = []kind{
	{name: "kill-collector", begin: killCollector},
	{name: "kill-clickhouse", most: 1, begin: killEngine, end: (*act).startEngine},
	{name: killBoth, most: 1, begin: func(a *act) error { return errors.Join(killEngine(a), killCollector(a)) }, end: (*act).startEngine},
	{name: killTwice, most: 1.5, begin: killCollector, end: killCollector}, // once more while it starts
	{name: "stop-collector", begin: func(a *act) error { return a.collector.stop() }},
	{name: clickHouseAway, least: 3, most: 120, begin: killEngine, end: (*act).startEngine},
	{
		name: "pause-collector", least: 0.5, most: 5,
		begin: does(func(a *act) { a.collector.signal(syscall.SIGSTOP) }), end: does(func(a *act) { a.collector.signal(syscall.SIGCONT) }),
	},
	{
		name: "pause-clickhouse", least: 0.5, most: 5,
		begin: does(func(a *act) { a.engine.signal(syscall.SIGSTOP) }), end: does(func(a *act) { a.engine.signal(syscall.SIGCONT) }),
	},
	{name: clickHouseHangs, least: 1, most: 5, begin: (*act).hang, end: (*act).goOn}, // until the health check says so
	{name: diskFull + "state", least: 3, most: 8, kills: true, begin: fillDisk, end: freeDisk},
	{name: diskFullQueue, least: 3, most: 8, kills: true, begin: fillDisk, end: freeDisk},
	{name: diskFull + "archive", least: 3, most: 8, kills: true, begin: fillDisk, end: freeDisk},
	{name: diskFull + clickHouse, least: 3, most: 8, kills: true, begin: fillDisk, end: freeDisk},
	{
		name: slowDisk, least: 3, most: 8, kills: true,
		begin: does(func(a *act) { a.disks.slow(20) }), end: does(func(a *act) { a.disks.slow(0) }),
	},
	{ // nothing is written on one disk
		name: "disk-frozen", least: 1, most: 6, what: diskNames,
		begin: func(a *act) error { return a.disks.freeze(a.What, true) }, end: func(a *act) error { return a.disks.freeze(a.What, false) },
	},
	{ // one disk fails all reads and writes; what was not synced is gone
		name: "disk-broken", least: 1, most: 6, what: diskNames,
		begin: func(a *act) error { return a.disks.shut(a.What) }, end: (*act).replaceDisk,
	},
	{ // the same on all disks at once, and all processes end
		name: powerCut, most: 2, begin: (*act).cutPower, end: (*act).restorePower,
	},
	{ // the network between the collector and a peer
		name: networkCut, least: 0.5, most: 8, what: peers,
		begin: does(func(a *act) { a.wires[a.What].setCut(true) }), end: does(func(a *act) { a.wires[a.What].setCut(false) }),
	},
	{
		name: "network-stall", least: 0.5, most: 8, what: peers,
		begin: does(func(a *act) { a.wires[a.What].setStalled(true) }), end: does(func(a *act) { a.wires[a.What].setStalled(false) }),
	},
	{ // of the tables that one insert goes into, some have it then and some do not
		name: refused, least: 1, most: 8, what: tables,
		begin: func(a *act) error { return a.maxParts(a.What, 1) }, end: (*act).stopRefusing,
	},
	{name: fewFilesLeft, least: 0.5, most: 8, begin: does(func(a *act) {
		if pid := a.collector.running(); pid != 0 {
			_ = fewFiles(a.ctx, pid, a.For) // it may have ended
		}
	})},
	{
		name: clockJump, least: 1, most: 5, skew: true,
		begin: does(func(a *act) { a.vendor.skew(a.Skew) }), end: does(func(a *act) { a.vendor.skew(0) }),
	},
	{
		name: vendorFaulty, least: 2, most: 8,
		begin: does(func(a *act) { _ = a.vendor.faults(a.ctx, worse(8)) }), // it may be too busy to listen
		end: func(a *act) error {
			return blackbox.Await(a.ctx, time.Minute, func() error { return a.vendor.faults(a.ctx, usual) })
		},
	},
	{name: secondCollector, begin: (*act).startSecond},
	{name: rudeClient, begin: (*act).clientsAreRude},
	{name: oddInput, least: 1, most: 5, begin: (*act).oddInputs, end: (*act).noOddInputs},
	{name: chainDeleted, begin: (*act).loseChain},
	{name: stateDeleted, begin: (*act).deleteState},
	{name: openFileDeleted, what: []string{whileRunning, whileDown, withItsLink}, begin: (*act).deleteOpenFile},
	{name: sealedChanged, what: []string{oneRow, half}, begin: (*act).changeSealedFile},
	{name: machineClock, least: 1, most: 5, skew: true, begin: func(a *act) error { return jumpClock(a.ctx, a.Skew, a.For) }},
}

// kindOf is nil for a name that is none.
func kindOf(name string) *kind {
	for i := range allKinds {
		if allKinds[i].name == name {
			return &allKinds[i]
		}
	}
	return nil
}

// kinds are the names of those that happen where none is named.
func kinds() (names []string) {
	for _, k := range allKinds {
		if k.name != machineClock {
			names = append(names, k.name)
		}
	}
	return names
}

// onDisk are the faults that need file systems of the run's own.
func onDisk(kind string) bool {
	return strings.HasPrefix(kind, "disk-") || kind == slowDisk || kind == powerCut
}
