package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// bucket is a store in object storage. An object appears whole or not at all, and
// the service keeps it from then on, so that no renaming is needed.
type bucket struct {
	blob    *blob.Bucket
	address string
	spool   *disk // nil for readers
	step    func()

	now func() time.Time
	mu  sync.Mutex // guards everything declared below
	// owner is this writer's name in the lease; renewed is when it was last written.
	owner   string
	renewed time.Time
}

// openBucket opens <scheme>://<bucket>/<folder>?<options of the driver>.
func openBucket(ctx context.Context, location, spool string) (*bucket, error) {
	u, err := url.Parse(location)
	if err != nil {
		return nil, err
	}
	folder := strings.Trim(u.Path, "/")
	u.Path = ""
	b, err := blob.OpenBucket(ctx, u.String())
	if err != nil {
		return nil, err
	}
	if folder != "" {
		b = blob.PrefixedBucket(b, folder+"/")
	}
	opened := &bucket{blob: b, address: u.Scheme + "://" + path.Join(u.Host, folder), step: func() {}, now: time.Now}
	if spool != "" {
		opened.spool = newDisk(spool)
	}
	return opened, nil
}

func (b *bucket) String() string { return b.address }

func (b *bucket) put(ctx context.Context, name string, write func(io.Writer) error) (size int64, err error) {
	if err := b.hold(ctx); err != nil {
		return 0, err
	}
	b.step()
	return b.upload(ctx, name, false, write)
}

func (b *bucket) upload(ctx context.Context, name string, once bool, write func(io.Writer) error) (size int64, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := b.blob.NewWriter(ctx, name, &blob.WriterOptions{ContentType: contentType(name), IfNotExist: once})
	if err != nil {
		return 0, known(err)
	}
	counted := &counter{to: w}
	if err := write(counted); err != nil {
		cancel() // so that Close does not keep the half
		return 0, errors.Join(err, ignoreCancelled(w.Close()))
	}
	return counted.n, known(w.Close())
}

func ignoreCancelled(err error) error {
	if errors.Is(err, context.Canceled) || gcerrors.Code(err) == gcerrors.Canceled {
		return nil
	}
	return err
}

// contentType spares the library a look at the content.
func contentType(name string) string {
	if strings.HasSuffix(name, extension) {
		return "application/vnd.apache.parquet"
	}
	return "application/json"
}

// create leaves it to the service that only one of two writers succeeds. Where the
// service cannot, it looks first.
func (b *bucket) create(ctx context.Context, name string, text []byte) error {
	if err := b.hold(ctx); err != nil {
		return err
	}
	b.step()
	return b.createOnce(ctx, name, text)
}

func (b *bucket) createOnce(ctx context.Context, name string, text []byte) error {
	write := func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	}
	_, err := b.upload(ctx, name, true, write)
	if gcerrors.Code(err) != gcerrors.Unimplemented {
		return err
	}
	there, err := b.blob.Exists(ctx, name)
	if err != nil {
		return known(err)
	}
	if there {
		return fs.ErrExist
	}
	_, err = b.upload(ctx, name, false, write)
	return err
}

func (b *bucket) temporary(write func(io.Writer) error) (string, error) {
	return b.spool.temporary(write)
}

func (b *bucket) place(ctx context.Context, temp, name string) error {
	_, err := b.put(ctx, name, func(w io.Writer) error { return copyFile(w, temp) })
	return errors.Join(err, os.Remove(temp))
}

func copyFile(to io.Writer, from string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, f)
	return errors.Join(err, f.Close())
}

func (b *bucket) remove(ctx context.Context, names []string) error {
	if err := b.hold(ctx); err != nil {
		return err
	}
	for _, name := range names {
		b.step()
		if err := ignoreMissing(known(b.blob.Delete(ctx, name))); err != nil {
			return err
		}
	}
	return nil
}

func (b *bucket) read(ctx context.Context, name string) ([]byte, error) {
	text, err := b.blob.ReadAll(ctx, name)
	return text, known(err)
}

func (b *bucket) open(ctx context.Context, name string) (content, error) {
	a, err := b.blob.Attributes(ctx, name)
	if err != nil {
		return nil, known(err)
	}
	return &object{ctx, b.blob, name, a.Size, a.ModTime}, nil
}

func (b *bucket) stream(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := b.blob.NewReader(ctx, name, nil)
	if err != nil {
		return nil, known(err)
	}
	return r, nil
}

// local copies the object.
func (b *bucket) local(ctx context.Context, name string) (string, func() error, error) {
	at, err := b.spool.temporary(func(w io.Writer) error {
		r, err := b.stream(ctx, name)
		if err != nil {
			return err
		}
		_, err = io.Copy(w, r)
		return errors.Join(err, r.Close())
	})
	return at, func() error { return ignoreMissing(os.Remove(at)) }, err
}

func (b *bucket) names(ctx context.Context, dir string) (list []string, err error) {
	prefix := ""
	if dir != "" {
		prefix = dir + "/"
	}
	objects := b.blob.List(&blob.ListOptions{Prefix: prefix, Delimiter: "/"})
	for {
		o, err := objects.Next(ctx)
		if errors.Is(err, io.EOF) {
			slices.Sort(list)
			return list, nil
		}
		if err != nil {
			return nil, known(err)
		}
		list = append(list, strings.TrimSuffix(strings.TrimPrefix(o.Key, prefix), "/"))
	}
}

func (b *bucket) walk(ctx context.Context, prefix string) iter.Seq2[found, error] {
	return func(yield func(found, error) bool) {
		objects := b.blob.List(&blob.ListOptions{Prefix: prefix})
		for {
			o, err := objects.Next(ctx)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(found{}, known(err))
				return
			}
			if !yield(found{o.Key, o.Size, o.ModTime}, nil) {
				return
			}
		}
	}
}

func (b *bucket) exists(ctx context.Context, name string) error {
	prefix := ""
	if name != "" {
		prefix = name + "/"
	}
	_, err := b.blob.List(&blob.ListOptions{Prefix: prefix}).Next(ctx)
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: there is nothing under %s: %w", b.address, prefix, fs.ErrNotExist)
	}
	return known(err)
}

func (b *bucket) clean() (int, error) { return b.spool.clean() }

func (b *bucket) close() error { return b.blob.Close() }

// known gives the service's errors the names that those of a disk have.
func known(err error) error {
	switch gcerrors.Code(err) { // the others are as they are
	case gcerrors.NotFound:
		return errors.Join(fs.ErrNotExist, err)
	case gcerrors.FailedPrecondition, gcerrors.AlreadyExists:
		return errors.Join(fs.ErrExist, err)
	default:
		return err
	}
}

// object is an object that is open: it is read in pieces.
type object struct {
	ctx  context.Context // io.ReaderAt takes none
	blob *blob.Bucket
	name string
	size int64
	at   time.Time
}

func (o *object) Size() int64        { return o.size }
func (o *object) ModTime() time.Time { return o.at }
func (o *object) Close() error       { return nil }

func (o *object) ReadAt(p []byte, off int64) (n int, err error) {
	want := min(int64(len(p)), o.size-off)
	if want <= 0 {
		return 0, io.EOF
	}
	r, err := o.blob.NewRangeReader(o.ctx, o.name, off, want, nil)
	if err != nil {
		return 0, known(err)
	}
	n, err = io.ReadFull(r, p[:want])
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, errors.Join(err, r.Close())
}
