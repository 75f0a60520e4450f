package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/provtrail/provtrail/archive"
)

// setAside takes changed sealed files out of the archive, which only somebody who has a copy
// can do better.
func (r *run) setAside() (err error) {
	for name := range r.damage.changed {
		to := filepath.Join(r.dir, "aside", name)
		path := filepath.Join(r.archiveDir(), name)
		text, readErr := os.ReadFile(path)
		err = errors.Join(err, readErr, os.MkdirAll(filepath.Dir(to), 0o750), os.WriteFile(to, text, 0o600), os.Remove(path))
		r.damage.changed[name] = string(archive.Removed)
	}
	return err
}

// repair does what docs/recovery.md says of deleted files. Afterwards the stores must be equal,
// and hold what they must.
func (r *run) repair(ctx context.Context, e *expected) error {
	if err := r.sealAll(ctx); err != nil { // so that verify names what is lost before it is back
		return err
	}
	if err := r.verify(ctx); err != nil {
		r.wrong(err.Error())
	}
	doctor := []string{"doctor", r.archiveDir(), "--since", "60d", "--clickhouse", "clickhouse://default@" + r.engine.native + "/provtrail", "--repair"}
	for _, store := range []string{"archive", "clickhouse"} {
		args := slices.Concat(doctor, []string{store})
		command := exec.CommandContext(ctx, r.collector.program, args...)
		command.Dir = r.collector.root
		out, err := command.CombinedOutput()
		exit, _ := errors.AsType[*exec.ExitError](err)
		if exit != nil && exit.ExitCode() == 1 && store == "archive" {
			err = nil // what is left is for the next step
		}
		if err != nil {
			r.wrong(fmt.Sprintf("%v: %v\n%s", args, err, out))
		}
	}
	v, err := r.check(ctx, e)
	if err == nil {
		r.verdict, r.Repaired = r.verdict.plus(v), true
	}
	return err
}
