package report

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/layout"
)

// coverageColumns of coverage.csv, which has a row for each tenant and hour of the period:
// what the archive states of the hour in which records were received, whatever the other
// filters. An empty cell is not known.
var coverageColumns = []string{
	"tenant", "hour", "state", "files", "rows", "expired_files", "absent_files", "lost_files", "damaged_files",
	"quarantined", "gap_seconds", "reconciled",
}

// The states of an hour, of which the worst that applies is given.
const (
	hourMissing = "missing" // within the chain, without a readable seal, or sealed files are gone
	hourDamaged = "damaged" // a file is damaged, was lost before it was sealed or is not as it was sealed
	hourExpired = "expired" // sealed, and retention removed files
	hourSealed  = "sealed"
	hourOpen    = "open"   // not sealed yet: nothing proves its rows
	hourBefore  = "before" // before the first hour of the chain
)

// hourCoverage is a row of coverage.csv.
type hourCoverage struct {
	tenant string
	hour   archive.Hour
	state  string
	files  int64 // that are present, as are their rows
	rows   int64

	expired, absent, lost, damaged int64

	// quarantined is how many rows of the tenant are in quarantine; unknown where a file of
	// quarantined data of the hour is not readable.
	quarantined        int64
	quarantinedUnknown bool
	// gap is the part of the hour in which no process wrote the archive, as the seal states:
	// two minutes or more without a sign of life of the writer. It is known of sealed hours.
	gap      time.Duration
	gapKnown bool
	// reconciled states the comparison with the vendor's counts, see reconciliations.
	reconciled string
}

// hourStates are the states from the worst on.
var hourStates = []string{hourMissing, hourDamaged, hourExpired, hourOpen, hourSealed, hourBefore}

// ofAllTenants adds up the tenants of each hour, whose state is the worst of theirs.
func ofAllTenants(hours []hourCoverage) (sums []hourCoverage) {
	for _, h := range hours {
		n := len(sums)
		if n == 0 || sums[n-1].hour != h.hour {
			sums = append(sums, h)
			continue
		}
		s := &sums[n-1]
		if slices.Index(hourStates, h.state) < slices.Index(hourStates, s.state) {
			s.state = h.state
		}
		s.files, s.rows, s.expired, s.absent = s.files+h.files, s.rows+h.rows, s.expired+h.expired, s.absent+h.absent
		s.lost, s.damaged, s.quarantined = s.lost+h.lost, s.damaged+h.damaged, s.quarantined+h.quarantined
	}
	return sums
}

// coverage is what is needed to describe hours.
type coverage struct {
	ctx        context.Context //nolint:containedctx // of one call
	view       *archive.View
	snapshot   *archive.Snapshot // of the hours from first on
	first, end archive.Hour      // both are within
	tenants    []string          // empty: all
	// deviating are files of the snapshot that are not as they were sealed.
	deviating map[string]bool

	files   []archive.DataFile
	begin   archive.Hour // of the chain
	seals   map[archive.Hour]*archive.Seal
	expired map[string]bool
}

// hours describes every tenant's hours, sorted by hour and tenant.
func (c *coverage) hours() (list []hourCoverage, err error) {
	if c.files, err = c.view.Files(c.ctx); err != nil {
		return nil, err
	}
	if c.begin, err = c.view.FirstSealed(c.ctx); err != nil {
		return nil, err
	}
	if c.begin > 0 && len(c.files) > 0 { // of the hours before the archive one is enough
		c.first = max(c.first, min(c.begin, c.files[0].Hour)-1)
	}
	if err := c.readSeals(); err != nil {
		return nil, err
	}
	quarantined, unknown, err := c.countQuarantined()
	if err != nil {
		return nil, err
	}
	open, err := c.openRows()
	if err != nil {
		return nil, err
	}
	reconciled, unstated, err := c.reconciliations()
	if err != nil {
		return nil, err
	}
	present := map[archive.Hour]map[string]bool{}
	for _, f := range c.files {
		if present[f.Hour] == nil {
			present[f.Hour] = map[string]bool{}
		}
		present[f.Hour][f.Name] = true
	}
	tenants := c.tenantsOf(quarantined)
	for h := c.first; h <= c.end; h++ {
		for _, dir := range slices.Sorted(maps.Keys(tenants)) {
			tenant := tenants[dir]
			row := hourCoverage{tenant: tenant, hour: h, quarantined: quarantined[tenantHour{tenant, h}], quarantinedUnknown: unknown[h]}
			row.reconciled = cmp.Or(reconciled[tenantHour{tenant, h}], unstated)
			c.describe(&row, dir, present[h], open)
			list = append(list, row)
		}
	}
	return list, nil
}

// readSeals reads the seals from the first hour on, and the files that they list as expired.
func (c *coverage) readSeals() error {
	c.seals, c.expired = map[archive.Hour]*archive.Seal{}, map[string]bool{}
	for h := c.first; h <= c.snapshot.LastSealed; h++ {
		s, err := c.view.Seal(c.ctx, h)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, chain.ErrNoSeal) {
			continue
		}
		if err != nil {
			return fmt.Errorf("seal of hour %s: %w", h, err)
		}
		c.seals[h] = s
		for _, name := range s.Expired {
			c.expired[name] = true
		}
	}
	return nil
}

type tenantHour struct {
	tenant string
	hour   archive.Hour
}

// openRows counts the rows of files that no seal lists.
func (c *coverage) openRows() (map[string]int64, error) {
	rows := map[string]int64{}
	for i, f := range c.snapshot.Files {
		if c.seals[f.Hour] != nil {
			continue
		}
		reader, err := c.snapshot.Read(i, "event_id")
		if err != nil {
			return nil, err
		}
		rows[f.Name] = reader.Rows()
		if err := reader.Close(); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// tenantsOf returns the names of the tenants of the period by their directories.
func (c *coverage) tenantsOf(quarantined map[tenantHour]int64) map[string]string {
	names := map[string]string{}
	add := func(dir, tenant string) {
		if one(c.tenants, tenant) || slices.ContainsFunc(c.tenants, func(t string) bool { return layout.TenantDir(t) == dir }) {
			names[dir] = tenant
		}
	}
	file := func(name string) {
		if f, ok := layout.ParseData(name); ok && f.Activities() {
			add(f.Dir, layout.Tenant(f.Dir))
		}
	}
	for _, f := range c.files {
		file(f.Name)
	}
	for _, s := range c.seals {
		for _, f := range s.Files {
			file(f.Name)
		}
		for _, name := range s.Lost {
			file(name)
		}
	}
	for q := range quarantined {
		add(layout.TenantDir(q.tenant), q.tenant)
	}
	if len(names) == 0 { // the hours have states nevertheless
		for _, tenant := range append(c.tenants, "")[:max(1, len(c.tenants))] {
			names[layout.TenantDir(tenant)] = tenant
		}
	}
	return names
}

// describe fills a row.
func (c *coverage) describe(row *hourCoverage, dir string, present map[string]bool, open map[string]int64) {
	s := c.seals[row.hour]
	if s == nil {
		row.state = hourMissing
		switch {
		case row.hour > c.snapshot.LastSealed:
			row.state = hourOpen
		case row.hour < c.begin:
			row.state = hourBefore
		}
		for name := range present {
			if f, ok := layout.ParseData(name); ok && f.Dir == dir {
				row.files++
				row.rows += open[name]
			}
		}
		return
	}
	for _, f := range s.Files {
		switch data, ok := layout.ParseData(f.Name); {
		case !ok || data.Dir != dir:
			continue
		case c.expired[f.Name]:
			row.expired++
			continue
		case !present[f.Name]:
			row.absent++
			continue
		}
		row.files++
		row.rows += f.Rows
		if f.Damaged != "" || c.deviating[f.Name] {
			row.damaged++
		}
	}
	for _, name := range s.Lost {
		if data, ok := layout.ParseData(name); ok && data.Dir == dir {
			row.lost++
		}
	}
	for _, g := range s.Gaps {
		row.gap += g.To.Sub(g.From)
	}
	row.gapKnown = true
	row.state = hourSealed
	switch {
	case row.absent > 0:
		row.state = hourMissing
	case row.damaged+row.lost > 0:
		row.state = hourDamaged
	case row.expired > 0:
		row.state = hourExpired
	}
}
