package clickhouse

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"time"
)

// MinVersion is the oldest ClickHouse whose clickhouse-local can listen as a server.
const MinVersion = "26.7"

const minMajor, minMinor = 26, 7

// Program is an engine that can be started: a binary or a library, never both.
type Program struct {
	Binary  string
	Library string
}

func (p Program) String() string {
	if p.Binary != "" {
		return p.Binary
	}
	return p.Library
}

// command builds the process that becomes clickhouse-local with args.
func (c *child) command(args []string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program to run it as the ClickHouse process: %w", err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env, err = c.environment()
	return cmd, err
}

var versionPattern = regexp.MustCompile(`version (\d+)\.(\d+)\.\S+`)

// checkVersion runs binary and refuses one that is older than [MinVersion].
func checkVersion(ctx context.Context, binary string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, binary, "local", "--version").Output()
	if err != nil {
		return fmt.Errorf("ask %s for its version: %w", binary, err)
	}
	return parseVersion(binary, out)
}

func parseVersion(binary string, out []byte) error {
	match := versionPattern.FindSubmatch(out)
	if match == nil {
		return fmt.Errorf("%s did not tell its version: %.100q", binary, out)
	}
	var major, minor int
	_, _ = fmt.Sscan(string(match[1]), &major)
	_, _ = fmt.Sscan(string(match[2]), &minor)
	if major < minMajor || major == minMajor && minor < minMinor {
		return fmt.Errorf("%s is %s, which is too old: %s or newer is needed", binary, match[0], MinVersion)
	}
	return nil
}
