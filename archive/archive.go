package archive

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/idindex"
	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/archive/internal/memory"
	"github.com/provtrail/provtrail/archive/internal/personal"
	"github.com/provtrail/provtrail/archive/internal/seal"
	"github.com/provtrail/provtrail/internal/clock"
)

// Options of an archive that is written.
type Options struct {
	// KeyFile is the PEM file with the Ed25519 keys that sign the seals: the key in use,
	// and after it former keys. It is created for a new archive; where the archive is
	// sealed already and the file is missing, Open returns an error. The public key of a
	// new key is written beside it, see PublicKeyPath.
	KeyFile string
	// Keys are used instead of KeyFile. Without both, hours are not sealed and nothing
	// expires.
	Keys Keys
	// Memories are where the head of the chain is remembered outside the archive, besides
	// a file beside KeyFile, see HeadPath.
	Memories []Memory
	// Grace is how long after its end an hour is sealed, and how long after Open at the
	// earliest, so that records that wait in a queue find their hour open.
	Grace time.Duration
	// Retention is how long the files of an hour are kept after its end; zero is for
	// ever. Seals are always kept. A shorter retention than the one in force is in force
	// once seals stated it for RetentionNotice.
	Retention       time.Duration
	RetentionNotice time.Duration
	// Holds keep files whatever the retention.
	Holds []Hold
	// PersonalKeys is the file of the key store with which the personal columns are encrypted;
	// empty: they are not. It is created where nothing in the archive is encrypted yet, and
	// must not lie in the archive.
	PersonalKeys string
	// Spool is the directory on this machine in which files for object storage are
	// prepared. It also holds the name of the writer, by which a restart recognises its
	// own lease. An archive in a directory needs none.
	Spool string
	// Now is the clock of the machine and Elapsed a monotonic clock. Where Now is nil, the
	// system's clocks are used. Where only Elapsed is nil, Now is always believed.
	Now     func() time.Time
	Elapsed func() time.Duration

	// Lost is called by SealDue for an hour of which files were written and were gone when
	// it was sealed; nil for nobody. Repair says how their rows come back.
	Lost func(hour Hour, names []string)
	// PutBack is called with files of hours that are not sealed yet that were deleted and are
	// there again; nil for nobody.
	PutBack func(names []string)

	// For tests, see blobstore.Options.
	beforeChange func()
	noSync       bool
}

// Archive is an archive that is open for writing. Its methods may be called at the same
// time.
type Archive struct {
	store  blobstore.Store
	clock  *clock.Clock
	memory *memory.Memory
	index  idindex.Index
	sealer *seal.Sealer
	open   openFiles
	// reportPutBack is Options.PutBack.
	reportPutBack func(names []string)
	gap           seal.Gap
	// personal is nil where personal columns are not encrypted.
	personal *personal.Store
	locked   bool // there are encrypted files, and personal is nil

	writing sync.RWMutex // held for reading while files are written
	// lastSealed is the last hour that takes no more files. Guarded by writing.
	lastSealed Hour

	// Cleaned is how many temporary files of a crash Open removed.
	Cleaned int
}

// HeartbeatPeriod is how often the owner of an open Archive calls Heartbeat.
const HeartbeatPeriod = 30 * time.Second

// minGap is longer than any process needs to restart: a longer silence is a gap.
const minGap = blobstore.LeaseTime

// Open opens an archive in a directory, which is created if it does not exist, or in a
// bucket. The URL of a bucket may continue with a directory in it:
// s3://bucket/directory?region=eu-west-1. One process at a time may have an archive
// open. The drivers of object storage are those of gocloud.dev/blob that the program
// imports; package drivers imports all.
func Open(ctx context.Context, location string, opt Options) (*Archive, error) {
	a := &Archive{clock: clock.New(opt.Now, opt.Elapsed), reportPutBack: opt.PutBack}
	var err error
	if a.store, err = blobstore.Open(ctx, location, blobstore.Options{
		Spool: opt.Spool, BeforeChange: opt.beforeChange, NoSync: opt.noSync,
	}); err == nil {
		if err = a.acquire(ctx, location, opt); err != nil {
			err = errors.Join(err, a.store.Close())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open archive %s: %w", location, err)
	}
	return a, nil
}

func (a *Archive) acquire(ctx context.Context, location string, opt Options) error {
	lastAlive, err := a.store.Acquire(ctx, a.clock.Wall)
	if err != nil {
		return err
	}
	if err = a.openKeys(ctx, location, opt.PersonalKeys); err == nil {
		err = a.prepare(ctx, opt, lastAlive)
	}
	if err != nil {
		return errors.Join(err, a.closeKeys(), a.store.Release(ctx))
	}
	return nil
}

func (a *Archive) prepare(ctx context.Context, opt Options, lastAlive time.Time) (err error) {
	if a.Cleaned, err = a.store.Clean(); err != nil {
		return err
	}
	memories := opt.Memories
	if opt.KeyFile != "" {
		memories = append([]Memory{memory.File(HeadPath(opt.KeyFile))}, memories...)
	}
	if a.memory, err = memory.Open(ctx, memories); err != nil {
		return err
	}
	if err := a.continueClock(ctx); err != nil {
		return err
	}
	a.sealer, err = seal.Open(ctx, a.store, &a.index, seal.Options{
		Keys: opt.Keys, KeyFile: opt.KeyFile, Memory: a.memory, Grace: opt.Grace, Clock: a.clock,
		Retention: opt.Retention, RetentionNotice: opt.RetentionNotice, Holds: opt.Holds, Personal: a.personal, Freeze: a.freeze, Lost: opt.Lost,
	})
	if err != nil {
		return err
	}
	a.lastSealed = a.sealer.LastSealed()
	if err := a.findOpenFiles(ctx); err != nil {
		return err
	}
	a.gap = seal.Gap{From: lastAlive, Min: minGap}
	return a.Heartbeat(ctx)
}

// freeze waits for the writes in progress; later ones keep out of the hour. It returns
// the files that were written into the hour.
func (a *Archive) freeze(hour layout.Hour) []string {
	a.writing.Lock()
	defer a.writing.Unlock()
	a.lastSealed = max(a.lastSealed, hour)
	return a.open.of(hour)
}

// Heartbeat records that a process has the archive open. A time without it is sealed as
// a gap.
func (a *Archive) Heartbeat(ctx context.Context) error {
	if err := a.gap.Record(ctx, a.store, a.clock.Started()); err != nil {
		return err
	}
	if err := a.putBack(); err != nil {
		return err
	}
	a.memory.Change(func(s *memory.State) { s.Clock, s.Open = a.clock.Now().UTC(), a.open.names() })
	return errors.Join(a.store.Heartbeat(ctx), a.memory.Save(ctx))
}

// Refused returns an error where the chain is not the one that is remembered outside the
// archive. Then nothing is sealed and nothing expires; Write works.
func (a *Archive) Refused() error { return a.sealer.Refused() }

// ClockSkew returns an error where the clock of the machine is not believed.
func (a *Archive) ClockSkew() error { return a.sealer.ClockSkew() }

// SealDue seals every hour that is due, the oldest first, and removes expired files. It
// returns the hours that it sealed, also with an error.
func (a *Archive) SealDue(ctx context.Context) ([]Hour, error) {
	if err := a.gap.Record(ctx, a.store, a.clock.Started()); err != nil {
		return nil, err
	}
	if err := a.putBack(); err != nil {
		return nil, err
	}
	sealed, err := a.sealer.SealDue(ctx)
	a.open.forget(a.sealer.LastSealed())
	return sealed, errors.Join(err, a.putBack())
}

// KeyReplaced reports whether the last seal was signed by a key that is not among the
// archive's keys, so that no seal names the new key: verifying then needs both public
// keys.
func (a *Archive) KeyReplaced() bool { return a.sealer.KeyReplaced() }

// closeTimeout is how long Close waits for object storage.
const closeTimeout = 10 * time.Second

// Close lets another process open the archive.
func (a *Archive) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return errors.Join(a.Heartbeat(ctx), a.store.Release(ctx), a.store.Close(), a.closeKeys())
}
