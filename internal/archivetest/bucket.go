package archivetest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/blob/memblob"
)

// opener opens a bucket whose content outlives the handle, as that of a service
// does: gocloud's own mem:// is a new bucket each time.
type opener func() (*blob.Bucket, error)

// OpenBucketURL implements blob.BucketURLOpener.
func (o opener) OpenBucketURL(context.Context, *url.URL) (*blob.Bucket, error) { return o() }

var schemes atomic.Int64

// MemoryBucket is the URL of a new bucket in memory.
func MemoryBucket(t testing.TB) string {
	t.Helper()
	b := memblob.OpenBucket(nil)
	return register(func() (*blob.Bucket, error) { return blob.PrefixedBucket(b, "p/"), nil })
}

// FileBucket is the URL of a new bucket in a folder of the test.
func FileBucket(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	open := func() (*blob.Bucket, error) {
		return fileblob.OpenBucket(dir, &fileblob.Options{NoTempDir: true, Metadata: fileblob.MetadataDontWrite})
	}
	b, err := open()
	require.NoError(t, err)
	require.NoError(t, b.Close())
	return register(open)
}

// LateBucket is the URL of a new bucket that cannot be reached until the function is
// called.
func LateBucket(t testing.TB) (location string, reachable func()) {
	t.Helper()
	var up atomic.Bool
	b := memblob.OpenBucket(nil)
	return register(func() (*blob.Bucket, error) {
		if !up.Load() {
			return nil, errors.New("the storage cannot be reached")
		}
		return blob.PrefixedBucket(b, "p/"), nil
	}), func() { up.Store(true) }
}

func register(o opener) string {
	scheme := fmt.Sprintf("bucket%d", schemes.Add(1))
	blob.DefaultURLMux().RegisterBucket(scheme, o)
	return scheme + "://test/folder"
}
