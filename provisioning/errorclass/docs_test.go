package errorclass

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestErrorsDocument keeps docs/errors.md equal to the table. Run with UPDATE_DOCS=1 to
// write the document anew.
func TestErrorsDocument(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "errors.md")
	want := document()
	if os.Getenv("UPDATE_DOCS") != "" {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o600))
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, string(got), "run UPDATE_DOCS=1 go test ./provisioning/errorclass")
}

func document() string {
	var b strings.Builder
	b.WriteString(`# Errors: categories, signatures, next actions

Every failed or retrying change of access has an error category. It is decided by the
structured fields first (the approval, a manual task) and by the error text second: the
first signature of the table below that matches wins. A text that no signature knows is
` + "`unclassified`" + `; nothing is guessed.

` + "```sh" + `
provtrail errors explain "ORA-01017: invalid username/password; logon denied"
provtrail errors list --category auth_failed
provtrail errors propose "Widget 42 jammed" --id widget_jammed --category configuration_error
` + "```" + `

` + "`propose`" + ` prints a row for a file of signatures of your own; the first line of the file is
the heading of ` + "`provisioning/errorclass/signatures.tsv`" + `. A row with the id of a built-in
signature takes its place, all others come first.

The fingerprint groups the errors of one cause: the same source, operation and signature,
or, where no signature matches, the same text without names, ids, times and numbers.

## Categories

| category | title | who acts | a retry helps | next action | kind |
|---|---|---|---|---|---|
`)
	for _, c := range Categories {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", c.Category, c.Title, c.Actor, c.Retry, c.Action, c.Group)
	}
	b.WriteString(`
## Signatures

In the order of precedence. The mark says how the text is attested: F a published page
prints it, C it was seen in public code or logs, K general knowledge of the product, I
inferred from a documented state or class.

| signature | category | connector | a retry helps | next action | attested |
|---|---|---|---|---|---|
`)
	for _, s := range Builtin() {
		mark, link, _ := strings.Cut(s.Source, " ")
		attested := strings.Trim(mark, "[]")
		if strings.HasPrefix(link, "http") {
			attested = "[" + attested + "](" + strings.Fields(link)[0] + ")"
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s | %s | %s |\n", s.ID, s.Category, s.Connector, s.Retry, s.Action, attested)
	}
	return b.String()
}
