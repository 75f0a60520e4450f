package seal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/compact"
	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/archive/internal/parquetfile"
)

// seal merges the files of an hour into one sorted file for each directory and joins
// their digests to the chain. A restart can continue after each step:
//
//  1. Nothing is written into the hour any more. (A restart forgets this.)
//  2. The merged files are stored beside the old ones. (A restart merges again and makes
//     the same files with the same names.)
//  3. The seal intent lists the files to be removed. (A restart ignores it without the
//     seal.)
//  4. The seal is stored and remembered. (A restart continues with step 5.)
//  5. The replaced and the expired files are removed, then the intent.
func (s *Sealer) seal(ctx context.Context, hour layout.Hour, recovery *chain.Recovery) error {
	written := s.opt.Freeze(hour)
	e := chain.Entry{Archive: s.head.archive, Hour: hour, Recovery: recovery}
	intent := intent{Hour: hour}
	dirs, err := s.store.Names(ctx, "")
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		if !layout.IsDataDir(dir) {
			continue
		}
		files, replaced, err := s.sealPartition(ctx, layout.Partition{Dir: dir, Hour: hour})
		if err != nil {
			return err
		}
		e.Files, intent.Remove = append(e.Files, files...), append(intent.Remove, replaced...)
	}
	e.Lost = lost(written, &e, intent.Remove)
	if e.Gaps, err = gapsOf(ctx, s.store, hour); err != nil {
		return err
	}
	if e.Holds, s.requests, s.ignored, err = s.nextHolds(ctx); err != nil {
		return err
	}
	if err := s.stateErasures(&e); err != nil {
		return err
	}
	if e.Expired, err = s.expiring(ctx, e.Holds); err != nil {
		return err
	}
	if err := blobstore.PutJSON(ctx, s.store, layout.IntentName, intent); err != nil {
		return err
	}
	s.unfinished = &e
	if err := s.join(ctx, layout.SealName(hour), &e); err != nil {
		if s.head.last != hour { // it was not stored
			s.unfinished = nil
		}
		return err
	}
	if len(e.Lost) > 0 && s.opt.Lost != nil {
		s.opt.Lost(hour, e.Lost)
	}
	return s.complete(ctx)
}

// complete does what remains to be done after a seal was stored.
func (s *Sealer) complete(ctx context.Context) error {
	if err := s.remember(ctx); err != nil || s.unfinished == nil {
		return err
	}
	if err := s.finish(ctx, s.unfinished); err != nil {
		return err
	}
	if err := s.store.Remove(ctx, s.requests); err != nil {
		return err
	}
	s.requests = nil
	s.index.Sealed(s.unfinished.Hour, s.unfinished.Files)
	s.unfinished = nil
	return nil
}

// lost returns the files that were written into an hour and are neither sealed nor
// replaced by a sealed file.
func lost(written []string, e *chain.Entry, replaced []string) (gone []string) {
	for _, name := range written {
		if e.File(name) == nil && !slices.Contains(replaced, name) {
			gone = append(gone, name)
		}
	}
	return gone
}

// intent lists what is removed once the hour is sealed.
type intent struct {
	Hour   layout.Hour `json:"hour"`
	Remove []string    `json:"remove"`
}

// Replaced returns the files that the seal in progress has merged into others.
func Replaced(ctx context.Context, s blobstore.Store) ([]string, error) {
	var in intent
	err := blobstore.ReadJSON(ctx, s, layout.IntentName, &in)
	return in.Remove, err
}

// finish is the last step of sealing, which Open repeats. e is the last entry.
func (s *Sealer) finish(ctx context.Context, e *chain.Entry) error {
	var in intent
	if err := blobstore.ReadJSON(ctx, s.store, layout.IntentName, &in); err != nil {
		return err
	}
	remove := slices.Clone(e.Expired)
	if in.Hour == e.Hour {
		for _, name := range in.Remove {
			// A sealed file is never removed, whatever the intent says.
			if f, ok := layout.ParseData(name); ok && f.Hour == e.Hour && e.File(name) == nil {
				remove = append(remove, name)
			}
		}
	}
	if err := s.store.Remove(ctx, remove); err != nil {
		return err
	}
	if s.opt.Personal != nil {
		if err := s.opt.Personal.Stated(e.Erased); err != nil {
			return err
		}
	}
	return s.store.Remove(ctx, []string{layout.IntentName})
}

// sealPartition leaves one merged file in a partition, beside the files that it replaces
// and those that are damaged.
func (s *Sealer) sealPartition(ctx context.Context, p layout.Partition) (files []chain.SealedFile, replaced []string, err error) {
	list, err := s.store.Names(ctx, p.Path())
	if err != nil {
		return nil, nil, err
	}
	var sources []string
	for _, file := range list {
		if strings.HasSuffix(file, layout.Extension) {
			sources = append(sources, path.Join(p.Path(), file))
		}
	}
	for len(sources) > 0 {
		file, damaged, err := s.mergeFiles(ctx, p, sources)
		if damaged != nil {
			// Kept as it is and listed, so that nothing disappears without a trace.
			kept, err := s.describe(ctx, damaged.name)
			if err != nil {
				return nil, nil, err
			}
			kept.Damaged = damaged.err.Error()
			files = append(files, kept)
			sources = slices.DeleteFunc(slices.Clone(sources), func(name string) bool { return name == damaged.name })
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		for _, name := range sources {
			if name != file.Name {
				replaced = append(replaced, name)
			}
		}
		return append(files, file), replaced, nil
	}
	return files, nil, nil
}

// damagedFile is a source of a merge that cannot be read.
type damagedFile struct {
	name string
	err  error
}

func (s *Sealer) mergeFiles(ctx context.Context, p layout.Partition, sources []string) (chain.SealedFile, *damagedFile, error) {
	switch p.Dir {
	case layout.QuarantineDir:
		return mergeInto(ctx, s, parquetfile.Quarantine, p, sources)
	case layout.ReconciliationsDir:
		return mergeInto(ctx, s, parquetfile.Reconciliations, p, sources)
	default:
		return mergeInto(ctx, s, parquetfile.Activities, p, sources)
	}
}

func mergeInto[T any](ctx context.Context, s *Sealer, t *parquetfile.Table[T], p layout.Partition, sources []string) (f chain.SealedFile, damaged *damagedFile, err error) {
	paths := make([]string, len(sources))
	for i, name := range sources {
		var done func() error
		if paths[i], done, err = s.store.Local(ctx, name); err != nil {
			return f, nil, err
		}
		defer func() { err = errors.Join(err, done()) }()
	}
	content, name := sha256.New(), sha256.New()
	var merged compact.Result
	size := &blobstore.CountingWriter{}
	temp, err := s.store.Temporary(func(w io.Writer) (err error) {
		size.To = io.MultiWriter(w, content)
		merged, err = compact.Merge(ctx, t, s.store.Temporary, paths, size, name)
		return err
	})
	if unreadable, ok := errors.AsType[*compact.DamagedError](err); ok {
		if at := slices.Index(paths, unreadable.Path); at >= 0 {
			return f, &damagedFile{sources[at], err}, nil
		}
	}
	if err != nil {
		return f, nil, err
	}
	f = chain.SealedFile{
		Name:   path.Join(p.Path(), hex.EncodeToString(name.Sum(nil)[:16])+layout.Extension),
		SHA256: hex.EncodeToString(content.Sum(nil)), Size: size.N, Rows: merged.Rows, Repeated: merged.Repeated,
	}
	if merged.Rows > 0 {
		f.Merkle = &merged.Root
	}
	f.First, f.Last = merged.Period()
	if err := s.store.Move(ctx, temp, f.Name); err != nil {
		return f, nil, err
	}
	files := make([]string, len(sources))
	for i, name := range sources {
		files[i] = path.Base(name)
	}
	s.index.Merged(p, path.Base(f.Name), files)
	return f, nil, nil
}

// describe returns the digest and the size of a file as it is.
func (s *Sealer) describe(ctx context.Context, name string) (chain.SealedFile, error) {
	digest, size, err := blobstore.Hash(ctx, s.store, name, nil)
	return chain.SealedFile{Name: name, SHA256: digest, Size: size}, err
}
