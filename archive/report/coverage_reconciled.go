package report

import (
	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/archive/internal/completeness"
	"github.com/provtrail/provtrail/archive/internal/layout"
)

// Whether the vendor had as many documents, of an hour of its clock, as were delivered.
const (
	agreed   = "yes"
	short    = "short"     // of one feed at least
	notAsked = "not asked" // no statement of the hour is in the archive
)

// reconciliations sums up the newest statements of the feeds of each tenant and hour. It is
// the only place that fills the column reconciled. unstated is for the other hours: empty,
// which is not known, where a file with statements is missing or is not as it was sealed.
func (c *coverage) reconciliations() (found map[tenantHour]string, unstated string, err error) {
	files, whole, err := c.statementFiles()
	if err != nil {
		return nil, "", err
	}
	if unstated = notAsked; !whole {
		unstated = ""
	}
	statements, err := c.view.Statements(c.ctx, files)
	if err != nil {
		return nil, "", c.ctx.Err()
	}
	found = map[tenantHour]string{}
	for i := range statements {
		s := &statements[i]
		at := tenantHour{s.Tenant, archive.HourOf(s.Hour.AsTime())}
		switch {
		case !completeness.Agrees(s):
			found[at] = short
		case found[at] == "":
			found[at] = agreed
		}
	}
	return found, unstated, nil
}

// statementFiles returns the files that may have statements about the hours and are as they
// were sealed or of hours that are not sealed yet, and whether these are all.
func (c *coverage) statementFiles() (files []archive.DataFile, whole bool, err error) {
	whole = true
	present := map[string]bool{}
	for _, f := range c.files {
		if !f.Reconciliations() || f.Hour < c.first {
			continue
		}
		present[f.Name] = true
		if f.Hour <= c.snapshot.LastSealed {
			intact, err := c.intact(f)
			if err != nil {
				return nil, false, err
			}
			if !intact {
				whole = false
				continue
			}
		}
		files = append(files, f)
	}
	for _, s := range c.seals {
		for _, f := range s.Files {
			if data, ok := layout.ParseData(f.Name); ok && data.Reconciliations() && !present[f.Name] {
				whole = false
			}
		}
	}
	return files, whole, nil
}

// intact reports whether a file has the digest that its seal states.
func (c *coverage) intact(f archive.DataFile) (bool, error) {
	seal := c.seals[f.Hour]
	if seal == nil || seal.File(f.Name) == nil {
		return false, nil
	}
	digest, err := c.view.Hash(c.ctx, f.Name)
	return err == nil && digest == seal.File(f.Name).SHA256, c.ctx.Err()
}
