package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// node is a mapping of a YAML document.
type node = map[string]any

// publishedCopy is a folder with descriptions that the vendor publishes, in whatever
// folders they lie. A file may have the prefix of its kind (path-, schema-, trigger-).
type publishedCopy struct {
	files map[string]string // path by the file's name
	read  map[string][]byte // what was read, by the file's name
}

func openCopy(dir string) (*publishedCopy, error) {
	c := &publishedCopy{files: map[string]string{}, read: map[string][]byte{}}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		name := strings.ToLower(d.Name())
		c.files[name] = path
		for _, prefix := range []string{"path-", "schema-search-", "schema-", "trigger-"} {
			if bare, found := strings.CutPrefix(name, prefix); found {
				c.files[bare] = path
			}
		}
		return nil
	})
	if err == nil && len(c.files) == 0 {
		err = fmt.Errorf("%s holds no YAML files", dir)
	}
	return c, err
}

// open returns the content of a file, or nil if the copy does not have the file.
func (c *publishedCopy) open(name string) (node, error) {
	path, ok := c.files[strings.ToLower(name)]
	if !ok {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var out node
	if err := yaml.Unmarshal(text, &out); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	c.read[filepath.Base(path)] = text
	return out, nil
}

// digest identifies the version of what was read.
func (c *publishedCopy) digest() string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(c.read)) {
		fmt.Fprintf(h, "%s %d\n%s", name, len(c.read[name]), c.read[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}
