package report

import (
	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/archive/internal/layout"
)

// countQuarantined counts quarantined rows. unknown are hours of which a file of
// quarantined data cannot be read.
func (c *coverage) countQuarantined() (rows map[tenantHour]int64, unknown map[archive.Hour]bool, err error) {
	rows, unknown = map[tenantHour]int64{}, map[archive.Hour]bool{}
	present := map[string]bool{}
	for _, f := range c.files {
		if !f.Quarantine() || f.Hour < c.first || f.Hour > c.end {
			continue
		}
		present[f.Name] = true
		for q, err := range c.view.Quarantined(c.ctx, f.Name, "tenant") {
			if err != nil {
				unknown[f.Hour] = true
			} else {
				rows[tenantHour{q.Tenant, f.Hour}]++
			}
		}
		if c.ctx.Err() != nil {
			return nil, nil, c.ctx.Err()
		}
	}
	for h, s := range c.seals {
		for _, f := range s.Files {
			if data, ok := layout.ParseData(f.Name); ok && data.Quarantine() && !present[f.Name] {
				unknown[h] = true
			}
		}
		for _, name := range s.Lost {
			if data, ok := layout.ParseData(name); ok && data.Quarantine() {
				unknown[h] = true
			}
		}
	}
	return rows, unknown, nil
}
