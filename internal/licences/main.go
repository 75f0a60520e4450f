// Program licences writes docs/licences.md: every module that is linked into provtrail,
// with its version and licence. With -check it compares instead, and it always fails
// where a licence is unknown or would bind provtrail's users (GPL, LGPL, AGPL, SSPL).
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

const document = "docs/licences.md"

func main() {
	check := flag.Bool("check", false, "compare "+document+" instead of writing it")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

func run(check bool) error {
	modules, err := linked("linux", "darwin")
	if err != nil {
		return err
	}
	text, err := render(modules)
	if err != nil {
		return err
	}
	if !check {
		return os.WriteFile(document, text, 0o644) //nolint:gosec // a document is for everybody to read
	}
	is, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	if !bytes.Equal(is, text) {
		return errors.New(document + " is out of date: run make licences and commit it")
	}
	return nil
}

// module is a module of the build list, as go list describes it.
type module struct {
	Path, Version, Dir string
	Main               bool
	Replace            *module
}

// linked are the modules of which a package is compiled into the program, on any of
// the platforms.
func linked(platforms ...string) ([]module, error) {
	found := map[string]module{}
	for _, goos := range platforms {
		cmd := exec.Command("go", "list", "-tags", "full", "-deps", "-json=Module", "./cmd/provtrail")
		cmd.Env = append(os.Environ(), "GOOS="+goos, "CGO_ENABLED=0")
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("go list for %s: %w", goos, err)
		}
		decoder := json.NewDecoder(bytes.NewReader(out))
		for {
			var p struct{ Module *module }
			if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, err
			}
			if m := p.Module; m != nil && !m.Main {
				found[m.Path] = *m
			}
		}
	}
	var out []module
	for _, m := range found {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

func render(modules []module) ([]byte, error) {
	var rows bytes.Buffer
	var errs []error
	count := map[string]int{}
	for _, m := range modules {
		licence, err := licenceOf(m.Dir)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s %s: %w", m.Path, m.Version, err))
			continue
		}
		count[licence]++
		fmt.Fprintf(&rows, "| %s | %s | %s |\n", m.Path, m.Version, licence)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	var names []string
	for name := range count {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if count[a] != count[b] {
			return count[b] - count[a]
		}
		return strings.Compare(a, b)
	})
	var text bytes.Buffer
	text.WriteString(head)
	for _, name := range names {
		fmt.Fprintf(&text, "| %s | %d |\n", name, count[name])
	}
	text.WriteString("\n| module | version | licence |\n|---|---|---|\n")
	text.Write(rows.Bytes())
	return text.Bytes(), nil
}

const head = `# Licences of what is linked into provtrail

Written by ` + "`make licences`" + ` from the licence file of each module that is compiled into
` + "`cmd/provtrail`" + `; ` + "`make lint`" + ` fails when this list is out of date, when a licence is not
recognised, and when one is of the GPL family. The Go standard library (BSD-3-Clause) comes
on top. ClickHouse, which ` + "`clickhouse_embedded`" + ` loads (Apache-2.0), and Grafana Loki, which
` + "`make test-loki`" + ` builds as a program of its own (AGPL-3.0), are not linked.

| licence | modules |
|---|---|
`
