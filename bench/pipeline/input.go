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

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/sailpoint"
)

// input is one file of search documents.
type input struct {
	path         string
	last         []byte // one document more, for the time until it can be queried
	documents    int
	observations int // distinct ones in the documents
	bytes        int64
}

// maxDocument bounds a line of the simulator.
const maxDocument = 16 << 20

func makeInput(ctx context.Context, o options, dir string) (input, error) {
	in := input{path: filepath.Join(dir, "documents.ndjson")}
	simulated := filepath.Join(dir, "simulated")
	// About 5.3 documents a group.
	groups := strconv.Itoa(o.documents/5/7 + 100)
	cmd := exec.CommandContext(ctx, o.provtrail, "simulate", "--from", "2026-03-02T00:00:00Z", "--to", "2026-03-09T00:00:00Z", //nolint:gosec // our own program
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
	defer to.Close() //nolint:errcheck // closed below
	parser := sailpoint.Parser{Tenant: "acme", Feed: provisioning.FeedFile}
	distinct := map[provisioning.ID]struct{}{}
	for _, file := range files {
		if err := in.take(file, to, o.documents, &parser, distinct); err != nil {
			return in, err
		}
	}
	if in.documents < o.documents {
		return in, fmt.Errorf("the simulator gave %d documents, fewer than %d", in.documents, o.documents)
	}
	in.observations = len(distinct)
	return in, to.Close()
}

func (in *input) take(file string, to *os.File, limit int, parser *sailpoint.Parser, distinct map[provisioning.ID]struct{}) error {
	f, err := os.Open(filepath.Clean(file))
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxDocument)
	var result sailpoint.Result
	for lines.Scan() {
		if in.documents == limit {
			in.last = slices.Clone(lines.Bytes())
			return nil
		}
		line := append(lines.Bytes(), '\n')
		result.Reset()
		parser.Parse(line, 1, &result)
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
