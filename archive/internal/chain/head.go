package chain

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/provtrail/provtrail/archive/internal/layout"
)

// Head is the newest seal of a chain, as it is remembered outside the archive.
type Head struct {
	Archive  string      `json:"archive"`
	Hour     layout.Hour `json:"hour"`
	Digest   string      `json:"digest"` // SHA-256 of the seal's file; empty: no head
	SealedAt time.Time   `json:"sealed_at"`
}

// IsZero reports whether there is no head.
func (h Head) IsZero() bool { return h.Digest == "" }

func (h Head) String() string {
	if h.Archive == "" {
		return "seal " + h.Digest
	}
	return fmt.Sprintf("archive %s, hour %s, seal %s, signed %s", h.Archive, h.Hour, h.Digest, h.SealedAt.Format(time.RFC3339))
}

// Head returns the seal as the head of its chain.
func (s *Seal) Head() Head { return Head{s.Archive, s.Hour, s.Digest, s.SealedAt} }

// Recovery states that a person let sealing go on although seals were lost.
type Recovery struct {
	// Lost are the remembered heads that the chain did not contain.
	Lost   []Head    `json:"lost,omitempty"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
	// After is the hour of the seal before; the hours between have no seals. It is nil
	// where no chain was left.
	After *layout.Hour `json:"after,omitempty"`
}

// Names reports whether the recovery states the loss of a head.
func (r *Recovery) Names(digest string) bool {
	return r != nil && slices.ContainsFunc(r.Lost, func(h Head) bool { return h.Digest == digest })
}

func (r *Recovery) String() string {
	parts := []string{fmt.Sprintf("seals before this one were lost, and sealing was let go on at %s: %s", r.At.Format(time.RFC3339), r.Reason)}
	for _, h := range r.Lost {
		parts = append(parts, "lost is "+h.String())
	}
	return strings.Join(parts, "; ")
}
