package panels

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Scope is what Grafana knows when it sends a panel's query.
type Scope struct {
	From, To time.Time
	Interval time.Duration
	Vars     map[string][]string // nil or {"$__all"}: All
	Typed    map[string]bool     // the variables that are typed in
}

// Expand does what Grafana and its ClickHouse plugin do to a panel's query before it is
// sent.
func (s *Scope) Expand(sql string) (string, error) {
	sql, err := s.Substitute(sql)
	if err != nil {
		return "", err
	}
	sql, err = replace(sql, macro, func(parts []string) (string, error) {
		return s.macro(parts[1], strings.TrimSpace(strings.Trim(parts[2], "()")))
	})
	if err == nil && strings.Contains(sql, "$") {
		err = fmt.Errorf("something was not expanded: %s", sql)
	}
	return sql, err
}

// Substitute is the part that happens in the browser, and not for an alert:
// $__conditionalAll, then the variables.
func (s *Scope) Substitute(sql string) (string, error) {
	sql, err := s.conditions(sql)
	if err != nil {
		return "", err
	}
	return replace(sql, variableUse, func(parts []string) (string, error) { return s.variable(parts[1], parts[2]) })
}

func replace(sql string, pattern *regexp.Regexp, by func(parts []string) (string, error)) (string, error) {
	var failed error
	sql = pattern.ReplaceAllStringFunc(sql, func(use string) string {
		text, err := by(pattern.FindStringSubmatch(use))
		if err != nil && failed == nil {
			failed = fmt.Errorf("%s: %w", use, err)
		}
		return text
	})
	return sql, failed
}

// conditions replaces $__conditionalAll(condition, $variable), the last one first.
func (s *Scope) conditions(sql string) (string, error) {
	const name = "$__conditionalAll("
	for {
		at := strings.LastIndex(sql, name)
		if at < 0 {
			return sql, nil
		}
		args, end := arguments(sql, at+len(name))
		if len(args) != 2 || !strings.HasPrefix(strings.TrimSpace(args[1]), "$") {
			return "", fmt.Errorf("want a condition and a $variable: %s", sql[at:])
		}
		phrase, variable := strings.TrimSpace(args[0]), strings.TrimSpace(args[1])[1:]
		values, known := s.Vars[variable]
		if !known {
			return "", fmt.Errorf("variable %s is not in the dashboard", variable)
		}
		if len(values) == 0 || values[0] == "$__all" || (len(values) == 1 && values[0] == "") {
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

var (
	variableUse = regexp.MustCompile(`\$\{(\w+)(?::(\w+))?\}`)
	macro       = regexp.MustCompile(`\$__(\w+)(\([^()]*\))?`)
)

func (s *Scope) variable(name, format string) (string, error) {
	values, known := s.Vars[name]
	switch {
	case !known:
		return "", fmt.Errorf("variable %s is not in the dashboard", name)
	case format == "percentencode" && s.Typed[name]:
		return percentEncode(strings.Join(values, "")), nil
	case format == "percentencode":
		return percentEncode("{" + strings.Join(values, ",") + "}"), nil
	default:
		return "", errors.New("a variable in SQL has the format percentencode: none for SQL escapes a backslash")
	}
}

// percentEncode leaves letters, digits and -_.~ as they are.
func percentEncode(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

func (s *Scope) macro(name, arg string) (string, error) {
	from, to := fmt.Sprintf("toDateTime(%d)", s.From.Unix()), fmt.Sprintf("toDateTime(%d)", s.To.Unix())
	seconds := max(int64(s.Interval/time.Second), 1)
	switch name {
	case "timeFilter":
		return fmt.Sprintf("%s >= %s AND %s <= %s", arg, from, arg, to), needs(arg)
	case "fromTime":
		return from, nil
	case "toTime":
		return to, nil
	case "timeInterval":
		return fmt.Sprintf("toStartOfInterval(toDateTime(%s), INTERVAL %d second)", arg, seconds), needs(arg)
	case "interval_s":
		return strconv.FormatInt(seconds, 10), nil
	default:
		return "", errors.New("the plugin knows no such macro, or this package does not")
	}
}

func needs(arg string) error {
	if arg == "" {
		return errors.New("an argument is missing")
	}
	return nil
}
