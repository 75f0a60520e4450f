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

The structured fields (approval, manual task) decide the category first, then the first signature
that matches the error text. What no signature knows is ` + "`unclassified`" + `. The fingerprint groups
the errors of one cause: the same source, operation and signature, or, without one, the same text
without names, ids, times and numbers.

` + "```sh" + `
provtrail errors explain "ORA-01017: invalid username/password; logon denied"
provtrail errors list --category auth_failed
provtrail errors propose "Widget 42 jammed" --id widget_jammed --category configuration_error
` + "```" + `

Signatures are the rows of [signatures.tsv](../provisioning/errorclass/signatures.tsv), in the order of
precedence, with an example, the next action and how the text is attested: F a published page prints it, C
it was seen in public code or logs, K general knowledge of the product, I inferred from a documented state.
` + "`propose`" + ` prints a row for a file of your own with the same heading, the processor's
` + "`error_signatures`" + `; a row with the id of a built-in signature takes its place, all others come first.

## Categories

| category | title | who acts | a retry helps | next action | kind |
|---|---|---|---|---|---|
`)
	for _, c := range Categories {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", c.Category, c.Title, c.Actor, c.Retry, c.Action, c.Group)
	}
	return b.String()
}
