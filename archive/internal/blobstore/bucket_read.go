package blobstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

func (b *bucket) Read(ctx context.Context, name string) ([]byte, error) {
	text, err := b.blob.ReadAll(ctx, name)
	return text, wrapped(err)
}

func (b *bucket) Open(ctx context.Context, name string) (Content, error) {
	a, err := b.blob.Attributes(ctx, name)
	if err != nil {
		return nil, wrapped(err)
	}
	return &object{ctx, b.blob, name, a.Size}, nil
}

// OpenHeld copies an object that sealing is about to replace; such objects are small.
func (b *bucket) OpenHeld(ctx context.Context, name string, final bool) (Content, error) {
	if final {
		return b.Open(ctx, name)
	}
	copied, err := os.CreateTemp("", "provtrail-open-hour-*")
	if err != nil {
		return nil, err
	}
	f := &localFile{File: copied, temporary: true}
	from, err := b.Stream(ctx, name)
	if err == nil {
		f.size, err = copied.ReadFrom(from)
		err = errors.Join(err, from.Close())
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (b *bucket) Stream(ctx context.Context, name string) (Stream, error) {
	r, err := b.blob.NewReader(ctx, name, nil)
	if err != nil {
		return nil, wrapped(err)
	}
	return r, nil
}

// Local copies the object.
func (b *bucket) Local(ctx context.Context, name string) (string, func() error, error) {
	at, err := b.spool.Temporary(func(w io.Writer) error {
		r, err := b.Stream(ctx, name)
		if err != nil {
			return err
		}
		_, err = io.Copy(w, r)
		return errors.Join(err, r.Close())
	})
	return at, func() error { return IgnoreMissing(os.Remove(at)) }, err
}

func (b *bucket) Names(ctx context.Context, dir string) (list []string, err error) {
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
			return nil, wrapped(err)
		}
		list = append(list, strings.TrimSuffix(strings.TrimPrefix(o.Key, prefix), "/"))
	}
}

func (b *bucket) Walk(ctx context.Context, prefix string) iter.Seq2[Found, error] {
	return func(yield func(Found, error) bool) {
		objects := b.blob.List(&blob.ListOptions{Prefix: prefix})
		for {
			o, err := objects.Next(ctx)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Found{}, wrapped(err))
				return
			}
			if !yield(Found{Name: o.Key, Size: o.Size, Modified: o.ModTime}, nil) {
				return
			}
		}
	}
}

func (b *bucket) Exists(ctx context.Context, name string) error {
	prefix := ""
	if name != "" {
		prefix = name + "/"
	}
	_, err := b.blob.List(&blob.ListOptions{Prefix: prefix}).Next(ctx)
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: nothing is stored under %s: %w", b.address, prefix, fs.ErrNotExist)
	}
	return wrapped(err)
}

func (b *bucket) Clean() (int, error) { return b.spool.Clean() }

func (b *bucket) Close() error { return b.blob.Close() }

// wrapped makes the service's errors wrap those of package fs.
func wrapped(err error) error {
	switch gcerrors.Code(err) { // the others are as they are
	case gcerrors.NotFound:
		return errors.Join(fs.ErrNotExist, err)
	case gcerrors.FailedPrecondition, gcerrors.AlreadyExists:
		return errors.Join(fs.ErrExist, err)
	default:
		return err
	}
}

// object is an open object; each ReadAt is a request.
type object struct {
	ctx  context.Context // io.ReaderAt takes none
	blob *blob.Bucket
	name string
	size int64
}

const objectReadSize = 1 << 20

func (o *object) Size() int64   { return o.size }
func (o *object) ReadSize() int { return objectReadSize }
func (o *object) Close() error  { return nil }

func (o *object) ReadAt(p []byte, off int64) (n int, err error) {
	want := min(int64(len(p)), o.size-off)
	if want <= 0 {
		return 0, io.EOF
	}
	r, err := o.blob.NewRangeReader(o.ctx, o.name, off, want, nil)
	if err != nil {
		return 0, wrapped(err)
	}
	n, err = io.ReadFull(r, p[:want])
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, errors.Join(err, r.Close())
}
