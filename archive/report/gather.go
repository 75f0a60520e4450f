package report

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/parquetfile"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

type gatherer struct {
	ctx      context.Context // of one call
	view     *archive.View
	snapshot *archive.Snapshot
	subject  Subject
	pack     Pack
	events   []evidence
	seals    []*archive.Seal
	prover   *prover
	proofs   []Proof // of each file of the snapshot
}

// prove compares every file with its seal and refuses if they differ.
func (g *gatherer) prove(allowUnproven bool) (err error) {
	if g.prover, err = newProver(g.ctx, g.view, 0, g.snapshot.LastSealed); err != nil {
		return err
	}
	g.proofs = make([]Proof, len(g.snapshot.Files))
	for i := range g.proofs {
		if g.proofs[i], err = g.prover.prove(g.snapshot, i); err != nil {
			return err
		}
	}
	g.prover.missing([]*archive.Snapshot{g.snapshot}, func(archive.SealedFile) bool { return true })
	if allowUnproven {
		return nil
	}
	return g.prover.err()
}

// gather finds the activities of the subject, and then the latest version of each of
// their events.
func (g *gatherer) gather() error {
	activities := map[provisioning.ID]bool{}
	similar := nearest{}
	if len(g.subject.Identity) > 0 {
		similar.want = g.subject.Identity[0]
	}
	columns := []string{"tenant", "group_id", "group_number", "activity_id", "account_id", "identity_id", "identity_name"}
	for r, err := range g.rows(columns...) {
		if err != nil {
			return err
		}
		if g.subject.about(r.Record) {
			activities[r.ActivityID] = true
		} else if len(activities) == 0 && similar.want != "" {
			similar.consider(r.IdentityID, r.IdentityName, r.AccountID)
		}
	}
	if len(activities) == 0 {
		return fmt.Errorf("%w: no event is about %s%s", ErrNothing, g.subject, similar.question())
	}
	latest := map[provisioning.ID]spot{}
	for r, err := range g.rows("event_id", "activity_id", "version") {
		if err != nil {
			return err
		}
		if activities[r.ActivityID] {
			keep(latest, r.EventID, r.spot)
		}
	}
	rows := make([][]int64, len(g.snapshot.Files))
	for _, p := range latest {
		rows[p.file] = append(rows[p.file], p.row)
	}
	for i := range rows {
		if len(rows[i]) > 0 {
			slices.Sort(rows[i])
			if err := g.take(i, rows[i]); err != nil {
				return err
			}
		}
	}
	slices.SortStableFunc(g.events, func(a, b evidence) int {
		return cmp.Or(cmp.Compare(a.record.At(), b.record.At()), cmp.Compare(a.record.StateSeq, b.record.StateSeq), strings.Compare(a.proof.Event, b.proof.Event))
	})
	return g.collectSeals()
}

// spot is where a version of an event or of a state lies.
type spot struct {
	file    int
	row     int64
	version uint64
}

// keep keeps the highest version, among equals the first.
func keep(spots map[provisioning.ID]spot, id provisioning.ID, at spot) {
	if before, ok := spots[id]; !ok || at.version > before.version {
		spots[id] = at
	}
}

// found is a row of the snapshot and where it lies.
type found struct {
	*record.Record
	spot
}

// rows yields the rows of the snapshot, each valid until the next.
func (g *gatherer) rows(columns ...string) iter.Seq2[found, error] {
	return func(yield func(found, error) bool) {
		for i := range g.snapshot.Files {
			at := spot{file: i}
			for r, err := range g.snapshot.Rows(g.ctx, i, columns...) {
				if err != nil {
					yield(found{}, err)
					return
				}
				if at.version = r.Version; !yield(found{r, at}, nil) {
					return
				}
				at.row++
			}
		}
	}
}

// take reads rows of a file, with the path of each to the root of the file.
func (g *gatherer) take(file int, rows []int64) error {
	f := g.snapshot.Files[file]
	at := PackFile{Name: f.Name, Problem: g.proofs[file].Problem}
	seal := g.prover.seals[f.Hour]
	if g.proofs[file].SHA256 != "" && at.Problem == "" {
		sealed := seal.File(f.Name)
		at.SHA256, at.Rows, at.Merkle = sealed.SHA256, sealed.Rows, sealed.Merkle
		at.Seal, at.Digest, at.Key = seal.Name, seal.Digest, seal.Key
	}
	leaves := parquetfile.LeafHasher[record.Record]{Table: parquetfile.Activities}
	var hashes []chain.Hash
	first := len(g.events)
	row := int64(0)
	for r, err := range g.snapshot.Rows(g.ctx, file) {
		if err != nil {
			return err
		}
		leaf := chain.Hash(leaves.Leaf(r))
		if at.Merkle != nil {
			hashes = append(hashes, leaf)
		}
		if next := len(g.events) - first; next < len(rows) && rows[next] == row {
			g.events = append(g.events, evidence{*r, RowProof{Event: r.EventID.String(), File: len(g.pack.Archive), Row: row}, leaf})
		}
		row++
	}
	if at.Merkle != nil {
		tree := chain.NewTree(hashes)
		if tree.Root() != *at.Merkle {
			return fmt.Errorf("%w: the rows of %s have another Merkle root than %s states", ErrUnproven, f.Name, at.Seal)
		}
		for i := range g.events[first:] {
			p := &g.events[first+i].proof
			var err error
			if p.Path, err = tree.Path(int(p.Row)); err != nil {
				return err
			}
		}
		g.pack.Proven += len(rows)
		g.addSeal(seal)
	}
	g.pack.Archive = append(g.pack.Archive, at)
	return nil
}

// collectSeals adds the seals that name a new key, so that the oldest public key
// verifies the pack.
func (g *gatherer) collectSeals() error {
	if len(g.seals) == 0 {
		return nil
	}
	seals, err := g.view.Handovers(g.ctx)
	for _, s := range seals {
		g.addSeal(s)
	}
	return err
}
