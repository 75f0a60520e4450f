package report

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/layout"
)

// coverageColumns of coverage.csv, which has a row for each hour (UTC) of the period: what
// the archive states of it, whatever the filter.
var coverageColumns = []string{
	"hour", "state", "files", "rows", "quarantined_rows", "expired_files", "absent_files", "lost_files", "damaged_files", "gap_seconds",
}

// The states of an hour.
const (
	hourSealed  = "sealed"
	hourOpen    = "open"    // not sealed yet: nothing proves its rows
	hourMissing = "missing" // within the chain, without a seal that can be read
	hourExpired = "expired" // sealed, and retention removed all of its files
	hourBefore  = "before"  // before the first hour of the chain
)

// writeCoverage writes coverage.csv.
func (r *report) writeCoverage(w io.Writer) (rows int64, err error) {
	out := csv.NewWriter(w)
	if err := out.Write(coverageColumns); err != nil {
		return 0, err
	}
	err = r.eachHour(func(h archive.Hour, c *coverage) error {
		rows++
		return out.Write(c.cells(h))
	})
	out.Flush()
	return rows, errors.Join(err, out.Error())
}

// eachHour calls f with the hours of the period up to the present.
func (r *report) eachHour(f func(archive.Hour, *coverage) error) error {
	last, sealed, err := r.view.LastSealed(r.ctx)
	if err != nil {
		return err
	}
	if !sealed {
		last = -1
	}
	begin, err := r.view.FirstSealed(r.ctx)
	if err != nil {
		return err
	}
	files, err := r.view.Files(r.ctx)
	if err != nil {
		return err
	}
	present := map[string]bool{}
	for _, f := range files {
		present[f.Name] = true
	}
	first, end := archive.HourOf(r.filter.From), archive.HourOf(r.filter.To.Add(-1))
	end = min(end, max(archive.HourOf(r.manifest.Made), last))
	if len(files) > 0 && begin > 0 {
		first = max(first, min(begin, files[0].Hour)-1)
	}
	seals, expired, err := r.sealsOf(first, last)
	if err != nil {
		return err
	}
	for h := first; h <= end && err == nil; h++ {
		c := &coverage{state: hourMissing}
		switch {
		case seals[h] != nil:
			c.add(seals[h], present, expired)
		case h > last:
			c.state = hourOpen
		case h < begin:
			c.state = hourBefore
		}
		err = f(h, c)
	}
	return err
}

// sealsOf reads the seals from an hour on, and the files that they say expired.
func (r *report) sealsOf(first, last archive.Hour) (map[archive.Hour]*archive.Seal, map[string]bool, error) {
	seals, expired := map[archive.Hour]*archive.Seal{}, map[string]bool{}
	for h := first; h <= last; h++ {
		s, err := r.view.Seal(r.ctx, h)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, chain.ErrNoSeal) {
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("seal of hour %s: %w", h, err)
		}
		seals[h] = s
		for _, name := range s.Expired {
			expired[name] = true
		}
	}
	return seals, expired, nil
}

// coverage is what is known of an hour.
type coverage struct {
	state                                             string
	files, rows, quarantined, gone, absent, lost, bad int64
	gap                                               time.Duration
}

func (c *coverage) add(s *archive.Seal, present, expired map[string]bool) {
	c.state, c.lost = hourSealed, int64(len(s.Lost))
	for _, f := range s.Files {
		switch {
		case expired[f.Name]:
			c.gone++
			continue
		case !present[f.Name]:
			c.absent++
			continue
		}
		c.files++
		if f.Damaged != "" {
			c.bad++
		}
		if strings.HasPrefix(f.Name, layout.QuarantineDir+"/") {
			c.quarantined += f.Rows
		} else {
			c.rows += f.Rows
		}
	}
	for _, g := range s.Gaps {
		c.gap += g.To.Sub(g.From)
	}
	if c.gone > 0 && c.files == 0 {
		c.state = hourExpired
	}
}

func (c *coverage) cells(h archive.Hour) []string {
	cells := []string{h.Start().Format(time.RFC3339), c.state}
	for _, n := range []int64{c.files, c.rows, c.quarantined, c.gone, c.absent, c.lost, c.bad, int64(c.gap / time.Second)} {
		cells = append(cells, strconv.FormatInt(n, 10))
	}
	return cells
}
