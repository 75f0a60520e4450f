package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/provisioning"
)

// What happens to a sealed file.
const (
	oneRow = "one-row" // it becomes a valid file with another value in one row
	half   = "half"    // its second half is cut off
)

// mostEarly is how many hours are sealed before their time: the archive takes the newest seal for
// a sign of the time, and seals nothing while the machine's clock is two hours behind it.
const mostEarly = 2

// changeSealedFile kills the collector and changes a sealed file. The collector goes on with it.
// verify must name the file.
func (a *act) changeSealedFile() error {
	a.collector.want(false)
	defer a.collector.want(true)
	a.collector.kill()
	names, err := a.sealedFiles()
	if err == nil && len(names) == 0 && a.damage.early < mostEarly {
		a.damage.early++
		if err = a.sealAll(a.ctx); err == nil {
			names, err = a.sealedFiles()
		}
	}
	if err != nil || len(names) == 0 {
		return err
	}
	name := names[int(a.At.Milliseconds())%len(names)]
	if a.damage.changed[name], err = tamper(filepath.Join(a.archiveDir(), name), a.What); err != nil {
		return err
	}
	return a.verify(a.ctx)
}

// tamper changes a file and returns what verify must call it.
func tamper(path, how string) (kind string, err error) {
	before, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if how == oneRow {
		err = changeRow(path, before.Size())
	} else {
		err = halve(path, before.Size())
	}
	after, statErr := os.Stat(path)
	if err = errors.Join(err, statErr); err == nil && after.Size() < before.Size() {
		return string(archive.Truncated), nil
	}
	return string(archive.Altered), err
}

// sealedFiles are those that are as they were sealed.
func (r *run) sealedFiles() (names []string, err error) {
	paths, err := filepath.Glob(filepath.Join(r.archiveDir(), "*", "date=*", "hour=*", "*.parquet"))
	for _, path := range paths {
		name, relErr := filepath.Rel(r.archiveDir(), path)
		if _, done := r.damage.changed[name]; !done && r.isSealed(name) {
			names = append(names, name)
		}
		err = errors.Join(err, relErr)
	}
	return names, err
}

// sealAll seals the hours that have files, as if they were over.
func (r *run) sealAll(ctx context.Context) error {
	for name := range r.damage.lost {
		if exists(filepath.Join(r.archiveDir(), name)) { // its batch was written again
			delete(r.damage.lost, name)
		}
	}
	dir := r.archiveDir()
	keys, err := archive.LoadKeys(dir + "-signing-key.pem")
	if err != nil {
		return err
	}
	files, err := archive.Files(ctx, dir)
	if err != nil || len(files) == 0 {
		return err
	}
	over, ahead := (files[len(files)-1].Hour + 1).Start(), time.Duration(0)
	a, err := archive.Open(ctx, dir, archive.Options{
		Keys: keys, Memories: []archive.Memory{remembered(dir + "-signing-key.pem.head")},
		Now: func() time.Time { return time.Now().Add(ahead) },
	})
	if err != nil {
		return err
	}
	ahead = max(0, time.Until(over)) + time.Second
	_, err = a.SealDue(ctx)
	ahead = 0
	if err = errors.Join(err, a.Close()); err != nil { //nolint:contextcheck // it is over
		return fmt.Errorf("seal the archive: %w", err)
	}
	return nil
}

// verify runs provtrail verify, which must name what was done to the archive and nothing else.
func (r *run) verify(ctx context.Context) error {
	want := map[string]string{}
	for name := range r.damage.lost {
		if r.isSealed(name) {
			want[name] = string(archive.Lost)
		}
	}
	maps.Copy(want, r.damage.changed)
	verify := exec.CommandContext(ctx, r.collector.program, "verify", "--quiet", "--json", r.archiveDir())
	verify.Dir = r.collector.root
	out, err := verify.Output()
	var found struct {
		Problems []archive.Problem `json:"problems"`
	}
	if jsonErr := json.Unmarshal(out, &found); jsonErr != nil {
		return fmt.Errorf("verify: %w", errors.Join(err, jsonErr))
	}
	have := map[string]string{}
	for _, p := range found.Problems {
		have[p.Name] += string(p.Kind)
	}
	if exit := verify.ProcessState.ExitCode(); !maps.Equal(want, have) || exit != min(len(want), 1) {
		return fmt.Errorf("verify must name %v and names %v; exit status %d", want, found.Problems, exit)
	}
	return nil
}

// changeRow gives the first row of a Parquet file another status, or tenant. The file is as valid
// as it was.
func changeRow(path string, size int64) (err error) {
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	file, err := parquet.OpenFile(from, size)
	if err != nil {
		return err
	}
	options := []parquet.WriterOption{file.Schema()}
	for _, pair := range file.Metadata().KeyValueMetadata {
		options = append(options, parquet.KeyValueMetadata(pair.Key, pair.Value))
	}
	to, err := os.Create(path + ".changed")
	if err != nil {
		return err
	}
	r, w := parquet.NewGenericReader[any](file), parquet.NewGenericWriter[any](to, options...)
	err = copyRows(w, r)
	return errors.Join(err, w.Close(), to.Sync(), to.Close(), r.Close(), os.Rename(to.Name(), path), syncDir(filepath.Dir(path)))
}

func copyRows(w parquet.RowWriter, r parquet.RowReaderWithSchema) error {
	changed, ok := r.Schema().Lookup("status")
	if !ok {
		changed, _ = r.Schema().Lookup("tenant")
	}
	rows := make([]parquet.Row, 100)
	for first := true; ; first = false {
		n, err := r.ReadRows(rows)
		if first && n > 0 {
			i := slices.IndexFunc(rows[0], func(v parquet.Value) bool { return v.Column() == changed.ColumnIndex })
			other := provisioning.StatusSuccess.String()
			if string(rows[0][i].ByteArray()) == other {
				other = provisioning.StatusFailed.String()
			}
			rows[0][i] = parquet.ByteArrayValue([]byte(other)).Level(0, 0, changed.ColumnIndex)
		}
		if _, err := w.WriteRows(rows[:n]); err != nil {
			return err
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// halve cuts a file off in its middle.
func halve(path string, size int64) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Truncate(size/2), file.Sync(), file.Close())
}
