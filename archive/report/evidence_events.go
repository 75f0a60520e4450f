package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"time"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/archive/internal/parquetfile"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

func (v *packVerifier) readEvents() bool {
	lines, proofs := lines(v.text(packEvents)), lines(v.text(packProofs))
	if len(lines) != len(proofs) || len(lines) != v.pack.Events {
		v.blame(archive.Altered, packEvents, "has %d events, %s has %d, the manifest states %d", len(lines), packProofs, len(proofs), v.pack.Events)
		return false
	}
	leaves := parquetfile.LeafHasher[record.Record]{Table: parquetfile.Activities}
	for i, line := range lines {
		var e evidence
		if err := parquetfile.ParseJSON(line, &e.record); err != nil || !bytes.Equal(parquetfile.AppendJSON(nil, &e.record), line) {
			v.blame(archive.Altered, packEvents, "line %d is no event: %v", i+1, err)
			return false
		}
		err := json.Unmarshal(proofs[i], &e.proof)
		if again, againErr := json.Marshal(e.proof); err != nil || againErr != nil || !bytes.Equal(again, proofs[i]) ||
			e.proof.File < 0 || e.proof.File >= len(v.pack.Archive) {
			v.blame(archive.Altered, packProofs, "line %d is no proof: %v", i+1, err)
			return false
		}
		e.leaf = leaves.Leaf(&e.record)
		v.events = append(v.events, e)
	}
	return true
}

func lines(text []byte) (list [][]byte) {
	s := bufio.NewScanner(bytes.NewReader(text))
	s.Buffer(nil, packLimit)
	for s.Scan() {
		list = append(list, slices.Clone(s.Bytes()))
	}
	return list
}

// checkEvents follows each event to its seal.
func (v *packVerifier) checkEvents() {
	v.Events = len(v.events)
	seen, ours := map[provisioning.ID]bool{}, map[provisioning.ID]bool{}
	for i := range v.events {
		e := &v.events[i]
		ours[e.record.ActivityID] = ours[e.record.ActivityID] || v.pack.Subject.about(&e.record)
	}
	for i := range v.events {
		e := &v.events[i]
		f := v.pack.Archive[e.proof.File]
		id := e.record.EventID
		switch {
		case seen[id] || e.proof.Event != id.String():
			v.blame(archive.Altered, packEvents, "line %d: event %s occurs twice or has the proof of another", i+1, id)
		case !ours[e.record.ActivityID]:
			v.blame(archive.Altered, packEvents, "line %d: event %s is not about the subject", i+1, id)
		case f.Merkle == nil:
			v.Open++
			v.checkOpen(i+1, f)
		case !chain.Proves(*f.Merkle, e.leaf, e.proof.Row, f.Rows, e.proof.Path):
			v.blame(archive.Altered, packEvents, "line %d: event %s is not row %d of %s as it was sealed", i+1, id, e.proof.Row, f.Name)
		case v.seals[f.Seal] != nil:
			v.Proven++
		}
		seen[id] = true
	}
	if v.Proven == 0 {
		v.blame(archive.BadSeal, packEvents, "no event is proven by a seal of a trusted key")
	}
}

// maxOpen is how long after its end an hour may be without a seal.
const maxOpen = 24 * time.Hour

// checkOpen checks an event that no seal proves.
func (v *packVerifier) checkOpen(line int, f PackFile) {
	data, ok := layout.ParseData(f.Name)
	end := (data.Hour + 1).Start()
	sealed := false
	for _, s := range v.seals {
		sealed = sealed || s.Hour >= data.Hour
	}
	switch {
	case f.Problem != "":
		v.blame(archive.Altered, packEvents, "line %d is from %s, which is not as it was sealed: %s", line, f.Name, f.Problem)
	case !ok || sealed || v.pack.Made.Sub(end) > maxOpen:
		v.blame(archive.BadSeal, packEvents, "line %d has no seal, and its hour was over long before the pack was made: %s", line, f.Name)
	}
}

// makeAgain makes the document and the sheet of the events and compares.
func (v *packVerifier) makeAgain() {
	if v.pack.Proven != v.Proven && len(v.problems) == 0 {
		v.blame(archive.Altered, packManifest, "states that %d events are proven, %d are", v.pack.Proven, v.Proven)
	}
	zone, err := time.LoadLocation(v.pack.Zone)
	if err != nil {
		v.blame(archive.Altered, packManifest, "%v", err)
		return
	}
	for name, write := range map[string]func(io.Writer) error{
		packDocument: func(w io.Writer) error { return writeDocument(w, &v.pack, v.events, v.coverage, zone) },
		packSheet:    func(w io.Writer) error { return writeSheet(w, &v.pack, v.events, zone) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil || !bytes.Equal(b.Bytes(), v.text(name)) {
			v.blame(archive.Altered, name, "is not made of the events")
		}
	}
}
