package dashboards

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// In a database that holds nothing yet, no panel fails, and the first one says what is
// awaited.
func TestEmptyDatabase(t *testing.T) {
	s := newStore(t)
	s.write(t, plog.NewLogs()) // makes the tables
	to := monday.Add(time.Hour)
	for _, b := range boards(t) {
		sc := scope{from: to.Add(-24 * time.Hour), to: to, interval: 10 * time.Minute, vars: b.choose(nil), typed: b.typed()}
		for _, p := range b.all() {
			for _, q := range p.Targets {
				if q.Datasource.Type != clickhouseType {
					continue
				}
				r := s.query(t, sc.expand(t, q.RawSQL))
				assertShape(t, b, p, q, r)
				if p.Title == "What is wrong now" {
					require.Len(t, r.rows, 1)
					assert.Equal(t, "Nothing has arrived yet", r.rows[0][r.column("what")])
					continue
				}
				for i, typ := range r.types {
					for _, row := range r.rows {
						if numeric.MatchString(typ) {
							assert.Zero(t, number(t, row[i]), "%s / %s: %s", b.Title, p.Title, r.names[i])
						}
					}
				}
			}
		}
	}
}
