package report

import (
	"archive/zip"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/parquetfile"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Subject is whom or what an evidence pack is about.
type Subject struct {
	Tenant   []string `json:"tenant,omitempty"`
	Identity []string `json:"identity,omitempty"` // id, name or account
	Group    []string `json:"group,omitempty"`    // id or number
}

// about says that the row speaks of the subject.
func (s *Subject) about(r *record.Record) bool {
	return one(s.Tenant, r.Tenant) && one(s.Identity, r.IdentityID, r.IdentityName, r.AccountID) &&
		one(s.Group, r.GroupID, strconv.FormatInt(r.GroupNumber, 10))
}

// ErrNoSubject says that an evidence pack is about somebody or something.
var ErrNoSubject = fmt.Errorf("%w: an evidence pack is about a person or a group: name an identity or a group", ErrFilter)

// Pack is manifest.json of an evidence pack.
type Pack struct {
	Made    time.Time `json:"made"`
	Subject Subject   `json:"subject"`
	Zone    string    `json:"zone"`
	Events  int       `json:"events"`
	Proven  int       `json:"proven"` // of those: in sealed hours
	Sheets  []Sheet   `json:"files"`
	// Archive lists the files the events were read from.
	Archive []PackFile `json:"archive"`
	// Chain names the seals in the pack: those of the files, and those that pass
	// signing on from one key to the next.
	Chain []string `json:"chain"`
}

// PackFile is a file of the archive that holds events of the pack.
type PackFile struct {
	Name   string      `json:"name"`
	SHA256 string      `json:"sha256,omitempty"` // as sealed
	Rows   int64       `json:"rows,omitempty"`
	Merkle *chain.Hash `json:"merkle,omitempty"`
	Seal   string      `json:"seal,omitempty"` // name of the seal, empty while the hour is open
	Digest string      `json:"seal_sha256,omitempty"`
	Key    string      `json:"key,omitempty"`
}

// RowProof is a line of proofs.ndjson: where the event of the same line of
// events.ndjson lies, and what leads from it to the seal.
type RowProof struct {
	Event string       `json:"event_id"`
	File  int          `json:"file"` // index in Pack.Archive
	Row   int64        `json:"row"`
	Path  []chain.Hash `json:"path,omitempty"`
}

// evidence is one event and what proves it.
type evidence struct {
	record record.Record
	proof  RowProof
	leaf   chain.Hash
}

// WriteEvidence writes what the archive at an address holds about a subject, from
// its first hour to its last, as a zip: a document to read, the events as CSV and as
// they are stored, and what proves each of them without the archive.
func WriteEvidence(ctx context.Context, location string, subject Subject, zone *time.Location, to io.Writer) (p *Pack, err error) {
	if len(subject.Identity) == 0 && len(subject.Group) == 0 {
		return nil, ErrNoSubject
	}
	view, err := archive.OpenView(ctx, location)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	snapshot, err := view.Snapshot(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	g := &gatherer{ctx: ctx, view: view, snapshot: snapshot, subject: subject}
	g.pack = Pack{Made: time.Now().UTC().Truncate(time.Second), Subject: subject, Zone: zone.String(), Archive: []PackFile{}, Chain: []string{}, Sheets: []Sheet{}}
	if err := g.gather(); err != nil {
		return nil, fmt.Errorf("evidence: %w", err)
	}
	if err := g.write(zone, to); err != nil {
		return nil, fmt.Errorf("evidence: %w", err)
	}
	return &g.pack, nil
}

type gatherer struct {
	ctx      context.Context // of one call
	view     *archive.View
	snapshot *archive.Snapshot
	subject  Subject
	pack     Pack
	events   []evidence
	seals    []*archive.Seal
}

// gather finds the subject's activities, then every event of theirs, each once, as it
// was told last.
func (g *gatherer) gather() error {
	activities := map[provisioning.ID]bool{}
	columns := []string{"tenant", "group_id", "group_number", "activity_id", "account_id", "identity_id", "identity_name"}
	for i := range g.snapshot.Files {
		if err := g.read(i, columns, func(_ int64, r *record.Record) {
			if g.subject.about(r) {
				activities[r.ActivityID] = true
			}
		}); err != nil {
			return err
		}
	}
	type place struct {
		file    int
		row     int64
		version uint64
	}
	told := map[provisioning.ID]place{}
	for i := range g.snapshot.Files {
		if err := g.read(i, []string{"event_id", "activity_id", "version"}, func(row int64, r *record.Record) {
			if !activities[r.ActivityID] {
				return
			}
			if before, ok := told[r.EventID]; !ok || r.Version > before.version {
				told[r.EventID] = place{i, row, r.Version}
			}
		}); err != nil {
			return err
		}
	}
	rows := make([][]int64, len(g.snapshot.Files))
	for _, p := range told {
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

// read calls f with every row of a file.
func (g *gatherer) read(file int, columns []string, f func(row int64, r *record.Record)) error {
	reader, err := g.snapshot.Read(file, columns...)
	if err != nil {
		return err
	}
	batch := make([]record.Record, 1024)
	for row := int64(0); ; {
		n, err := reader.Read(batch)
		for i := range batch[:n] {
			f(row, &batch[i])
			row++
		}
		if err = cmp.Or(err, g.ctx.Err()); errors.Is(err, io.EOF) {
			return reader.Close()
		} else if err != nil {
			return errors.Join(err, reader.Close())
		}
	}
}

// take reads the rows of a file whole, with the way of each to the file's root.
func (g *gatherer) take(file int, rows []int64) error {
	name := g.snapshot.Files[file].Name
	at := PackFile{Name: name}
	seal, err := g.view.Seal(g.ctx, g.snapshot.Files[file].Hour)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if seal != nil {
		for _, f := range seal.Files {
			if f.Name == name {
				at.SHA256, at.Rows, at.Merkle = f.SHA256, f.Rows, f.Merkle
				at.Seal, at.Digest, at.Key = seal.Name, seal.Digest, seal.Key
			}
		}
	}
	leaves := parquetfile.LeafHasher[record.Record]{Table: parquetfile.Activities}
	var hashes []chain.Hash
	first := len(g.events)
	if err := g.read(file, nil, func(row int64, r *record.Record) {
		leaf := chain.Hash(leaves.Leaf(r))
		if at.Merkle != nil {
			hashes = append(hashes, leaf)
		}
		if next := len(g.events) - first; next < len(rows) && rows[next] == row {
			g.events = append(g.events, evidence{*r, RowProof{Event: r.EventID.String(), File: len(g.pack.Archive), Row: row}, leaf})
		}
	}); err != nil {
		return err
	}
	if at.Merkle != nil {
		tree := chain.NewTree(hashes)
		if tree.Root() != *at.Merkle {
			return fmt.Errorf("%s does not hold what %s promises: run provtrail verify", name, at.Seal)
		}
		for i := range g.events[first:] {
			p := &g.events[first+i].proof
			if p.Path, err = tree.Path(int(p.Row)); err != nil {
				return err
			}
		}
		g.pack.Proven += len(rows)
		if !slices.Contains(g.pack.Chain, at.Seal) {
			g.pack.Chain = append(g.pack.Chain, at.Seal)
			g.seals = append(g.seals, seal)
		}
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
	return g.view.Chain(g.ctx, func(s *archive.Seal) error {
		if s.NextKey != nil && !slices.Contains(g.pack.Chain, s.Name) {
			g.pack.Chain = append(g.pack.Chain, s.Name)
			g.seals = append(g.seals, s)
		}
		return g.ctx.Err()
	})
}

// The names of a pack's files.
const (
	packDocument = "evidence.html"
	packSheet    = "events.csv"
	packEvents   = "events.ndjson"
	packProofs   = "proofs.ndjson"
	packManifest = "manifest.json"
)

func (g *gatherer) write(zone *time.Location, to io.Writer) error {
	r := &report{zip: zip.NewWriter(to), manifest: &Manifest{Made: g.pack.Made}}
	g.pack.Events = len(g.events)
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{packDocument, func(w io.Writer) error { return writeDocument(w, &g.pack, g.events, zone) }},
		{packSheet, func(w io.Writer) error { return writeSheet(w, &g.pack, g.events, zone) }},
		{packEvents, func(w io.Writer) error {
			return eachLine(w, g.events, func(to []byte, e *evidence) ([]byte, error) { return parquetfile.AppendJSON(to, &e.record), nil })
		}},
		{packProofs, func(w io.Writer) error {
			return eachLine(w, g.events, func(to []byte, e *evidence) ([]byte, error) {
				line, err := json.Marshal(e.proof)
				return append(to, line...), err
			})
		}},
	} {
		if err := r.file(f.name, func(w io.Writer) (int64, error) { return int64(len(g.events)), f.write(w) }); err != nil {
			return err
		}
	}
	for _, s := range g.seals {
		if err := r.file(s.Name, func(w io.Writer) (int64, error) {
			_, err := w.Write(s.Text)
			return 0, err
		}); err != nil {
			return err
		}
	}
	g.pack.Sheets = r.manifest.Sheets
	w, err := r.zip.Create(packManifest)
	if err != nil {
		return err
	}
	text, err := g.pack.text()
	if err == nil {
		_, err = w.Write(text)
	}
	return errors.Join(err, r.zip.Close())
}

func (p *Pack) text() ([]byte, error) {
	text, err := json.MarshalIndent(p, "", "  ")
	return append(text, '\n'), err
}

func eachLine(w io.Writer, events []evidence, line func([]byte, *evidence) ([]byte, error)) error {
	var text []byte
	for i := range events {
		var err error
		if text, err = line(text[:0], &events[i]); err != nil {
			return err
		}
		if _, err := w.Write(append(text, '\n')); err != nil {
			return err
		}
	}
	return nil
}
