package schema

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"text/template"
)

//go:embed sql/*.sql
var files embed.FS

// Migration is one version of the schema. Its statements may be repeated and remove no
// row, because several collectors may apply it at once, and an interrupted one is applied
// again from its first statement.
type Migration struct {
	Version uint32
	// SQL is a template over Target. Statements end with a semicolon at the end of a line.
	SQL string
}

// Migrations are all versions, in order: the files sql/<version>_*.sql, those of one
// version in the order of their names.
var Migrations = func() (list []Migration) {
	names, err := fs.Glob(files, "sql/0*.sql") // sorted
	if err != nil {
		panic(err)
	}
	for _, name := range names {
		number, _, _ := strings.Cut(path.Base(name), "_")
		version, err := strconv.ParseUint(number, 10, 32)
		if err != nil {
			panic(err)
		}
		if int(version) > len(list) {
			list = append(list, Migration{Version: uint32(version)})
		}
		if last := &list[len(list)-1]; last.Version == uint32(version) && len(list) == int(version) {
			last.SQL += read(name)
			continue
		}
		panic(fmt.Sprintf("%s does not follow version %d", name, len(list)))
	}
	return list
}()

func read(name string) string {
	text, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// Statements renders the migration for a target.
func (m Migration) Statements(t Target) ([]string, error) {
	parsed, err := template.New("").Parse(read("sql/types.sql") + m.SQL)
	if err != nil {
		return nil, fmt.Errorf("schema version %d: %w", m.Version, err)
	}
	var text strings.Builder
	if err := parsed.Execute(&text, t); err != nil {
		return nil, fmt.Errorf("schema version %d: %w", m.Version, err)
	}
	var statements []string
	for statement := range strings.SplitSeq(text.String(), ";\n") {
		if statement = withoutComments(statement); statement != "" {
			statements = append(statements, statement)
		}
	}
	return statements, nil
}

func withoutComments(statement string) string {
	var kept []string
	for line := range strings.SplitSeq(statement, "\n") {
		trimmed := strings.TrimSpace(line)
		if !strings.HasPrefix(trimmed, "--") && (trimmed != "" || len(kept) > 0) {
			kept = append(kept, line)
		}
	}
	return strings.TrimSuffix(strings.TrimSpace(strings.Join(kept, "\n")), ";")
}
