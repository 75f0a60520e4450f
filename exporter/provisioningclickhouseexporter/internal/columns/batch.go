package columns

import "github.com/provtrail/provtrail/internal/columnar"

// Batch is the blocks of one request.
type Batch struct {
	Observations *Observations
	Groups       *Rows
	Quarantine   *Quarantine
}

// NewBatch returns an empty batch.
func NewBatch() *Batch {
	return &Batch{Observations: newObservations(), Groups: newGroups(), Quarantine: newQuarantine()}
}

// Fill replaces the batch's rows by the records.
func (b *Batch) Fill(records []*columnar.Batch) {
	b.Reset()
	for _, part := range records {
		b.Observations.append(part)
		b.Groups.append(part, &part.Groups)
		b.Quarantine.append(part)
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
