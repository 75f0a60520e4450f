package columns

import (
	"fmt"
	"iter"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/provisioning"
)

// Batch is the blocks of one request.
type Batch struct {
	Observations *Observations
	Groups       *Groups
	Quarantine   *Quarantine
	refused      int
}

// NewBatch returns an empty batch.
func NewBatch() *Batch {
	return &Batch{Observations: NewObservations(), Groups: NewGroups(), Quarantine: NewQuarantine()}
}

// Fill replaces the batch's rows by the records. Every record becomes a row: one that
// cannot be read becomes a row of the quarantine.
func (b *Batch) Fill(records iter.Seq[plog.LogRecord]) {
	b.Reset()
	for lr := range records {
		var err error
		switch lr.EventName() {
		case provisioning.EventActivity:
			err = b.Observations.Append(lr)
		case provisioning.EventGroup:
			err = b.Groups.Append(lr)
		case provisioning.EventQuarantine:
			err = b.Quarantine.Append(lr)
		default:
			err = fmt.Errorf("its EventName is none of %s, %s, %s: only provtrail's records have tables",
				provisioning.EventActivity, provisioning.EventGroup, provisioning.EventQuarantine)
		}
		if err != nil {
			b.Quarantine.Refuse(lr, err)
			b.refused++
		}
	}
}

// Refused is how many records became rows of the quarantine because they could not
// be read.
func (b *Batch) Refused() int { return b.refused }

// Blocks are the blocks in the order in which they are inserted.
func (b *Batch) Blocks() [3]*Block {
	return [3]*Block{&b.Quarantine.Block, &b.Observations.Block, &b.Groups.Block}
}

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() {
	b.refused = 0
	for _, block := range b.Blocks() {
		block.Reset()
	}
}

// Records walks through all records of a request.
func Records(logs plog.Logs) iter.Seq[plog.LogRecord] {
	return func(yield func(plog.LogRecord) bool) {
		for _, resource := range logs.ResourceLogs().All() {
			for _, scope := range resource.ScopeLogs().All() {
				for _, lr := range scope.LogRecords().All() {
					if !yield(lr) {
						return
					}
				}
			}
		}
	}
}
