package schema

import (
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"text/template"
)

//go:embed sql/*.sql
var files embed.FS

// Migration is one step of the schema. Every statement may be repeated and
// removes no row: several collectors may apply it at once, and one that was cut off applies
// it again.
type Migration struct {
	Version uint32
	Name    string
	source  string
}

// Migrations are all steps this binary knows, in order.
var Migrations = func() []Migration {
	entries, err := fs.ReadDir(files, "sql") // sorted by name
	if err != nil {
		panic(err)
	}
	list := make([]Migration, len(entries))
	for i, entry := range entries {
		number, name, _ := strings.Cut(strings.TrimSuffix(entry.Name(), ".sql"), "_")
		version, err := strconv.ParseUint(number, 10, 32)
		if err != nil || version != uint64(i+1) {
			panic(fmt.Sprintf("migration %s does not follow %d", entry.Name(), i))
		}
		source, err := fs.ReadFile(files, "sql/"+entry.Name())
		if err != nil {
			panic(err)
		}
		list[i] = Migration{Version: uint32(version), Name: name, source: string(source)}
	}
	return list
}()

// Statements renders the migration for a target.
func (m Migration) Statements(t Target) ([]string, error) {
	parsed, err := template.New(m.Name).Parse(m.source)
	if err != nil {
		return nil, fmt.Errorf("migration %d %s: %w", m.Version, m.Name, err)
	}
	var text strings.Builder
	if err := parsed.Execute(&text, t); err != nil {
		return nil, fmt.Errorf("migration %d %s: %w", m.Version, m.Name, err)
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
