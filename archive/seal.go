package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// SealDue seals every hour that is due, the oldest first, and removes what has
// expired. It returns the hours it sealed.
func (a *Archive) SealDue(ctx context.Context) (sealed []Hour, err error) {
	a.sealing.Lock()
	defer a.sealing.Unlock()
	for a.keys != nil && !a.now().Before(a.due()) {
		hour := a.chain.last + 1
		if err := a.seal(ctx, hour); err != nil {
			return sealed, fmt.Errorf("archive %s: seal hour %s: %w", a.store, hour, err)
		}
		sealed = append(sealed, hour)
	}
	return sealed, nil
}

// Due is when the next hour is to be sealed.
func (a *Archive) Due() time.Time {
	a.sealing.Lock()
	defer a.sealing.Unlock()
	return a.due()
}

func (a *Archive) due() time.Time {
	at, earliest := (a.chain.last + 2).Start(), a.opened
	if at.Before(earliest) {
		at = earliest
	}
	return at.Add(a.opt.Grace)
}

// seal makes the hour's files into one sorted file a folder and joins their digests
// to the chain. Each step leaves an archive that a restart can finish:
//
//  1. From here on nothing is written into the hour. (A restart forgets this.)
//  2. The new files get their names beside the old ones. (A restart merges again,
//     and comes to the same files of the same names.)
//  3. The journal lists the files to be removed. (A restart without the seal
//     forgets it.)
//  4. The seal is there. (A restart goes on with 5.)
//  5. The old files and what has expired are removed, then the journal.
func (a *Archive) seal(ctx context.Context, hour Hour) error {
	a.writing.Lock()
	a.floor = max(a.floor, hour)
	a.writing.Unlock()

	e := Entry{Archive: a.chain.archive, Hour: hour}
	journal := journal{Hour: hour}
	dirs, err := a.store.names(ctx, "")
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		if dir != quarantineDir && !strings.HasPrefix(dir, tenantPrefix) {
			continue
		}
		files, replaced, err := a.sealFolder(ctx, partition{dir, hour})
		if err != nil {
			return err
		}
		e.Files, journal.Remove = append(e.Files, files...), append(journal.Remove, replaced...)
	}
	if e.Gaps, err = a.gapsOf(ctx, hour); err != nil {
		return err
	}
	if e.Expired, err = a.expiring(ctx); err != nil {
		return err
	}
	if err := a.putJSON(ctx, journalName, journal); err != nil {
		return err
	}
	if err := a.join(ctx, sealName(hour), &e); err != nil {
		return err
	}
	if err := a.finish(ctx, &e); err != nil {
		return err
	}
	a.holdings.sealed(hour, e.Files)
	return nil
}

const journalName = "_sealing.json"

// journal says what is to be removed once the hour is sealed.
type journal struct {
	Hour   Hour     `json:"hour"`
	Remove []string `json:"remove"`
}

// finish is the last step of sealing; Open takes it again. e is the newest entry.
func (a *Archive) finish(ctx context.Context, e *Entry) error {
	var j journal
	if err := a.getJSON(ctx, journalName, &j); err != nil {
		return err
	}
	remove := slices.Clone(e.Expired)
	if j.Hour == e.Hour {
		for _, name := range j.Remove {
			// A name that is sealed is never removed, whatever the journal says.
			if f, ok := parseName(name); ok && f.Hour == e.Hour && !slices.ContainsFunc(e.Files, func(f SealedFile) bool { return f.Name == name }) {
				remove = append(remove, name)
			}
		}
	}
	if err := a.store.remove(ctx, remove); err != nil {
		return err
	}
	return a.store.remove(ctx, []string{journalName})
}

// sealFolder leaves one file in the folder of a tenant and hour, beside those it
// replaces and those that are damaged.
func (a *Archive) sealFolder(ctx context.Context, p partition) (files []SealedFile, replaced []string, err error) {
	list, err := a.store.names(ctx, p.path())
	if err != nil {
		return nil, nil, err
	}
	var sources []string
	for _, file := range list {
		if name := path.Join(p.path(), file); strings.HasSuffix(file, extension) {
			sources = append(sources, name)
		}
	}
	for len(sources) > 0 {
		file, err := a.mergeFiles(ctx, p, sources)
		if damaged, ok := errors.AsType[*damagedError](err); ok {
			// Kept as it is and listed, so that nothing disappears in silence.
			at := slices.Index(sources, damaged.name)
			if at < 0 {
				return nil, nil, err
			}
			kept, err := a.listed(ctx, damaged.name)
			if err != nil {
				return nil, nil, err
			}
			kept.Damaged = damaged.Error()
			files, sources = append(files, kept), slices.Delete(slices.Clone(sources), at, at+1)
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

func (a *Archive) mergeFiles(ctx context.Context, p partition, sources []string) (SealedFile, error) {
	if p.dir == quarantineDir {
		return mergeInto(ctx, a, quarantine, p, sources)
	}
	return mergeInto(ctx, a, activities, p, sources)
}

func mergeInto[T any](ctx context.Context, a *Archive, t *table[T], p partition, sources []string) (f SealedFile, err error) {
	paths := make([]string, len(sources))
	for i, name := range sources {
		var done func() error
		if paths[i], done, err = a.store.local(ctx, name); err != nil {
			return f, err
		}
		defer func() { err = errors.Join(err, done()) }()
	}
	content, ids := sha256.New(), sha256.New()
	var m merged
	size := &counter{}
	temp, err := a.store.temporary(func(w io.Writer) (err error) {
		size.to = io.MultiWriter(w, content)
		m, err = t.merge(ctx, a, paths, size, ids)
		return err
	})
	if damaged, ok := errors.AsType[*damagedError](err); ok {
		if at := slices.Index(paths, damaged.path); at >= 0 {
			damaged.name = sources[at]
		}
	}
	if err != nil {
		return f, err
	}
	f = SealedFile{
		Name:   path.Join(p.path(), hex.EncodeToString(ids.Sum(nil)[:16])+extension),
		SHA256: hex.EncodeToString(content.Sum(nil)), Size: size.n, Rows: m.rows, Repeated: m.repeated,
	}
	if m.rows > 0 {
		root := m.tree.root()
		f.Merkle = &root
	}
	f.First, f.Last = m.period()
	if err := a.store.place(ctx, temp, f.Name); err != nil {
		return f, err
	}
	files := make([]string, len(sources))
	for i, name := range sources {
		files[i] = path.Base(name)
	}
	a.holdings.merged(p, path.Base(f.Name), files)
	return f, nil
}

// listed describes a file as it lies there.
func (a *Archive) listed(ctx context.Context, name string) (SealedFile, error) {
	digest, size, err := hashFile(ctx, a.store, name, nil)
	return SealedFile{Name: name, SHA256: digest, Size: size}, err
}

func hashFile(ctx context.Context, s store, name string, progress func(int64)) (digest string, size int64, err error) {
	f, err := s.stream(ctx, name)
	if err != nil {
		return "", 0, err
	}
	h := sha256.New()
	buffer := make([]byte, 256<<10)
	for {
		n, err := f.Read(buffer)
		h.Write(buffer[:n])
		size += int64(n)
		if progress != nil && n > 0 {
			progress(int64(n))
		}
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(h.Sum(nil)), size, f.Close()
		}
		if err != nil {
			return "", 0, errors.Join(err, f.Close())
		}
	}
}

func (a *Archive) putJSON(ctx context.Context, name string, v any) error {
	_, err := a.store.put(ctx, name, func(w io.Writer) error { return json.NewEncoder(w).Encode(v) })
	return err
}

func (a *Archive) getJSON(ctx context.Context, name string, v any) error {
	text, err := a.store.read(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
