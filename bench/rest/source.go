package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/provtrail/provtrail/internal/simulate"
)

// simulated returns documents of a simulated tenant's search feed, one a line.
func simulated(ctx context.Context, program string) (documents []string, err error) {
	dir, err := os.MkdirTemp("", "provtrail-rest-documents-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out, err := exec.CommandContext(ctx, program, "simulate", "--days", "3", "--feeds", "search", "--groups-per-day", "12000", "--out", dir).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("simulate: %w: %s", err, out)
	}
	for document, err := range simulate.Documents(filepath.Join(dir, "inbox")) {
		if err != nil {
			return nil, err
		}
		documents = append(documents, string(document))
	}
	return documents, nil
}

// source adds documents to the input folder.
type source struct {
	dir       string
	documents []string
	written   int
}

// fill writes small files that are there from the start.
func (s *source) fill(files int) error {
	if err := os.MkdirAll(s.dir, 0o750); err != nil {
		return err
	}
	for i := range files {
		if err := os.WriteFile(filepath.Join(s.dir, fmt.Sprintf("old-%06d.ndjson", i)), []byte(s.next()+"\n"), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// next returns documents in turn; from the second turn on they are known already, so a
// run must not ask for more than there are.
func (s *source) next() string {
	document := s.documents[s.written%len(s.documents)]
	s.written++
	return document
}

// play appends documents to a growing file at a rate and returns their bytes.
func (s *source) play(ctx context.Context, rate float64, long time.Duration) (bytes int64, err error) {
	if want := s.written + int(rate*long.Seconds()); want > len(s.documents) {
		return 0, fmt.Errorf("%d documents are wanted and the simulated tenant has %d: make -duration or -rates smaller", want, len(s.documents))
	}
	f, err := os.Create(filepath.Join(s.dir, "new.ndjson"))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	const tick = 200 * time.Millisecond
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	begin, played := time.Now(), 0
	for time.Since(begin) < long {
		select {
		case <-ctx.Done():
			return bytes, ctx.Err()
		case <-ticks.C:
		}
		var batch strings.Builder
		for ; float64(played) < rate*time.Since(begin).Seconds(); played++ {
			batch.WriteString(s.next())
			batch.WriteByte('\n')
		}
		n, err := f.WriteString(batch.String())
		bytes += int64(n)
		if err != nil {
			return bytes, err
		}
	}
	return bytes, nil
}
