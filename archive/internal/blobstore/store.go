// Package blobstore keeps the files of an archive in a directory or in a bucket of
// object storage. Code above it does not know which.
package blobstore

import (
	"context"
	"io"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/provtrail/provtrail/archive/internal/layout"
)

// Store holds files by name. A name is a path within the store, with slashes. A file
// is either complete and durable or it does not exist. The error for a file that does
// not exist wraps fs.ErrNotExist.
type Store interface {
	// String returns the address of the store, for messages.
	String() string
	// Acquire makes the caller the only writer. lastAlive is the time of the last
	// Heartbeat of the writer before, zero where there was none.
	Acquire(ctx context.Context, now func() time.Time) (lastAlive time.Time, err error)
	// Heartbeat records that the writer is alive.
	Heartbeat(ctx context.Context) error
	// Release lets another process write.
	Release(ctx context.Context) error
	// Abandon drops what the operating system drops when the process ends without
	// Release.
	Abandon() error
	// Clean removes temporary files that a crash left behind.
	Clean() (removed int, err error)

	// Put writes a file. A file of the same name is replaced in one step.
	Put(ctx context.Context, name string, write func(io.Writer) error) (size int64, err error)
	// Create writes a file that does not exist yet; otherwise the error wraps fs.ErrExist.
	Create(ctx context.Context, name string, text []byte) error
	// Post writes a file for the writer to read, without being the writer. It must not exist.
	Post(ctx context.Context, name string, text []byte) error
	// Temporary writes a file on this machine that no reader of the archive sees.
	Temporary(write func(io.Writer) error) (path string, err error)
	// Move moves a temporary file into the store. After an error it is removed.
	Move(ctx context.Context, temp, name string) error
	// Remove deletes files. One that does not exist is no error.
	Remove(ctx context.Context, names []string) error
	// Keep protects a data file of an hour that is open: PutBack brings it back where it is
	// deleted, and ends the protection of the files of hours up to the last sealed one. It
	// returns the names that it brought back.
	Keep(name string) error
	PutBack(last layout.Hour) ([]string, error)

	Read(ctx context.Context, name string) ([]byte, error)
	Open(ctx context.Context, name string) (Content, error)
	// OpenHeld opens a file that stays readable after it was replaced or removed.
	// final says that the file is sealed, so that it is removed by retention only.
	OpenHeld(ctx context.Context, name string, final bool) (Content, error)
	// Stream opens a file for reading once from its beginning.
	Stream(ctx context.Context, name string) (Stream, error)
	// Local makes a file readable under a path of this machine until done is called.
	Local(ctx context.Context, name string) (path string, done func() error, err error)
	// Names lists a directory, sorted; nothing where there is no directory.
	Names(ctx context.Context, dir string) ([]string, error)
	// Walk yields every file whose name begins with the prefix.
	Walk(ctx context.Context, prefix string) iter.Seq2[Found, error]
	// Exists returns an error that wraps fs.ErrNotExist where there is no file or
	// directory of the name; "" is the store itself.
	Exists(ctx context.Context, name string) error

	Close() error
}

// Content is an open file with random access. Several readers may use it at a time.
type Content interface {
	io.ReaderAt
	io.Closer
	Size() int64
	// ReadSize is how many bytes are worth reading at once: a request to object
	// storage takes as long as reading many pages.
	ReadSize() int
}

// Stream is a file that is read from its beginning.
type Stream interface {
	io.ReadSeekCloser
	Size() int64
	ModTime() time.Time
}

// Found is a file that Walk found.
type Found struct {
	Name     string
	Size     int64
	Modified time.Time
	// Irregular files are symbolic links and special files, which an archive never has.
	Irregular bool
}

// Options of a store.
type Options struct {
	// Spool is the directory of this machine in which files for a bucket are prepared.
	// Readers need none.
	Spool string
	// BeforeChange, where set, is called before each change; tests stop there.
	BeforeChange func()
	// NoSync leaves fsync out, for tests that write thousands of files.
	NoSync bool
}

// IsURL reports whether the address of an archive names object storage instead of a
// directory.
func IsURL(location string) bool {
	scheme, _, ok := strings.Cut(location, "://")
	return ok && scheme != "file"
}

// Open opens a directory or a bucket.
func Open(ctx context.Context, location string, opt Options) (Store, error) {
	if opt.BeforeChange == nil {
		opt.BeforeChange = func() {}
	}
	if IsURL(location) {
		return openBucket(ctx, location, opt)
	}
	if u, err := url.Parse(location); err == nil && u.Scheme == "file" {
		location = filepath.FromSlash(u.Path)
	}
	root, err := filepath.Abs(location)
	if err != nil {
		return nil, err
	}
	// The archive's directory may be a symbolic link; links within it are not followed.
	if resolved, err := filepath.EvalSymlinks(root); err == nil {
		root = resolved
	}
	return newDisk(root, opt), nil
}

// localFile is a file of this machine.
type localFile struct {
	*os.File
	size     int64
	modified time.Time
	// temporary files are removed when they are closed.
	temporary bool
}

// OpenLocal opens a file of this machine.
func OpenLocal(path string) (Content, error) { return openLocal(path) }

func openLocal(path string) (*localFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return &localFile{File: f, size: info.Size(), modified: info.ModTime()}, nil
}

const localReadSize = 16 << 10

func (f *localFile) Size() int64        { return f.size }
func (f *localFile) ModTime() time.Time { return f.modified }
func (f *localFile) ReadSize() int      { return localReadSize }

// Close closes the file.
func (f *localFile) Close() error {
	if err := f.File.Close(); err != nil || !f.temporary {
		return err
	}
	return os.Remove(f.Name())
}
