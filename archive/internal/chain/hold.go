package chain

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/layout"
)

// Hold keeps files whatever the retention (a legal hold). A hold of a person or group keeps
// the hours in which a row names them.
type Hold struct {
	// ID is that of a hold that was placed by a request; a configured one has none.
	ID     string    `json:"id,omitempty"`
	Tenant string    `json:"tenant,omitempty"` // empty: all tenants, quarantined data and reconciliations
	From   time.Time `json:"from,omitzero"`    // zero: from the beginning
	To     time.Time `json:"to,omitzero"`      // zero: without end
	// Identity is the id, name or account of a person, who may also be the requester or the
	// approver. Group is the id or number of a group. Both compare without case.
	Identity string    `json:"identity,omitempty"`
	Group    string    `json:"group,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	PlacedAt time.Time `json:"placed_at,omitzero"`
}

// Validate returns what is wrong with a hold.
func (h *Hold) Validate() error {
	if !h.From.IsZero() && !h.To.IsZero() && !h.From.Before(h.To) {
		return errors.New("from must be before to")
	}
	return nil
}

// String names what the hold keeps.
func (h Hold) String() string {
	var parts []string
	for _, p := range []struct{ name, value string }{{"tenant", h.Tenant}, {"identity", h.Identity}, {"group", h.Group}} {
		if p.value != "" {
			parts = append(parts, fmt.Sprintf("%s %q", p.name, p.value))
		}
	}
	if !h.From.IsZero() {
		parts = append(parts, "from "+h.From.UTC().Format(time.RFC3339))
	}
	if !h.To.IsZero() {
		parts = append(parts, "to "+h.To.UTC().Format(time.RFC3339))
	}
	if len(parts) == 0 {
		return "everything"
	}
	return strings.Join(parts, ", ")
}

// HoldRequest asks the writer to place a hold or to release one. It is signed with the
// archive's key and no seal, and the next seal states what came of it.
type HoldRequest struct {
	Archive string    `json:"hold_of_archive"`
	At      time.Time `json:"at"`
	Key     string    `json:"key"` // KeyID of the key that signs the request
	Place   *Hold     `json:"place,omitempty"`
	// Release is the id of a hold to release, for a reason.
	Release string `json:"release,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// Sign returns the text of the request, with the key that signs it.
func (r *HoldRequest) Sign(key ed25519.PrivateKey) ([]byte, error) {
	r.Key = KeyID(Public(key))
	return signedText(r, key)
}

// parseHoldRequest reads a request that one of the keys signed for an archive.
func parseHoldRequest(text []byte, archive string, keys Keys) (r HoldRequest, err error) {
	line, signature, err := parseSigned(text, &r)
	if err != nil {
		return r, fmt.Errorf("is no request: %w", err)
	}
	key := keys.ByID(r.Key)
	switch {
	case key == nil:
		return r, fmt.Errorf("is signed with key %q, which is not the archive's", r.Key)
	case !ed25519.Verify(Public(key), line, signature):
		return r, errors.New("has a wrong signature")
	case r.Archive != archive:
		return r, fmt.Errorf("is for archive %q", r.Archive)
	case (r.Place == nil) == (r.Release == ""):
		return r, errors.New("asks neither to place nor to release a hold")
	}
	return r, nil
}

// PostedRequest is a request in an archive.
type PostedRequest struct {
	HoldRequest
	Name    string // of its file
	Invalid error  // why it is not followed
}

// HoldRequests reads the requests that no seal states yet.
func HoldRequests(ctx context.Context, s blobstore.Store, archive string, keys Keys) (list []PostedRequest, err error) {
	files, err := s.Names(ctx, layout.HoldsDir)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		r := PostedRequest{Name: path.Join(layout.HoldsDir, file)}
		text, err := s.Read(ctx, r.Name)
		if err != nil {
			return nil, err
		}
		r.HoldRequest, r.Invalid = parseHoldRequest(text, archive, keys)
		list = append(list, r)
	}
	return list, nil
}
