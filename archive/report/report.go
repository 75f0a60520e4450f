package report

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Manifest is manifest.json of a report.
type Manifest struct {
	Made   time.Time `json:"made"`
	Filter Filter    `json:"filter"`
	Zone   string    `json:"zone"`
	// SignedBy is the id of the key that signs the manifest; empty where it is not signed.
	SignedBy string  `json:"signed_by,omitempty"`
	Sheets   []Sheet `json:"files"`
	// Archive lists the files that were read, and what proves them.
	Archive []Proof `json:"archive"`
	// Problems are deviations from what was sealed; see Filter.AllowUnproven.
	Problems []string `json:"problems,omitempty"`
	// Notes are what a reader of the history must know, such as expired files.
	Notes []string `json:"notes,omitempty"`
}

// WriteAs writes the report on the archive at an address in a format. The archive may be
// written meanwhile: the report shows it as it was when it began. The first of the keys that
// the chain knows signs the manifest of a zip; without keys it is not signed. Nothing is
// written where the error is about the filter or the archive.
func WriteAs(ctx context.Context, location string, f Filter, format Format, keys archive.Keys, to io.Writer) (m *Manifest, err error) {
	if err := errors.Join(f.Validate(), format.Validate(), format.suits(&f)); err != nil {
		return nil, err
	}
	r, err := open(ctx, location, f)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	defer func() { err = errors.Join(err, r.close()) }()
	switch format {
	case JSON:
		err = r.writeJSON(to)
	case Parquet:
		err = r.writeParquet(to)
	case XLSX:
		err = r.writeXLSX(to)
	default:
		err = r.writeZip(keys, to)
	}
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return r.manifest, nil
}

type report struct {
	ctx      context.Context //nolint:containedctx // of one call
	filter   Filter
	manifest *Manifest
	view     *archive.View

	// snapshots are of the hours that may hold the period, and, where the history is asked
	// for, of those before.
	snapshots []*archive.Snapshot
	files     []file // with rows of the report, in the order in which their rows are numbered
	rows      int64  // of the files
	reading   int    // index of the file that scan reads

	activities keys      // by activity
	events     keys      // by event
	latest     bitmap    // rows that are the state of their activity at the end of the period
	chosen     bitmap    // rows of latest that the filter matches
	begin      time.Time // of the oldest chosen activity, as far as it is known
	asOf       time.Time // later observations do not count; zero is without limit
}

// file is a file of the archive whose rows are read.
type file struct {
	snapshot *archive.Snapshot
	index    int
	first    uint64 // number of its first row
	rows     int64
	proof    Proof
}

// open finds the activities of the period. What is found is compared with its seals.
func open(ctx context.Context, location string, f Filter) (*report, error) {
	r, _, err := openPeriod(ctx, location, f)
	if err != nil {
		return nil, err
	}
	prover, err := newProver(ctx, r.view, archive.HourOf(f.From)-1, r.snapshots[0].LastSealed)
	if err == nil {
		err = r.prove(prover, func(*file) bool { return true }, f.From)
	}
	if err == nil {
		err = r.selectLatest(func(row uint64, record *record.Record) error {
			return r.events.add(keyed{record.EventID, record.Version + 1, row})
		}, "event_id")
	}
	if err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

// openPeriod opens the files that may hold rows of the filter's period.
func openPeriod(ctx context.Context, location string, f Filter) (r *report, done func() error, err error) {
	if err := f.Validate(); err != nil {
		return nil, nil, err
	}
	f.Zone = zoneOf(&f)
	r = &report{ctx: ctx, filter: f, begin: f.To}
	r.manifest = &Manifest{Made: time.Now().UTC(), Filter: f, Zone: f.Zone.String(), Sheets: []Sheet{}, Archive: []Proof{}}
	if r.view, err = archive.OpenView(ctx, location); err != nil {
		return nil, nil, err
	}
	// What happened in the period was observed in it or later, save for clocks that
	// go differently.
	first := archive.HourOf(f.From) - 1
	snapshot, err := r.view.Snapshot(ctx, func(f archive.DataFile) bool { return f.Hour >= first })
	if err == nil {
		r.snapshots = append(r.snapshots, snapshot)
		err = r.addFiles(snapshot, f.From, f.To)
	}
	if err != nil {
		return nil, nil, errors.Join(err, r.close())
	}
	return r, r.close, nil
}

func (r *report) close() (err error) {
	for _, s := range r.snapshots {
		err = errors.Join(err, s.Close())
	}
	return errors.Join(err, r.activities.sorted.Close(), r.events.sorted.Close(), r.view.Close())
}

// prove compares the files for which wanted returns true with their seals, and looks for missing files with rows from a time on. It refuses if the
// archive deviates.
func (r *report) prove(p *prover, wanted func(*file) bool, from time.Time) (err error) {
	for i := range r.files {
		f := &r.files[i]
		if f.proof.Name != "" || !wanted(f) {
			continue
		}
		if f.proof, err = p.prove(f.snapshot, f.index); err != nil {
			return err
		}
		r.manifest.Archive = append(r.manifest.Archive, f.proof)
	}
	holds := func(f archive.SealedFile) bool {
		return f.Last == nil || f.First == nil || f.First.Before(r.filter.To) && !f.Last.Before(from)
	}
	if err := r.proveSkipped(p, holds); err != nil {
		return err
	}
	p.missing(r.snapshots, holds)
	for _, problem := range p.problems {
		if !slices.Contains(r.manifest.Problems, problem) {
			r.manifest.Problems = append(r.manifest.Problems, problem)
		}
	}
	if r.filter.AllowUnproven {
		return nil
	}
	return p.err()
}

// proveSkipped compares with their seals the files that say of themselves that they have no row
// of the period, while their seal says that they had.
func (r *report) proveSkipped(p *prover, holds func(archive.SealedFile) bool) error {
	taken := map[string]bool{}
	for i := range r.files {
		f := &r.files[i]
		taken[f.snapshot.Files[f.index].Name] = true
	}
	for _, snapshot := range r.snapshots {
		for i, f := range snapshot.Files {
			s := p.seals[f.Hour]
			if s == nil || taken[f.Name] {
				continue
			}
			if sealed := s.File(f.Name); sealed == nil || !holds(*sealed) {
				continue
			}
			if _, err := p.prove(snapshot, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// zoneOf is UTC where none is chosen.
func zoneOf(f *Filter) *time.Location {
	if f.Zone == nil {
		return time.UTC
	}
	return f.Zone
}
