package heal

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Store is a ClickHouse database that is compared with an archive.
type Store interface {
	Target
	// All is the quoted name of a table, in a cluster of the one over all shards.
	All(table string) string
	// Clustered reports whether the tables are spread over a cluster.
	Clustered() bool
	// Activities calls f with the activity records that a WHERE clause selects; Quarantined
	// and Reconciliations do so with those records.
	Activities(ctx context.Context, where string, f func(*record.Record) error) error
	Quarantined(ctx context.Context, where string, f func(*record.Quarantined) error) error
	Reconciliations(ctx context.Context, where string, f func(*record.Reconciliation) error) error
}

// Doctor compares ClickHouse with an archive.
type Doctor struct {
	Archive    *archive.View
	ClickHouse Store
	// Since and Until bound the time of what happened: Since is within, Until is not.
	Since, Until time.Time
	// Progress may be nil.
	Progress Progress
	// Append stores records in the archive that ClickHouse alone has; nil for no repair.
	Append func(ctx context.Context, batch *columnar.Batch) error

	found map[findingKey]*Finding
	d     Diagnosis
	// expired is up to when what was received may be gone from ClickHouse; zero for never.
	expired time.Time
}

// Problem is a kind of difference.
type Problem string

// The problems.
const (
	Missing   Problem = "missing"    // a store lacks what the other has
	Older     Problem = "older"      // a store has an older version
	Differs   Problem = "differs"    // both have it with the same version and different values
	Doubled   Problem = "doubled"    // the same version of one activity twice, with different values
	Outdated  Problem = "outdated"   // the newest state lacks observations that are stored
	NotSummed Problem = "not summed" // a summary is not that of what is stored
)

// Finding is a difference in one hour.
type Finding struct {
	Problem Problem `json:"problem"`
	// Store is where it is wrong: clickhouse or archive; both where they agree.
	Store string `json:"store"`
	Table string `json:"table"`
	// Hour is that of what happened; absent where there is none.
	Hour  *time.Time `json:"hour,omitempty"`
	Count int64      `json:"count"`
	// IDs are some of them.
	IDs []string `json:"ids,omitempty"`
	// Remedy is what repairs it.
	Remedy string `json:"remedy"`
}

// Names of stores.
const (
	inClickHouse = "clickhouse"
	inArchive    = "archive"
	inBoth       = "both"
)

// Diagnosis is what a comparison found.
type Diagnosis struct {
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
	// Archive and ClickHouse are how many distinct records were compared.
	Archive    int64     `json:"archive"`
	ClickHouse int64     `json:"clickhouse"`
	Equal      bool      `json:"equal"`
	Findings   []Finding `json:"findings"`
	Notes      []string  `json:"notes,omitempty"`
}

type findingKey struct {
	problem      Problem
	store, table string
	hour         uint32
}

// maxIDs is how many ids a finding names.
const maxIDs = 5

// remedies by problem and store.
func remedy(p Problem, store string) string {
	switch p {
	case Doubled, Outdated:
		return "provtrail replay --write"
	case Differs:
		return "provtrail replay --write, or restore from the store that is right"
	default:
		return "provtrail doctor --repair " + store
	}
}

// add counts a difference. hour is 0 for none.
func (d *Doctor) add(p Problem, store, table string, hour uint32, count int64, ids ...string) {
	key := findingKey{p, store, table, hour}
	f := d.found[key]
	if f == nil {
		f = &Finding{Problem: p, Store: store, Table: table, Remedy: remedy(p, store)}
		if hour != 0 {
			at := time.Unix(int64(hour)*3600, 0).UTC()
			f.Hour = &at
		}
		d.found[key] = f
	}
	f.Count += count
	f.IDs = append(f.IDs, ids[:min(len(ids), maxIDs-len(f.IDs))]...)
}

// Run compares the stores. The error is for what could not be looked at.
func (d *Doctor) Run(ctx context.Context) (*Diagnosis, error) {
	if d.Progress == nil {
		d.Progress = func(string, int64, int64) {}
	}
	d.found, d.d = map[findingKey]*Finding{}, Diagnosis{Since: d.Since, Until: d.Until, Findings: []Finding{}}
	if err := d.readExpired(ctx); err != nil {
		return nil, fmt.Errorf("read what has expired of %s: %w", observations, err)
	}
	if err := d.compareRecords(ctx); err != nil {
		return nil, fmt.Errorf("compare records: %w", err)
	}
	if err := d.compareOthers(ctx); err != nil {
		return nil, fmt.Errorf("compare the quarantine and reconciliations: %w", err)
	}
	if err := d.checkStates(ctx); err != nil {
		return nil, fmt.Errorf("check ClickHouse's states: %w", err)
	}
	if err := d.checkRollups(ctx); err != nil {
		return nil, fmt.Errorf("check ClickHouse's rollups: %w", err)
	}
	for _, f := range d.found {
		d.d.Findings = append(d.d.Findings, *f)
	}
	slices.SortFunc(d.d.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Store, b.Store), cmp.Compare(a.Table, b.Table), cmp.Compare(a.Problem, b.Problem), a.at().Compare(b.at()))
	})
	d.d.Equal = len(d.d.Findings) == 0
	if d.d.Archive == 0 && d.d.ClickHouse == 0 && d.d.Equal {
		return nil, fmt.Errorf("%w between %s and %s, in neither store", ErrNothing, d.Since.Format(time.RFC3339), d.Until.Format(time.RFC3339))
	}
	return &d.d, nil
}

// readExpired finds out what ClickHouse need not hold any more: the exporter notes it before
// it removes rows.
func (d *Doctor) readExpired(ctx context.Context) error {
	rows, err := d.ClickHouse.Strings(ctx, "SELECT extract(comment, 'rows before ([0-9]+) s since 1970 have expired') FROM system.tables WHERE concat('`', database, '`.`', name, '`') = "+
		literal(d.ClickHouse.Table(observations)))
	if err != nil || len(rows) == 0 || rows[0] == "" {
		return err
	}
	seconds, err := strconv.ParseInt(rows[0], 10, 64)
	if err != nil {
		return err
	}
	d.expired = time.Unix(seconds, 0).UTC()
	if d.Since.Before(d.expired) {
		d.d.Notes = append(d.d.Notes, fmt.Sprintf("what was received before %s is not compared: the ttl of the ClickHouse exporter has removed it", d.expired.Format("2006-01-02 15:04 UTC")))
	}
	return nil
}

func (f *Finding) at() time.Time {
	if f.Hour == nil {
		return time.Time{}
	}
	return *f.Hour
}
