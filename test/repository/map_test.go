package repository

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestMapNamesEveryFolder: CONTRIBUTING.md names every folder of the root and every
// internal package, so that a newcomer finds each of them explained.
func TestMapNamesEveryFolder(t *testing.T) {
	text := read(t, "CONTRIBUTING.md")
	folders := map[string]bool{}
	for _, file := range tracked(t) {
		parts := strings.Split(file, "/")
		if len(parts) > 1 {
			folders[parts[0]] = true
		}
		if at := slices.Index(parts, "internal"); at >= 0 && len(parts) > at+2 && isMapped(parts[at+1]) {
			folders[strings.Join(parts[:at+2], "/")] = true
		}
	}
	for folder := range folders {
		// A component's package may be named without the component's folder before it.
		short := folder[max(strings.LastIndex(folder, "internal/"), 0):]
		assert.True(t, strings.Contains(text, "`"+folder) || strings.Contains(text, "`"+short+"`"), "CONTRIBUTING.md does not name the folder %s", folder)
	}
}

// isMapped leaves out the packages that mdatagen writes for each component.
func isMapped(name string) bool { return name != "metadata" && name != "metadatatest" }
