package dashboards

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// scope is what Grafana knows when it sends a panel's query.
type scope struct {
	from, to time.Time
	interval time.Duration
	vars     map[string][]string // nil or {"$__all"}: All
}

// expand does what Grafana and its ClickHouse plugin do to a query before it is
// sent: $__conditionalAll, then the variables, then the macros.
func (s *scope) expand(t testing.TB, sql string) string {
	t.Helper()
	sql = s.variables(t, s.conditions(t, sql))
	sql = macro.ReplaceAllStringFunc(sql, func(call string) string {
		parts := macro.FindStringSubmatch(call)
		return s.macro(t, parts[1], strings.TrimSpace(strings.Trim(parts[2], "()")))
	})
	require.NotContains(t, sql, "$", "something was not expanded")
	return sql
}

// conditions replaces $__conditionalAll(condition, $variable), the last one first.
func (s *scope) conditions(t testing.TB, sql string) string {
	t.Helper()
	const name = "$__conditionalAll("
	for {
		at := strings.LastIndex(sql, name)
		if at < 0 {
			return sql
		}
		args, end := arguments(sql, at+len(name))
		require.Len(t, args, 2, "arguments of %s", sql[at:])
		v := strings.TrimSpace(args[1])
		require.True(t, strings.HasPrefix(v, "$"), v)
		phrase := strings.TrimSpace(args[0])
		if s.isAll(t, v[1:]) {
			phrase = "1=1"
		}
		sql = sql[:at] + phrase + sql[end:]
	}
}

// arguments splits the text after an opening parenthesis at the commas of its own
// level, as the plugin does: quotes mean nothing to it.
func arguments(sql string, from int) (args []string, end int) {
	depth, last := 1, from
	for i := from; i < len(sql); i++ {
		switch sql[i] {
		case '(':
			depth++
		case ')':
			depth--
			if depth == 0 {
				return append(args, sql[last:i]), i + 1
			}
		case ',':
			if depth == 1 {
				args = append(args, sql[last:i])
				last = i + 1
			}
		}
	}
	return nil, len(sql)
}

func (s *scope) isAll(t testing.TB, name string) bool {
	t.Helper()
	values, known := s.vars[name]
	require.True(t, known, "variable %s is not in the dashboard", name)
	return len(values) == 0 || values[0] == "$__all" || (len(values) == 1 && values[0] == "")
}

var (
	variableUse = regexp.MustCompile(`\$\{(\w+)(?::(\w+))?\}`)
	macro       = regexp.MustCompile(`\$__(\w+)(\([^()]*\))?`)
)

func (s *scope) variables(t testing.TB, sql string) string {
	t.Helper()
	return variableUse.ReplaceAllStringFunc(sql, func(use string) string {
		parts := variableUse.FindStringSubmatch(use)
		values, known := s.vars[parts[1]]
		require.True(t, known, "variable %s is not in the dashboard", parts[1])
		switch parts[2] {
		case "singlequote":
			quoted := make([]string, len(values))
			for i, v := range values {
				quoted[i] = "'" + strings.ReplaceAll(v, "'", `\'`) + "'"
			}
			return strings.Join(quoted, ",")
		case "percentencode":
			require.LessOrEqual(t, len(values), 1)
			return strings.NewReplacer("+", "%20").Replace(url.QueryEscape(strings.Join(values, "")))
		default:
			require.Fail(t, "a variable in SQL must be quoted", use)
			return ""
		}
	})
}

func (s *scope) macro(t testing.TB, name, arg string) string {
	t.Helper()
	from, to := fmt.Sprintf("toDateTime(%d)", s.from.Unix()), fmt.Sprintf("toDateTime(%d)", s.to.Unix())
	seconds := max(int64(s.interval/time.Second), 1)
	switch name {
	case "timeFilter":
		require.NotEmpty(t, arg)
		return fmt.Sprintf("%s >= %s AND %s <= %s", arg, from, arg, to)
	case "fromTime":
		return from
	case "toTime":
		return to
	case "timeInterval":
		require.NotEmpty(t, arg)
		return fmt.Sprintf("toStartOfInterval(toDateTime(%s), INTERVAL %d second)", arg, seconds)
	case "interval_s":
		return fmt.Sprint(seconds)
	default:
		require.Fail(t, "the plugin knows no such macro, or the test does not", name)
		return ""
	}
}

func TestExpandAsThePluginDoes(t *testing.T) {
	s := scope{
		from: time.Unix(100, 0), to: time.Unix(200, 0), interval: time.Minute,
		vars: map[string][]string{"all": {"$__all"}, "none": nil, "two": {"a", "b'c"}, "text": {`x' OR 1 -- \`}},
	}
	f := func(in, want string) {
		t.Helper()
		require.Equal(t, want, s.expand(t, in))
	}
	f("$__timeFilter(x.y)", "x.y >= toDateTime(100) AND x.y <= toDateTime(200)")
	f("$__timeInterval(x) / $__interval_s", "toStartOfInterval(toDateTime(x), INTERVAL 60 second) / 60")
	f("$__conditionalAll(f(a, b) IN (${two:singlequote}), $two)", `f(a, b) IN ('a','b\'c')`)
	f("$__conditionalAll(a IN (${all:singlequote}), $all) AND $__conditionalAll(b, $none)", "1=1 AND 1=1")
	f("decodeURLComponent('${text:percentencode}')", "decodeURLComponent('x%27%20OR%201%20--%20%5C')")
}
