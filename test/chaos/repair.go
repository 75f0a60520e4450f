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
	"github.com/provtrail/provtrail/internal/blackbox"
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

// repair does what docs/recovery.md says of deleted files and of a deleted state. Afterwards the
// stores must be equal, and hold what they must.
func (r *run) repair(ctx context.Context, e *expected) error {
	if err := r.sealAll(ctx); err != nil { // so that verify names what is lost before it is back
		return err
	}
	if err := r.verify(ctx); err != nil {
		r.wrong(err.Error())
	}
	if err := r.blameState(ctx, e); err != nil {
		return err
	}
	address := []string{"--clickhouse", "clickhouse://default@" + r.engine.native + "/provtrail"}
	doctor := append([]string{"doctor", r.archiveDir(), "--since", "60d"}, address...)
	type step struct {
		args []string
		all  bool // nothing may differ then
	}
	steps := []step{{slices.Concat(doctor, []string{"--repair", "archive"}), false}, {slices.Concat(doctor, []string{"--repair", "clickhouse"}), len(r.damage.states) == 0}}
	if len(r.damage.states) > 0 {
		replay := append([]string{"replay", r.archiveDir(), "--write", "--state", r.stateDir(), "--reason", "chaos"}, address...)
		steps = append(steps, step{replay, true}, step{doctor, true})
	}
	for _, s := range steps {
		command := exec.CommandContext(ctx, r.collector.program, s.args...)
		command.Dir = r.collector.root
		out, err := command.CombinedOutput()
		exit, _ := errors.AsType[*exec.ExitError](err)
		if exit != nil && exit.ExitCode() == 1 && !s.all {
			err = nil // what is left is for the next step
		}
		if err != nil {
			r.wrong(fmt.Sprintf("%v: %v\n%s", s.args, err, out))
		}
	}
	v, err := r.check(ctx, e)
	if err == nil {
		r.verdict, r.Repaired = r.verdict.plus(v), true
	}
	return err
}

// blameState notes activities and groups that are not as they must be although ClickHouse had all
// their earlier observations when the processor's state was deleted, so that these could be read
// back. Of the others some were in the exporter's queue.
func (r *run) blameState(ctx context.Context, e *expected) error {
	excused := map[string]bool{}
	for _, s := range r.damage.states {
		rows, err := r.ask(ctx, fmt.Sprintf("SELECT event_id, group_id FROM provisioning_observations WHERE record_type = 'observation' AND observed_at <= fromUnixTimestamp64Micro(toInt64(%d))", s.at.UnixMicro()))
		if err != nil {
			return err
		}
		for _, row := range rows {
			if !s.stored[row[0]] {
				excused[row[1]] = true
			}
		}
	}
	rows, err := r.ask(ctx, activityFacts())
	if err != nil {
		return err
	}
	var wrong []blackbox.Difference
	for _, d := range e.compareActivities(e.byTruth(rows)) {
		if !excused[e.groupOf(d.ID)] {
			wrong = append(wrong, d)
		}
	}
	r.verdict.note("activity after the state was deleted", wrong)
	return nil
}
