package report

import (
	"encoding/json"
	"io"
	"slices"
	"time"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/parquetfile"
)

// write writes the pack. Its document and sheets are functions of the pack, the events and
// the coverage alone, so that verifying can make them again.
func (g *gatherer) write(zone *time.Location, keys archive.Keys, to io.Writer) error {
	key, seals, err := signer(g.ctx, g.view, keys)
	if err != nil {
		return err
	}
	if key != nil {
		g.pack.SignedBy = chain.KeyID(chain.Public(key))
	}
	for _, s := range seals {
		g.addSeal(s)
	}
	hours, err := g.coverage()
	if err != nil {
		return err
	}
	coverage := coverageRows(hours, zone)
	g.pack.Events = len(g.events)
	pack := newPacker(to, g.pack.Made)
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{packDocument, func(w io.Writer) error { return writeDocument(w, &g.pack, g.events, coverage, zone) }},
		{packSheet, func(w io.Writer) error { return writeSheet(w, &g.pack, g.events, zone) }},
		{packEvents, func(w io.Writer) error {
			return eachLine(w, g.events, func(to []byte, e *evidence) ([]byte, error) { return parquetfile.AppendJSON(to, &e.record), nil })
		}},
		{packProofs, func(w io.Writer) error {
			return eachLine(w, g.events, func(to []byte, e *evidence) ([]byte, error) {
				line, err := json.Marshal(e.proof)
				return append(to, line...), err
			})
		}},
	} {
		if err := pack.file(f.name, func(w io.Writer) (int64, error) { return int64(len(g.events)), f.write(w) }); err != nil {
			return err
		}
	}
	if err := pack.file(packCoverage, func(w io.Writer) (int64, error) {
		return writeCSV(w, fixed("coverage", coverageColumns, coverage), g.pack.BOM)
	}); err != nil {
		return err
	}
	if err := pack.seals(g.seals); err != nil {
		return err
	}
	g.pack.Sheets = pack.sheets
	text, err := g.pack.text()
	if err != nil {
		return err
	}
	return pack.finish(text, key)
}

// coverage describes every hour of the archive for the tenants of the events.
func (g *gatherer) coverage() ([]hourCoverage, error) {
	c := coverage{ctx: g.ctx, view: g.view, snapshot: g.snapshot, deviating: map[string]bool{}}
	for _, p := range g.proofs {
		c.deviating[p.Name] = p.Problem != ""
	}
	for i := range g.events {
		if tenant := g.events[i].record.Tenant; !slices.Contains(c.tenants, tenant) {
			c.tenants = append(c.tenants, tenant)
		}
	}
	begin, err := g.view.FirstSealed(g.ctx)
	if err != nil {
		return nil, err
	}
	if c.first = begin; begin == 0 || len(g.snapshot.Files) > 0 && g.snapshot.Files[0].Hour < begin {
		c.first = g.snapshot.Files[0].Hour // there are events, so there are files
	}
	c.end = max(archive.HourOf(g.pack.Made), g.snapshot.LastSealed)
	return c.hours()
}

func (g *gatherer) addSeal(s *archive.Seal) {
	if !slices.Contains(g.pack.Chain, s.Name) {
		g.pack.Chain = append(g.pack.Chain, s.Name)
		g.seals = append(g.seals, s)
	}
}

func (p *Pack) text() ([]byte, error) {
	text, err := json.MarshalIndent(p, "", "  ")
	return append(text, '\n'), err
}

func eachLine(w io.Writer, events []evidence, line func([]byte, *evidence) ([]byte, error)) error {
	var text []byte
	for i := range events {
		var err error
		if text, err = line(text[:0], &events[i]); err != nil {
			return err
		}
		if _, err := w.Write(append(text, '\n')); err != nil {
			return err
		}
	}
	return nil
}
