package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// TestDocumentedCommands runs every command of the README and the docs: queries
// against a running pipeline, subcommands with --help, make targets as a dry run.
func TestDocumentedCommands(t *testing.T) {
	c := newCollector(t)
	c.start(t)
	c.simulate(t, c.path("simulated"), "--seed", "13")
	c.matchesTruth(t, c.path("simulated", "truth"))

	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	for _, page := range append(pages, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, block := range shellBlock.FindAllStringSubmatch(string(text), -1) {
			for _, command := range commands(block[1]) {
				t.Run(filepath.Base(page)+"/"+strings.Fields(command)[0], func(t *testing.T) { c.documented(t, command) })
			}
		}
	}
}

// commands splits a block into commands: a quoted argument may go over lines.
func commands(block string) (out []string) {
	for line := range strings.SplitSeq(strings.TrimSpace(block), "\n") {
		if n := len(out); n > 0 && (strings.Count(out[n-1], `"`)%2 == 1 || strings.HasSuffix(out[n-1], `\`)) {
			out[n-1] += "\n" + line
		} else if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

func (c *collector) documented(t *testing.T, command string) {
	t.Helper()
	line := strings.NewReplacer(
		"127.0.0.1:8123", c.env["PROVTRAIL_CLICKHOUSE_HTTP"],
		"127.0.0.1:13133", c.env["PROVTRAIL_HEALTH"],
		"127.0.0.1:8888", "127.0.0.1:"+c.env["PROVTRAIL_METRICS_PORT"],
		"curl ", "curl --silent --show-error --fail-with-body ",
	).Replace(command)
	switch word := strings.Fields(line); {
	case word[0] == "make":
		line = "make --dry-run " + word[1]
	case strings.HasSuffix(word[0], "bin/provtrail") || word[0] == "provtrail":
		line = program
		for _, w := range word[1:] {
			if strings.HasPrefix(w, "-") || strings.HasPrefix(w, "#") {
				break
			}
			line += " " + w
		}
		line += " --help"
	case word[0] != "curl":
		t.Fatalf("no test knows how to run %q", command)
	}
	cmd := exec.Command("bash", "-c", line)
	cmd.Dir, cmd.Env = root, c.environ()
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", line, out)
	require.NotEmpty(t, out, line)
}
