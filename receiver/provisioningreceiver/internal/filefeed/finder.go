package filefeed

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/bmatcuk/doublestar/v4"
	"go.uber.org/zap"
)

// finder selects files by the globs of the configuration. Only regular files are selected,
// so that no pipe, socket or device is ever opened. Below the directory that a glob begins
// with, at most one symbolic link is followed on the way to a file, and none that leads out
// of that directory.
type finder struct {
	cfg     *Config
	logger  *zap.Logger
	watcher *watcher
	places  map[string][]place // by directory: what searches it, since the last sweep
	missing []*search          // what is included and was not there in the last sweep

	mu       sync.Mutex        // guards reported
	reported map[string]string // the last problem of a path
}

// found is a regular file.
type found struct {
	path string // for people, and for exclude
	key  string // the path below the directory that was searched
	info fs.FileInfo
	open func() (*os.File, error)
}

var (
	errNotRegular = errors.New("not a regular file")
	errLink       = errors.New("the symbolic link is not followed: it is broken, leads out of the included directory or lies behind another one")
)

func newFinder(cfg *Config, logger *zap.Logger) *finder {
	return &finder{cfg: cfg, logger: logger, watcher: newWatcher(logger), reported: map[string]string{}}
}

// place is a directory below the one that a search begins with.
type place struct {
	*search
	at     string // its name below that directory
	depth  int
	linked bool // a symbolic link was followed to get there
}

// pass is one search for files.
type pass struct {
	*finder
	files []found
	roots map[*search]*os.Root
}

// sweep returns all files. They can be opened until the pass is closed.
func (f *finder) sweep() *pass {
	p := &pass{finder: f, roots: map[*search]*os.Root{}}
	f.places, f.missing = map[string][]place{}, nil
	for _, include := range f.cfg.Include {
		for _, s := range searchesOf(include) {
			switch root := p.root(&s); {
			case root == nil:
			case s.pattern == "":
				p.enter(place{search: &s, at: "."})
				p.add(place{search: &s}, s.name, include)
			default:
				p.walk(place{search: &s, at: "."})
			}
		}
	}
	return p
}

// changed returns the files at paths that may have changed since the sweep.
func (f *finder) changed(paths []string) *pass {
	p := &pass{finder: f, roots: map[*search]*os.Root{}}
	for _, at := range paths {
		for _, in := range slices.Clone(f.places[filepath.Dir(at)]) {
			p.lookAt(in, filepath.Base(at))
		}
	}
	return p
}

func (p *pass) lookAt(in place, base string) {
	root := p.root(in.search)
	switch {
	case root == nil:
	case in.pattern != "":
		name := path.Join(in.at, base)
		if info, err := root.Lstat(name); err == nil { // else it was removed
			p.visit(in, name, info.Mode())
		}
	case base == in.name:
		p.add(in, in.name, in.include)
	}
}

// root opens the directory of a search.
func (p *pass) root(s *search) *os.Root {
	if root, ok := p.roots[s]; ok {
		return root
	}
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		p.miss(s)
		if !errors.Is(err, fs.ErrNotExist) {
			p.report(s.dir, err)
		}
	}
	p.roots[s] = root
	return root
}

func (p *pass) miss(s *search) {
	if !s.optional {
		p.missing = append(p.missing, s)
	}
}

// appeared reports whether something is there that the last sweep missed. Nothing notifies
// that.
func (f *finder) appeared() bool { return slices.ContainsFunc(f.missing, (*search).exists) }

func (s *search) exists() bool {
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return false
	}
	defer root.Close()
	if s.pattern == "" {
		_, err = root.Stat(s.name)
	}
	return err == nil
}

func (p *pass) close() {
	for _, root := range p.roots {
		if root != nil {
			_ = root.Close() // only read
		}
	}
}

// search is one directory in which files are searched by a pattern, or by name.
type search struct {
	dir, pattern, name, include string

	optional bool // it is looked for only in case a glob is meant literally
}

// searchesOf makes the searches of an include setting. A setting that exists is meant
// literally, a setting with other characters of globs besides as a glob.
func searchesOf(include string) (out []search) {
	info, err := os.Stat(include)
	if strings.HasSuffix(include, "/") || err == nil && info.IsDir() {
		return []search{{dir: include, pattern: "**/*", include: include}}
	}
	dir, pattern := doublestar.SplitPattern(filepath.ToSlash(include))
	isGlob := strings.ContainsAny(pattern, `*?[{\`)
	target, err := filepath.EvalSymlinks(include) // the setting itself may be a link to anywhere
	if err != nil {
		target = include
	}
	out = append(out, search{dir: filepath.Dir(target), name: filepath.Base(target), include: include, optional: isGlob})
	if isGlob {
		out = append(out, search{dir: filepath.FromSlash(dir), pattern: pattern, include: include})
	}
	return out
}

// enter notes that a directory is searched, and asks for notifications of its changes. It
// comes before the directory is read, so that no change is missed.
func (p *pass) enter(in place) {
	dir := in.shown(in.at)
	if !slices.Contains(p.places[dir], in) {
		p.places[dir] = append(p.places[dir], in)
	}
	p.watcher.add(dir)
}

// walk adds the files below a directory.
func (p *pass) walk(in place) {
	p.enter(in)
	entries, err := fs.ReadDir(p.root(in.search).FS(), in.at)
	if err != nil {
		p.report(in.shown(in.at), err) // entries may have some all the same
	}
	for _, e := range entries {
		p.visit(in, path.Join(in.at, e.Name()), e.Type())
	}
}

// visit adds what is at a name in a directory: a file, or the files below a directory.
func (p *pass) visit(in place, name string, mode fs.FileMode) {
	isLink := mode&fs.ModeSymlink != 0
	isDir := mode.IsDir()
	if isLink {
		info, err := p.root(in.search).Stat(name)
		if err != nil || in.linked {
			p.report(in.shown(name), errors.Join(errLink, err))
			return
		}
		isDir = info.IsDir()
	}
	switch {
	case isDir && (strings.Contains(in.pattern, "**") || in.depth < strings.Count(in.pattern, "/")):
		p.walk(place{search: in.search, at: name, depth: in.depth + 1, linked: in.linked || isLink})
	case !isDir:
		if ok, _ := doublestar.Match(in.pattern, name); ok {
			p.add(in, name, in.shown(name))
		}
	}
}

func (s *search) shown(name string) string { return filepath.Join(s.dir, filepath.FromSlash(name)) }

// add adds a file if it is regular and not excluded.
func (p *pass) add(in place, name, shown string) {
	if p.excluded(shown) {
		return
	}
	root := p.root(in.search)
	info, err := root.Stat(name)
	if in.pattern == "" && errors.Is(err, fs.ErrNotExist) {
		p.miss(in.search)
		return
	}
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		p.report(shown, err)
		return
	}
	p.files = append(p.files, found{path: shown, key: in.shown(name), info: info, open: func() (*os.File, error) {
		// Should the file have become a pipe meanwhile, opening it must not block.
		return root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	}})
}

func (f *finder) excluded(path string) bool {
	return slices.ContainsFunc(f.cfg.Exclude, func(glob string) bool {
		excluded, _ := doublestar.PathMatch(glob, path)
		return excluded
	})
}

// maxReported bounds the memory of reported.
const maxReported = 10_000

// report logs why a path is not read, once for each reason.
func (f *finder) report(path string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.reported[path] == err.Error() {
		return
	}
	if len(f.reported) >= maxReported {
		clear(f.reported)
	}
	f.reported[path] = err.Error()
	f.logger.Warn("the file is skipped; it is tried again when it changes, and at each sweep", zap.String("file", path), zap.Error(err))
}
