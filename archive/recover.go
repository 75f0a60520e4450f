package archive

import (
	"context"
	"errors"

	"github.com/provtrail/provtrail/archive/internal/memory"
)

// Recover lets sealing go on in an archive whose chain is not the one that is remembered:
// a signed entry of the chain names the lost heads, those that are remembered among them,
// and the reason. It returns the new head.
func Recover(ctx context.Context, location string, opt Options, lost []Head, reason string) (head Head, err error) {
	a, err := Open(ctx, location, opt)
	if err != nil {
		return head, err
	}
	defer func() { err = errors.Join(err, a.Close()) }() //nolint:contextcheck // has a time limit of its own
	err = a.sealer.Recover(ctx, lost, reason)
	return a.memory.State().Head, err
}

// ConfirmClock makes the writer believe the clock of the machine. The archive must not be
// open.
func ConfirmClock(ctx context.Context, location string, opt Options) (err error) {
	a, err := Open(ctx, location, opt)
	if err != nil {
		return err
	}
	now := a.clock.Wall()
	a.clock.Continue(now)
	a.memory.Change(func(s *memory.State) { s.Clock = now.UTC() })
	return errors.Join(a.memory.Save(ctx), a.Close()) //nolint:contextcheck // has a time limit of its own
}
