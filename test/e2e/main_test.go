// Package e2e runs the real program, as a user does, and checks every store
// against the ground truth by id and value.
package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/provtrail/provtrail/internal/blackbox"
	"github.com/provtrail/provtrail/internal/clickhouse"
)

// program is the path of the built binary, root that of the repository.
var program, root string

func TestMain(m *testing.M) {
	clickhouse.RunChildIfAsked()
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "provtrail-e2e")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		if root, err = filepath.Abs(filepath.Join("..", "..")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		if program, err = blackbox.Build(root, dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}
