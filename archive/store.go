package archive

import (
	"context"
	"io"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// store is where an archive's files lie: a folder, or a bucket in object storage.
// Names are paths within it, with slashes. A file is either there, whole and
// durable, or it is not there. What is missing is an fs.ErrNotExist.
type store interface {
	// String is the store's address, for messages.
	String() string
	// acquire makes the caller the only writer. since is when the last one was last
	// alive, the zero time where there was none.
	acquire(ctx context.Context, now func() time.Time) (since time.Time, err error)
	// alive notes that the writer is.
	alive(ctx context.Context) error
	// release lets another process write.
	release(ctx context.Context) error
	// clean removes what a crash left half written.
	clean() (removed int, err error)

	// put makes a file; one of the same name is replaced in one step.
	put(ctx context.Context, name string, write func(io.Writer) error) (size int64, err error)
	// create makes a file that is not there yet, else it returns an fs.ErrExist.
	create(ctx context.Context, name string, text []byte) error
	// temporary makes a file on this machine that no reader of the archive sees.
	temporary(write func(io.Writer) error) (path string, err error)
	// place moves a temporary file into the store. After an error it is gone.
	place(ctx context.Context, temp, name string) error
	// remove deletes files. What is gone already is no error.
	remove(ctx context.Context, names []string) error

	read(ctx context.Context, name string) ([]byte, error)
	open(ctx context.Context, name string) (content, error)
	// stream reads a file once, from its beginning.
	stream(ctx context.Context, name string) (io.ReadCloser, error)
	// local makes a file readable under a path of this machine until done is called.
	local(ctx context.Context, name string) (path string, done func() error, err error)
	// names lists a folder, sorted; none where there is no folder.
	names(ctx context.Context, dir string) ([]string, error)
	// walk yields every file whose name begins with the prefix.
	walk(ctx context.Context, prefix string) iter.Seq2[found, error]
	// exists says whether there is a file or folder of the name; "" is the store.
	exists(ctx context.Context, name string) error

	close() error
}

// content is a file that is open. Several may read from it at a time.
type content interface {
	io.ReaderAt
	io.Closer
	Size() int64
	ModTime() time.Time
}

type found struct {
	path string // within the store
	size int64
	at   time.Time // of its last change
}

// IsURL says that the address of an archive names object storage, not a folder.
func IsURL(location string) bool {
	scheme, _, ok := strings.Cut(location, "://")
	return ok && scheme != "file"
}

// openStore opens a folder or a bucket. spool is the folder on this machine in
// which files for a bucket are prepared; readers need none.
func openStore(ctx context.Context, location, spool string) (store, error) {
	if IsURL(location) {
		return openBucket(ctx, location, spool)
	}
	if u, err := url.Parse(location); err == nil && u.Scheme == "file" {
		location = filepath.FromSlash(u.Path)
	}
	root, err := filepath.Abs(location)
	if err != nil {
		return nil, err
	}
	return newDisk(root), nil
}

// localFile is a file of this machine.
type localFile struct {
	*os.File
	size int64
	at   time.Time
}

func openLocal(path string) (content, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return &localFile{f, info.Size(), info.ModTime()}, nil
}

func (f *localFile) Size() int64        { return f.size }
func (f *localFile) ModTime() time.Time { return f.at }
