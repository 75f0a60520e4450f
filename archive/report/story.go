package report

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Story is what the archive holds of one activity.
type Story struct {
	Newest   record.Record // its newest state
	Timeline []Step        // its records, in the order of what happened
	// Group are the newest states of the other activities of its group, at most maxGroup,
	// with the columns of a list. Others is how many there are.
	Group  []record.Record
	Others int
	// Omitted is how many of its records are not in Timeline, the oldest.
	Omitted int
	// Files are those that the records come from.
	Files []Proof
}

// Step is one record of an activity and where it lies.
type Step struct {
	record.Record
	File int   // index in Story.Files
	Row  int64 // from 0
}

// Bounds of a Story.
const (
	maxSteps = 500
	maxGroup = 500
)

// NotFound names where an activity was looked for. It wraps ErrNothing.
type NotFound struct {
	ID          provisioning.ID
	First, Last archive.Hour
}

func (n *NotFound) Error() string {
	return fmt.Sprintf("%v: no activity %s was recorded in the hours %s to %s", ErrNothing, n.ID, n.First, n.Last)
}

// Unwrap returns ErrNothing.
func (n *NotFound) Unwrap() error { return ErrNothing }

// ReadStory reads what the archive holds of an activity, recorded from a time on. Files
// that cannot have it are passed over by their bloom filters, and of the others only the
// ids and the rows themselves are read. The files of its own records are compared with
// their seals, which Story.Files states.
func ReadStory(ctx context.Context, location string, id provisioning.ID, from time.Time) (story *Story, err error) {
	view, err := archive.OpenView(ctx, location)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	t := &storyReader{gatherer: gatherer{ctx: ctx, view: view}, id: id, story: &Story{}}
	first := archive.HourOf(from)
	recent := func(f archive.DataFile) bool { return f.Hour >= first }
	if err := t.with(recent, "activity_id", id.String(), t.find); err != nil {
		return nil, fmt.Errorf("activity %s: %w", id, err)
	}
	if t.group == "" {
		return nil, &NotFound{ID: id, First: first, Last: archive.HourOf(time.Now())}
	}
	if err := t.with(recent, "group_id", t.group, t.readAll); err != nil {
		return nil, fmt.Errorf("activity %s: %w", id, err)
	}
	return t.story, nil
}

type storyReader struct {
	gatherer
	id            provisioning.ID
	tenant, group string
	own           map[provisioning.ID]spot // records of the activity, by event
	others        map[provisioning.ID]spot // newest states of the others, by activity
	story         *Story
}

// with calls f while the files are open that may have a row with the text in the column.
func (t *storyReader) with(keep func(archive.DataFile) bool, column, text string, f func() error) (err error) {
	if t.snapshot, err = t.view.SnapshotWith(t.ctx, keep, column, text); err != nil {
		return err
	}
	return errors.Join(f(), t.snapshot.Close())
}

// find finds the group of the activity.
func (t *storyReader) find() error {
	for r, err := range t.rows("activity_id", "tenant", "group_id") {
		if err != nil {
			return err
		}
		if r.ActivityID == t.id {
			t.tenant, t.group = r.Tenant, r.GroupID
			break
		}
	}
	return nil
}

func (t *storyReader) readAll() error {
	for _, step := range []func() error{t.locate, t.readSteps, t.readGroup} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// locate finds the records of the activity and the newest states of its group.
func (t *storyReader) locate() error {
	t.own, t.others = map[provisioning.ID]spot{}, map[provisioning.ID]spot{}
	for r, err := range t.rows("tenant", "group_id", "activity_id", "event_id", "version", "current") {
		switch {
		case err != nil:
			return err
		case r.GroupID != t.group || r.Tenant != t.tenant:
		case r.ActivityID == t.id:
			keep(t.own, r.EventID, r.spot)
		case r.Current:
			keep(t.others, r.ActivityID, r.spot)
		}
	}
	return nil
}

// newest returns the spots of the highest versions in the order in which they lie, and
// how many it left out.
func newest(spots map[provisioning.ID]spot, limit int) (list []spot, omitted int) {
	for _, s := range spots {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b spot) int {
		return cmp.Or(cmp.Compare(b.version, a.version), cmp.Compare(a.file, b.file), cmp.Compare(a.row, b.row))
	})
	if len(list) > limit {
		list, omitted = list[:limit], len(list)-limit
	}
	slices.SortFunc(list, func(a, b spot) int { return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.row, b.row)) })
	return list, omitted
}

// readSpots reads rows where they lie.
func (t *storyReader) readSpots(list []spot, columns []string, f func(s spot, r *record.Record) error) error {
	for len(list) > 0 {
		file, numbers := list[0].file, []int64{}
		for _, s := range list {
			if s.file == file {
				numbers = append(numbers, s.row)
			}
		}
		next := 0
		if err := t.snapshot.ReadRows(file, numbers, func(r *record.Record) error {
			next++
			return f(list[next-1], r)
		}, columns...); err != nil {
			return err
		}
		list = list[next:]
	}
	return t.ctx.Err()
}

func (t *storyReader) readSteps() error {
	list, omitted := newest(t.own, maxSteps)
	t.story.Omitted = omitted
	files := map[int]int{}
	err := t.readSpots(list, nil, func(s spot, r *record.Record) error {
		if _, ok := files[s.file]; !ok {
			proof, err := t.proof(s.file)
			if err != nil {
				return err
			}
			files[s.file] = len(t.story.Files)
			t.story.Files = append(t.story.Files, proof)
		}
		t.story.Timeline = append(t.story.Timeline, Step{*r, files[s.file], s.row})
		if is := &t.story.Newest; r.Current && (!is.Current || r.Version >= is.Version) {
			*is = *r
		}
		return nil
	})
	slices.SortStableFunc(t.story.Timeline, func(a, b Step) int {
		return cmp.Or(cmp.Compare(a.At(), b.At()), cmp.Compare(a.StateSeq, b.StateSeq), cmp.Compare(a.Version, b.Version))
	})
	if n := len(t.story.Timeline); n > 0 && !t.story.Newest.Current {
		t.story.Newest = t.story.Timeline[n-1].Record
	}
	return err
}

// proof compares one file with its seal.
func (t *storyReader) proof(file int) (Proof, error) {
	if t.prover == nil {
		var err error
		if t.prover, err = newProver(t.ctx, t.view, t.snapshot.LastSealed+1, t.snapshot.LastSealed); err != nil {
			return Proof{}, err
		}
	}
	if h := t.snapshot.Files[file].Hour; h <= t.snapshot.LastSealed && t.prover.seals[h] == nil {
		t.prover.read(h)
		if s := t.prover.seals[h]; s != nil {
			if err := t.prover.checkSignatures(s); err != nil {
				return Proof{}, err
			}
		}
	}
	return t.prover.prove(t.snapshot, file)
}

func (t *storyReader) readGroup() error {
	list, _ := newest(t.others, maxGroup)
	err := t.readSpots(list, union(listColumns, []string{"folded_into"}), func(_ spot, r *record.Record) error {
		if r.FoldedInto.IsZero() {
			t.story.Group = append(t.story.Group, *r)
		}
		return nil
	})
	t.story.Others = len(t.others) - len(list) + len(t.story.Group)
	slices.SortStableFunc(t.story.Group, func(a, b record.Record) int {
		return cmp.Or(cmp.Compare(a.At(), b.At()), slices.Compare(a.ActivityID[:], b.ActivityID[:]))
	})
	return err
}
