// Command generate writes the Grafana dashboards from their source.
//
// A dashboard is a file of dashboards/source: its panels with their SQL, in the order in
// which they stand. What the dashboards share (variables, parts of queries, presets of
// columns and panels, the colours of the statuses) is in common.yaml. The pages of the
// report extension get the same colours as a style sheet.
//
//	go generate ./dashboards/...
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

//go:generate go run . ..

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: generate <folder with the folder source>")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// statusSheet is the style sheet with the colours, from the folder of the dashboards.
const statusSheet = "../extension/provisioningreportextension/internal/pages/status.css"

func run(folder string) error {
	dashboards, err := generate(filepath.Join(folder, "source"))
	if err != nil {
		return err
	}
	shared, _, err := read(filepath.Join(folder, "source"))
	if err != nil {
		return err
	}
	sheet, err := statusCSS(shared.Statuses)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, statusSheet), sheet, 0o644); err != nil { //nolint:gosec // it is source
		return err
	}
	for name, text := range dashboards {
		if err := os.WriteFile(filepath.Join(folder, name+".json"), text, 0o644); err != nil { //nolint:gosec // Grafana reads it as another user
			return err
		}
	}
	return nil
}
