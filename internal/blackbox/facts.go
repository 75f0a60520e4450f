package blackbox

import (
	"context"
	"database/sql"
	"fmt"
	"sort"
)

// Facts map an id to what must be known of it, as one comparable text.
type Facts map[string]string

// Kind is how a fact differs from what was wanted.
type Kind string

const (
	Lost    Kind = "lost"
	Doubled Kind = "doubled"
	Wrong   Kind = "wrong"    // it differs
	Unknown Kind = "unwanted" // nothing should be known of it
)

// Difference is one fact that is not as it was wanted.
type Difference struct {
	ID         string
	Kind       Kind
	Want, Have string
}

func (d Difference) String() string {
	return fmt.Sprintf("%s %s\n  want %s\n  have %s", d.ID, d.Kind, d.Want, d.Have)
}

// Compare lists how rows (an id and a fact each) differ from what is wanted, in the
// order of the ids.
func Compare(want Facts, rows [][]string) (out []Difference) {
	have := make(Facts, len(rows))
	for _, row := range rows {
		if was, twice := have[row[0]]; twice {
			out = append(out, Difference{row[0], Doubled, was, row[1]})
		}
		have[row[0]] = row[1]
	}
	for id, w := range want {
		switch h, ok := have[id]; {
		case !ok:
			out = append(out, Difference{id, Lost, w, ""})
		case h != w:
			out = append(out, Difference{id, Wrong, w, h})
		}
	}
	for id, h := range have {
		if _, ok := want[id]; !ok {
			out = append(out, Difference{id, Unknown, "", h})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].ID < out[j].ID })
	return out
}

// Query runs a query and returns its rows, each value as text.
func Query(ctx context.Context, db *sql.DB, query string) ([][]string, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var out [][]string
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		row := make([]string, len(columns))
		for i, v := range values {
			row[i] = fmt.Sprint(v)
		}
		out = append(out, row)
	}
	return out, rows.Err()
}
