package columns

import (
	"github.com/provtrail/provtrail/provisioning"
)

// Batch is the blocks of one request.
type Batch struct {
	Observations *Observations
	Groups       *Groups
	Quarantine   *Quarantine
}

// NewBatch returns an empty batch.
func NewBatch() *Batch {
	return &Batch{Observations: NewObservations(), Groups: NewGroups(), Quarantine: NewQuarantine()}
}

// Fill replaces the batch's rows by the records.
func (b *Batch) Fill(records *provisioning.Batch) {
	b.Reset()
	for _, r := range records.Records {
		b.Observations.Append(r)
	}
	for _, g := range records.Groups {
		b.Groups.Append(g)
	}
	for _, q := range records.Quarantined {
		b.Quarantine.Append(q)
	}
}

// Blocks are the blocks in the order in which they are inserted.
func (b *Batch) Blocks() [3]*Block {
	return [3]*Block{&b.Quarantine.Block, &b.Observations.Block, &b.Groups.Block}
}

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() {
	for _, block := range b.Blocks() {
		block.Reset()
	}
}
