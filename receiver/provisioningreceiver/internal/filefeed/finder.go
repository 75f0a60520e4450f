package filefeed

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
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
	cfg    *Config
	logger *zap.Logger

	mu       sync.Mutex        // guards reported
	reported map[string]string // the last problem of a path
}

// found is a regular file.
type found struct {
	path string // for people, and for exclude
	info fs.FileInfo
	open func() (*os.File, error)
}

var (
	errNotRegular = errors.New("not a regular file")
	errLink       = errors.New("the symbolic link is not followed: it is broken, leads out of the included directory or lies behind another one")
)

func newFinder(cfg *Config, logger *zap.Logger) *finder {
	return &finder{cfg: cfg, logger: logger, reported: map[string]string{}}
}

// find returns the files, which can be opened until done is called.
func (f *finder) find() (files []found, done func()) {
	var roots []*os.Root
	for _, include := range f.cfg.Include {
		for _, s := range searchesOf(include) {
			root, err := os.OpenRoot(s.dir)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				f.report(s.dir, err)
				continue
			}
			roots = append(roots, root)
			s.finder, s.root, s.files = f, root, &files
			if s.pattern == "" {
				s.add(s.name, include)
			} else {
				s.walk(".", 0, false)
			}
		}
	}
	return files, func() {
		for _, root := range roots {
			_ = root.Close() // only read
		}
	}
}

// search is one directory in which files are searched by a pattern, or by name.
type search struct {
	dir, pattern, name string

	finder *finder
	root   *os.Root
	files  *[]found
}

// searchesOf makes the searches of an include setting. A setting that exists is meant
// literally, a setting with other characters of globs besides as a glob.
func searchesOf(include string) (out []search) {
	info, err := os.Stat(include)
	switch {
	case strings.HasSuffix(include, "/") || err == nil && info.IsDir():
		return []search{{dir: include, pattern: "**/*"}}
	case err == nil:
		// The setting itself may be a symbolic link to anywhere.
		if target, err := filepath.EvalSymlinks(include); err == nil {
			out = append(out, search{dir: filepath.Dir(target), name: filepath.Base(target)})
		}
	}
	if dir, pattern := doublestar.SplitPattern(filepath.ToSlash(include)); strings.ContainsAny(pattern, `*?[{\`) {
		out = append(out, search{dir: filepath.FromSlash(dir), pattern: pattern})
	}
	return out
}

// walk adds the files below a directory of the root.
func (s *search) walk(dir string, depth int, linked bool) {
	entries, err := fs.ReadDir(s.root.FS(), dir)
	if err != nil {
		s.finder.report(s.shown(dir), err) // entries may have some all the same
	}
	deeper := strings.Contains(s.pattern, "**") || depth < strings.Count(s.pattern, "/")
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		isLink := e.Type()&fs.ModeSymlink != 0
		isDir := e.IsDir()
		if isLink {
			info, err := s.root.Stat(name)
			if err != nil || linked {
				s.finder.report(s.shown(name), errors.Join(errLink, err))
				continue
			}
			isDir = info.IsDir()
		}
		switch {
		case isDir && deeper:
			s.walk(name, depth+1, linked || isLink)
		case !isDir:
			if ok, _ := doublestar.Match(s.pattern, name); ok {
				s.add(name, s.shown(name))
			}
		}
	}
}

func (s *search) shown(name string) string { return filepath.Join(s.dir, filepath.FromSlash(name)) }

// add adds a file if it is regular and not excluded.
func (s *search) add(name, shown string) {
	if s.finder.excluded(shown) {
		return
	}
	info, err := s.root.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		s.finder.report(shown, err)
		return
	}
	root := s.root
	*s.files = append(*s.files, found{path: shown, info: info, open: func() (*os.File, error) {
		// Should the file have become a pipe meanwhile, opening it must not block.
		return root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	}})
}

func (f *finder) excluded(path string) bool {
	for _, glob := range f.cfg.Exclude {
		if excluded, _ := doublestar.PathMatch(glob, path); excluded {
			return true
		}
	}
	return false
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
	f.logger.Warn("the file is skipped; it is tried at each poll", zap.String("file", path), zap.Error(err))
}
