package blackbox

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Build compiles provtrail with all its parts from the repository's root into a folder and
// returns the program's path.
func Build(root, into string) (string, error) {
	program := filepath.Join(into, "provtrail")
	build := exec.Command("go", "build", "-tags", "full", "-o", program, "./cmd/provtrail")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build provtrail: %w\n%s", err, out)
	}
	return program, nil
}

// Tail returns the last lines of a file, each cut to what a person reads.
func Tail(path string, lines int) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	for i, line := range all {
		all[i] = line[:min(len(line), 400)]
	}
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
