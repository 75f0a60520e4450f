package report

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/provtrail/provtrail/archive"
)

// Manifest is manifest.json of a report.
type Manifest struct {
	Made   time.Time `json:"made"`
	Filter Filter    `json:"filter"`
	Zone   string    `json:"zone"`
	Sheets []Sheet   `json:"files"`
	// Archive lists the files that were read, and what proves them.
	Archive []Proof `json:"archive"`
	// Problems are deviations from what was sealed; see Filter.AllowUnproven.
	Problems []string `json:"problems,omitempty"`
}

// Sheet is one file of the zip.
type Sheet struct {
	Name   string `json:"name"`
	Rows   int64  `json:"rows"` // without the heading
	SHA256 string `json:"sha256"`
}

// Write writes the report on the archive at an address as a zip. The archive may be
// written meanwhile: the report shows it as it was when it began.
func Write(ctx context.Context, location string, f Filter, to io.Writer) (m *Manifest, err error) {
	r, done, err := open(ctx, location, f)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	r.zip = zip.NewWriter(to)
	if err := r.write(); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return r.manifest, nil
}

// open finds the rows of a report.
func open(ctx context.Context, location string, f Filter) (r *report, done func() error, err error) {
	r, done, err = openPeriod(ctx, location, f)
	if err != nil {
		return nil, nil, err
	}
	if err = r.prove(); err == nil {
		err = r.selectRows()
	}
	if err == nil {
		err = r.checkFilter()
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("report: %w", err), done())
	}
	return r, done, nil
}

// openPeriod opens the files that may hold rows of the filter's period.
func openPeriod(ctx context.Context, location string, f Filter) (r *report, done func() error, err error) {
	if err := f.Validate(); err != nil {
		return nil, nil, err
	}
	f.Zone = zoneOf(&f)
	r = &report{ctx: ctx, filter: f}
	r.manifest = &Manifest{Made: time.Now().UTC(), Filter: f, Zone: f.Zone.String(), Sheets: []Sheet{}, Archive: []Proof{}}
	view, err := archive.OpenView(ctx, location)
	if err != nil {
		return nil, nil, err
	}
	r.view = view
	done = func() (err error) {
		if r.snapshot != nil {
			err = r.snapshot.Close()
		}
		return errors.Join(err, r.activities.close(), view.Close())
	}
	// What happened in the period was observed in it or later, save for clocks that
	// go differently.
	r.first = archive.HourOf(f.From) - 1
	r.snapshot, err = view.Snapshot(ctx, func(f archive.DataFile) bool { return f.Hour >= r.first })
	if err == nil {
		err = r.selectFiles()
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("report: %w", err), done())
	}
	return r, done, nil
}

type report struct {
	ctx      context.Context
	filter   Filter
	zip      *zip.Writer
	manifest *Manifest
	view     *archive.View
	snapshot *archive.Snapshot
	first    archive.Hour // of the snapshot
	skip     []bool       // files without rows of the period
	sizes    []int64      // rows of the others
	rows     int64        // their sum
	reading  int          // index of the file that scan reads
	proofs   []Proof      // of each file of the snapshot
	asOf     time.Time    // later observations do not count; zero is without limit

	activities keys   // by activity
	once       bitmap // one row of each event
	latest     bitmap // rows that are the state of their activity at the end of the period
	chosen     bitmap // rows of latest that the filter matches
	history    bitmap // rows of the chosen activities
}

// prove compares the files of the period with their seals and refuses if they differ.
func (r *report) prove() error {
	p, err := newProver(r.ctx, r.view, r.snapshot, r.first)
	if err != nil {
		return err
	}
	r.proofs = make([]Proof, len(r.snapshot.Files))
	for i := range r.snapshot.Files {
		if r.skip[i] {
			continue
		}
		if r.proofs[i], err = p.prove(i); err != nil {
			return err
		}
		r.manifest.Archive = append(r.manifest.Archive, r.proofs[i])
	}
	p.missing(func(f archive.SealedFile) bool {
		return f.Last == nil || f.First == nil || f.First.Before(r.filter.To) && !f.Last.Before(r.filter.From)
	})
	r.manifest.Problems = p.problems
	if r.filter.AllowUnproven {
		return nil
	}
	return p.err()
}
