package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/provtrail/provtrail/internal/blackbox"
)

// verdict is how the stores differ from what they must hold.
type verdict struct {
	Observations int `json:"observations"` // in ClickHouse
	Activities   int `json:"activities"`
	Lost         int `json:"lost"`
	Doubled      int `json:"doubled"`
	Wrong        int `json:"wrong"`
	// Unanswered are observations that one store has and the other has not: triggers
	// that a kill cut off before they were answered. Any other would be lost.
	Unanswered int `json:"unanswered_in_one_store"`

	repeats int // in the sealed archive

	differences []string
}

func (v *verdict) sum() int { return v.Lost + v.Doubled + v.Wrong }

func (v *verdict) note(where string, list []blackbox.Difference) {
	for i, d := range list {
		switch d.Kind {
		case blackbox.Lost:
			v.Lost++
		case blackbox.Doubled:
			v.Doubled++
		default:
			v.Wrong++
		}
		if i < 20 {
			v.differences = append(v.differences, where+": "+d.String())
		}
	}
}

const (
	clickHouseRows = "(SELECT * FROM provisioning_observations FINAL)"
)

// archiveRows are the rows of the Parquet files, read by ClickHouse itself.
func (r *run) archiveRows(under, like string) string {
	files := under + "/date=*/hour=*/*.parquet"
	if found, err := filepath.Glob(filepath.Join(r.archiveDir(), files)); err == nil && len(found) == 0 {
		return "(SELECT * FROM " + like + " LIMIT 0)" // ClickHouse has no columns for no file
	}
	return "file('" + r.archiveDir() + "/" + files + "', 'Parquet')"
}

func (r *run) archiveActivities() string {
	return r.archiveRows("tenant=*", "provisioning_observations")
}

// check compares both stores with what they must hold.
func (r *run) check(ctx context.Context, e *expected) (*verdict, error) {
	v := &verdict{}
	ask := func(query string) ([][]string, error) { return r.ask(ctx, query) }
	stores := map[string]int{} // that have an observation
	for where, from := range map[string]string{"ClickHouse": clickHouseRows, "archive": r.archiveActivities()} {
		if err := r.compare(ctx, v, e, where, from, stores); err != nil {
			return v, err
		}
	}
	for _, in := range stores {
		v.Unanswered += 2 - in
	}
	rows, err := ask(activityFacts())
	if err != nil {
		return v, err
	}
	v.Activities = len(rows)
	v.note("ClickHouse activity", e.compareActivities(e.byTruth(rows)))
	if rows, err = ask(blackbox.GroupFacts); err != nil {
		return v, err
	}
	v.note("ClickHouse group", blackbox.Compare(e.groups, rows))
	if rows, err = ask("SELECT event_id, toString(count()) FROM " + clickHouseRows + " GROUP BY event_id HAVING count() > 1"); err != nil {
		return v, err
	}
	for _, row := range rows {
		v.note("ClickHouse", []blackbox.Difference{{ID: row[0], Kind: blackbox.Doubled, Want: "1", Have: row[1]}})
	}
	for where, from := range map[string]string{"ClickHouse": "provisioning_quarantine FINAL", "archive": r.archiveRows("quarantine", "provisioning_quarantine")} {
		rows, err := ask("SELECT replaceRegexpOne(file, '.*/', ''), toString(uniqExact(event_id)) FROM " + from + " GROUP BY 1")
		if err != nil {
			return v, err
		}
		v.note(where+" quarantine", blackbox.Compare(e.torn, rows))
	}
	return v, nil
}

func (r *run) ask(ctx context.Context, query string) ([][]string, error) {
	rows, err := r.engine.query(ctx, query)
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, query)
	}
	return rows, err
}

// compare compares the observations of one store, and the statuses that follow from them,
// and counts the observations in stores.
func (r *run) compare(ctx context.Context, v *verdict, e *expected, where, from string, stores map[string]int) error {
	rows, err := r.ask(ctx, strings.ReplaceAll(observationFacts, "%s", from))
	if err != nil {
		return err
	}
	v.note(where+" observation", e.compareObservations(rows))
	v.Observations = len(rows)
	for _, row := range rows {
		stores[row[0]]++
	}
	if rows, err = r.ask(ctx, `SELECT activity_id, status FROM (SELECT activity_id, argMax(status, version) AS status,
		argMax(folded_into, version) AS folded FROM `+from+` WHERE current GROUP BY activity_id) WHERE folded = ''`); err != nil {
		return err
	}
	v.note(where+" newest status", blackbox.Compare(e.statuses(), e.byTruth(rows)))
	return nil
}

// doubles counts the rows that the sealed archive holds more than once. A later hour may have
// an event in a higher version.
func (r *run) doubles(ctx context.Context) (int, error) {
	rows, err := r.engine.query(ctx, "SELECT toString(count() - uniqExact(event_id, version)) FROM "+r.archiveActivities())
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(rows[0][0])
}
