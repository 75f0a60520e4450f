package report

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/provtrail/provtrail/archive/internal/chain"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Subject is whom or what an evidence pack is about.
type Subject struct {
	Tenant   []string `json:"tenant,omitempty"`
	Identity []string `json:"identity,omitempty"` // id, name or account
	Group    []string `json:"group,omitempty"`    // id or number
}

// about reports whether the row is about the subject.
func (s *Subject) about(r *record.Record) bool {
	return one(s.Tenant, r.Tenant) && one(s.Identity, r.IdentityID, r.IdentityName, r.AccountID) &&
		one(s.Group, r.GroupID, strconv.FormatInt(r.GroupNumber, 10))
}

// String names the subject.
func (s Subject) String() string {
	var parts []string
	for name, values := range map[string][]string{"identity": s.Identity, "group": s.Group, "tenant": s.Tenant} {
		for _, v := range values {
			parts = append(parts, name+" "+strconv.Quote(v))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// ErrNoSubject is for an evidence pack that is about nobody and nothing.
var ErrNoSubject = fmt.Errorf("%w: an evidence pack is about a person or a group: name an identity or a group", ErrFilter)

// ErrEncrypted is for an evidence pack of an archive with privacy: what seals prove are
// encrypted rows.
var ErrEncrypted = errors.New("the archive has encrypted files (privacy), and an evidence pack would have to disclose keys: make a report")

// Pack is manifest.json of an evidence pack.
type Pack struct {
	Made    time.Time `json:"made"`
	Subject Subject   `json:"subject"`
	Zone    string    `json:"zone"`
	BOM     bool      `json:"bom,omitempty"` // sheets begin with a byte order mark
	// SignedBy is the id of the key that signs the manifest; empty where it is not signed.
	// Then nothing proves coverage.csv. The events are proven by seals.
	SignedBy string  `json:"signed_by,omitempty"`
	Events   int     `json:"events"`
	Proven   int     `json:"proven"` // of those: in sealed hours
	Sheets   []Sheet `json:"files"`
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
	// Problem is why the file proves nothing although its hour is over.
	Problem string `json:"problem,omitempty"`
}

// RowProof is a line of proofs.ndjson: the row of the event on the same line of
// events.ndjson, and the path from the row to the root in the seal.
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

// EvidenceOptions of WriteEvidence.
type EvidenceOptions struct {
	// Zone in which times are written; nil is UTC.
	Zone *time.Location
	// AllowUnproven also takes events from files that are not as they were sealed, and
	// marks them. Without it such a file is an error.
	AllowUnproven bool
	// BOM begins each CSV file with a byte order mark.
	BOM bool
	// Keys sign the manifest; none leaves it unsigned.
	Keys archive.Keys
	// Now is when the pack is made; zero is the system's time.
	Now time.Time
}

// WriteEvidence writes everything that the archive at an address holds about a subject
// as a zip: a document, the events as CSV and as they are stored, and the proof of each
// event, which does not need the archive. The error wraps ErrUnproven where the archive
// is not as it was sealed, and ErrNothing where it has nothing about the subject.
func WriteEvidence(ctx context.Context, location string, subject Subject, opt EvidenceOptions, to io.Writer) (p *Pack, err error) {
	zone := opt.Zone
	if zone == nil {
		zone = time.UTC
	}
	if opt.Now.IsZero() {
		opt.Now = time.Now()
	}
	if len(subject.Identity) == 0 && len(subject.Group) == 0 {
		return nil, ErrNoSubject
	}
	view, err := archive.OpenView(ctx, location)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	if view.Encrypted() {
		return nil, ErrEncrypted
	}
	snapshot, err := view.Snapshot(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	g := &gatherer{ctx: ctx, view: view, snapshot: snapshot, subject: subject}
	g.pack = Pack{Made: opt.Now.UTC().Truncate(time.Second), Subject: subject, Zone: zone.String(), BOM: opt.BOM, Archive: []PackFile{}, Chain: []string{}, Sheets: []Sheet{}}
	if err := g.prove(opt.AllowUnproven); err != nil {
		return nil, fmt.Errorf("evidence: %w", err)
	}
	if err := g.gather(); err != nil {
		return nil, fmt.Errorf("evidence: %w", err)
	}
	if err := g.write(zone, opt.Keys, to); err != nil {
		return nil, fmt.Errorf("evidence: %w", err)
	}
	return &g.pack, nil
}

// The names of a pack's files.
const (
	packDocument = "evidence.html"
	packSheet    = "events.csv"
	packEvents   = "events.ndjson"
	packProofs   = "proofs.ndjson"
	packCoverage = "coverage.csv"
)
