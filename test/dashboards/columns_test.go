package dashboards

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

var (
	columnName = regexp.MustCompile(`(?:"([^"]+)"|([\w]+))\s*$`)
	selectWord = regexp.MustCompile(`(?i)^SELECT(?: DISTINCT)?\s`)
)

// columnsOf are the names of the columns that a query returns, read from its outermost
// SELECT.
func columnsOf(sql string) []string {
	var names []string
	depth, begin := 0, -1
	for i := 0; i < len(sql); i++ {
		switch c := sql[i]; {
		case c == '\'' || c == '"':
			for i++; i < len(sql) && sql[i] != c; i++ {
				if sql[i] == '\\' {
					i++
				}
			}
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			depth--
		case depth > 0:
		case begin < 0 && selectWord.MatchString(sql[i:]):
			begin = i + len(selectWord.FindString(sql[i:]))
			i = begin - 1
		case begin >= 0 && (c == ',' || strings.HasPrefix(sql[i:], "FROM") && strings.ContainsAny(sql[i-1:i], " \n")):
			if name := columnName.FindStringSubmatch(sql[begin:i]); name != nil {
				names = append(names, name[1]+name[2])
			}
			if c != ',' {
				return names
			}
			begin = i + 1
		}
	}
	return names
}

func TestColumnsOf(t *testing.T) {
	f := func(sql string, want ...string) {
		t.Helper()
		assert.Equal(t, want, columnsOf(sql))
	}
	f(`SELECT a, b AS "the b", concat('x, (', c) AS c FROM t`, "a", "the b", "c")
	f("WITH f('${x}') AS y\nSELECT DISTINCT t.a,\n  [1, 2] AS list\nFROM t", "a", "list")
	f(`SELECT x FROM (SELECT y, z FROM u)`, "x")
	f(`SELECT 'a\', b' AS one, two FROM t UNION ALL SELECT 3, 4 FROM t`, "one", "two")
}
