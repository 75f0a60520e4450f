package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/provisioning"
)

// shape is a choice among the simulated tenant's documents.
type shape struct {
	name, what string
	changes    int     // a document has, 0 for any number
	perGroup   float64 // documents of a group, about
}

var shapes = []shape{
	{name: "single", what: "documents with one change each: a document is an event", changes: 1, perGroup: 0.6},
	{name: "mixed", what: "documents as they come, with four changes on the average", perGroup: 5},
}

func shapeNames() (names []string) {
	for _, s := range shapes {
		names = append(names, s.name)
	}
	return names
}

// only chooses one shape.
func (o *options) only(name string) error {
	i := slices.Index(shapeNames(), name)
	if i < 0 {
		return fmt.Errorf("there is no shape %q", name)
	}
	o.shapes = shapes[i : i+1]
	return nil
}

// input is one file of search documents.
type input struct {
	shape        shape
	path         string
	last         []byte // one document more, for the time until it can be queried
	documents    int
	observations int // distinct ones in the documents
	bytes        int64
}

// maxDocument bounds a line of the simulator.
const maxDocument = 16 << 20

func makeInput(ctx context.Context, o options, s shape, dir string) (input, error) {
	in := input{shape: s, path: filepath.Join(dir, s.name+".ndjson")}
	simulated := filepath.Join(dir, "simulated")
	defer os.RemoveAll(simulated)
	groups := strconv.Itoa(int(float64(o.documents)/s.perGroup/7) + 100)
	cmd := exec.CommandContext(ctx, o.provtrail, "simulate", "--from", "2026-03-02T00:00:00Z", "--to", "2026-03-09T00:00:00Z",
		"--seed", "42", "--groups-per-day", groups, "--feeds", "search", "--out", simulated)
	if out, err := cmd.CombinedOutput(); err != nil {
		return in, fmt.Errorf("simulate: %w: %s", err, out)
	}
	files, err := filepath.Glob(filepath.Join(simulated, "inbox", "search", "*.ndjson"))
	if err != nil {
		return in, err
	}
	slices.Sort(files)
	to, err := os.Create(in.path)
	if err != nil {
		return in, err
	}
	defer to.Close()
	parser := sailpoint.Parser{Tenant: "acme", Feed: provisioning.FeedFile}
	distinct := map[provisioning.ID]struct{}{}
	for _, file := range files {
		if err := in.take(file, to, o.documents, &parser, distinct); err != nil {
			return in, err
		}
		if in.last != nil {
			break
		}
	}
	if in.last == nil {
		return in, fmt.Errorf("the simulator gave %d %s documents, fewer than %d", in.documents, s.name, o.documents+1)
	}
	in.observations = len(distinct)
	return in, to.Close()
}

func (in *input) take(file string, to *os.File, limit int, parser *sailpoint.Parser, distinct map[provisioning.ID]struct{}) error {
	f, err := os.Open(filepath.Clean(file))
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxDocument)
	var result sailpoint.Result
	for lines.Scan() {
		line := append(lines.Bytes(), '\n')
		result.Reset()
		parser.Parse(line, 1, &result)
		if in.shape.changes > 0 && len(result.Observations) != in.shape.changes {
			continue
		}
		if in.documents == limit {
			in.last = slices.Clone(lines.Bytes())
			return nil
		}
		for i := range result.Observations {
			distinct[result.Observations[i].EventID] = struct{}{}
		}
		if _, err := to.Write(line); err != nil {
			return err
		}
		in.documents++
		in.bytes += int64(len(line))
	}
	return lines.Err()
}
