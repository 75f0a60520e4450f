package blobstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/provtrail/provtrail/archive/internal/layout"
)

// bucket is a store in object storage. The service shows an object only when it is
// complete and keeps it from then on, so nothing is renamed.
type bucket struct {
	blob         *blob.Bucket
	address      string
	spool        *disk // nil for readers
	beforeChange func()

	now func() time.Time
	mu  sync.Mutex // guards everything declared below
	// owner is this writer's name in the lease; renewed is when the lease was last written.
	owner   string
	renewed time.Time
}

// openBucket opens <scheme>://<bucket>/<directory>?<options of the driver>.
func openBucket(ctx context.Context, location string, opt Options) (*bucket, error) {
	u, err := url.Parse(location)
	if err != nil {
		return nil, err
	}
	dir := strings.Trim(u.Path, "/")
	u.Path = ""
	if !blob.DefaultURLMux().ValidBucketScheme(u.Scheme) {
		return nil, fmt.Errorf("this build of provtrail has no driver for %s://: it has %s; `make build-full` adds gs and azblob",
			u.Scheme, strings.Join(blob.DefaultURLMux().BucketSchemes(), ", "))
	}
	b, err := blob.OpenBucket(ctx, u.String())
	if err != nil {
		return nil, err
	}
	if dir != "" {
		b = blob.PrefixedBucket(b, dir+"/")
	}
	opened := &bucket{blob: b, address: u.Scheme + "://" + path.Join(u.Host, dir), beforeChange: opt.BeforeChange, now: time.Now}
	if opt.Spool != "" {
		opened.spool = newDisk(opt.Spool, opt)
	}
	return opened, nil
}

func (b *bucket) String() string { return b.address }

func (b *bucket) Put(ctx context.Context, name string, write func(io.Writer) error) (size int64, err error) {
	if err := b.checkLease(ctx); err != nil {
		return 0, err
	}
	b.beforeChange()
	return b.upload(ctx, name, false, write)
}

func (b *bucket) upload(ctx context.Context, name string, once bool, write func(io.Writer) error) (size int64, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := b.blob.NewWriter(ctx, name, &blob.WriterOptions{ContentType: contentType(name), IfNotExist: once})
	if err != nil {
		return 0, wrapped(err)
	}
	counted := &CountingWriter{To: w}
	if err := write(counted); err != nil {
		cancel() // so that Close does not store what was written so far
		return 0, errors.Join(err, ignoreCancelled(w.Close()))
	}
	return counted.N, wrapped(w.Close())
}

func ignoreCancelled(err error) error {
	if errors.Is(err, context.Canceled) || gcerrors.Code(err) == gcerrors.Canceled {
		return nil
	}
	return err
}

// contentType is given so that the library does not guess it from the content.
func contentType(name string) string {
	if strings.HasSuffix(name, layout.Extension) {
		return "application/vnd.apache.parquet"
	}
	return "application/json"
}

// Create relies on the service to let only one of two writers succeed. Where the
// service cannot do that, Create looks first.
func (b *bucket) Create(ctx context.Context, name string, text []byte) error {
	if err := b.checkLease(ctx); err != nil {
		return err
	}
	b.beforeChange()
	return b.createOnce(ctx, name, text)
}

func (b *bucket) Post(ctx context.Context, name string, text []byte) error {
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
	exists, err := b.blob.Exists(ctx, name)
	if err != nil {
		return wrapped(err)
	}
	if exists {
		return fs.ErrExist
	}
	_, err = b.upload(ctx, name, false, write)
	return err
}

func (b *bucket) Temporary(write func(io.Writer) error) (string, error) {
	return b.spool.Temporary(write)
}

func (b *bucket) Move(ctx context.Context, temp, name string) error {
	_, err := b.Put(ctx, name, func(w io.Writer) error { return copyFile(w, temp) })
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

func (b *bucket) Remove(ctx context.Context, names []string) error {
	if err := b.checkLease(ctx); err != nil {
		return err
	}
	for _, name := range names {
		b.beforeChange()
		if err := IgnoreMissing(wrapped(b.blob.Delete(ctx, name))); err != nil {
			return err
		}
	}
	return nil
}
