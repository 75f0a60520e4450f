// Package repository checks what no compiler does: that documents name what is there,
// and that scripts do what they say.
package repository

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// root is the repository's root: the folder above the folder of the tests.
var root = filepath.Dir(filepath.Dir(must(os.Getwd())))

func must(value string, err error) string {
	if err != nil {
		panic(err)
	}
	return value
}

// tracked lists the files that Git knows or would add, by their paths from the root.
func tracked(t *testing.T, patterns ...string) []string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"ls-files", "-co", "--exclude-standard", "--deduplicate", "--"}, patterns...)...)
	cmd.Dir = root
	out, err := cmd.Output()
	require.NoError(t, err)
	var files []string
	for file := range strings.Lines(string(out)) {
		file = strings.TrimSpace(file)
		if _, err := os.Stat(filepath.Join(root, file)); err == nil { // not deleted
			files = append(files, file)
		}
	}
	require.NotEmpty(t, files)
	return files
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	require.NoError(t, err)
	return string(text)
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.*)$`)
	code    = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
	noSlug  = regexp.MustCompile(`[^\p{L}\p{N}\- _]`)
)

// TestLinksResolve: a link between documents leads to a file, and to a heading in it.
func TestLinksResolve(t *testing.T) {
	for _, file := range tracked(t, "*.md") {
		for _, found := range link.FindAllStringSubmatch(code.ReplaceAllString(read(t, file), ""), -1) {
			if strings.Contains(found[1], "://") || strings.HasPrefix(found[1], "mailto:") {
				continue
			}
			path, fragment, _ := strings.Cut(found[1], "#")
			target := filepath.Join(filepath.Dir(file), path)
			if path == "" {
				target = file
			}
			_, err := os.Stat(filepath.Join(root, target))
			if assert.NoError(t, err, "%s links to %s", file, found[1]) && fragment != "" && strings.HasSuffix(target, ".md") {
				assert.Contains(t, slugs(read(t, target)), fragment, "%s links to %s: there is no such heading", file, found[1])
			}
		}
	}
}

// slugs are the names that GitHub gives the headings of a document.
func slugs(text string) (out []string) {
	for _, found := range heading.FindAllStringSubmatch(text, -1) {
		out = append(out, strings.ReplaceAll(noSlug.ReplaceAllString(strings.ToLower(found[1]), ""), " ", "-"))
	}
	return out
}
