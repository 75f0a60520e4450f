package provisioningreceiver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/fileconsumer"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/fileconsumer/attrs"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator/helper"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/receiver"
)

// maxObservations bounds what is delivered at once; one document may exceed it. Each batch
// costs a few writes to the disk behind it, and is in memory several times on its way.
const maxObservations = 2048

type openStorage func(ctx context.Context, host component.Host, name string) (storage.Client, error)

// fileFeed reads documents from files. The file consumer finds and follows the
// files, split cuts them into documents, a follower delivers these.
type fileFeed struct {
	cfg     *FileConfig
	set     receiver.Settings
	sink    *sink
	storage openStorage
	batches sync.Pool

	stored storage.Client
	all    *follower
	alike  *alike
	watch  *watch
}

func newFileFeed(cfg *FileConfig, set receiver.Settings, sink *sink, open openStorage) *fileFeed {
	return &fileFeed{cfg: cfg, set: set, sink: sink, storage: open, batches: sync.Pool{New: func() any { return new(batch) }}}
}

func (f *fileFeed) start(ctx context.Context, host component.Host) (err error) {
	f.sink.host = host
	if f.stored, err = f.storage(ctx, host, "file"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.stop(ctx))
		}
	}()
	if f.alike, err = f.openAlike(ctx, f.stored); err != nil {
		return err
	}
	f.alike.look(ctx, f.matches())
	if f.all, err = f.follow(files(f.cfg.Include), f.cfg.StartAt, &position{Client: f.stored}, f.alike.follows); err != nil {
		return err
	}
	f.watch = f.startWatch(ctx, f.alike)
	return nil
}

func (f *fileFeed) stop(ctx context.Context) (err error) {
	if f.watch != nil {
		f.watch.stop()
	}
	if f.all != nil {
		err = f.all.stop()
	}
	if f.alike != nil {
		err = errors.Join(err, f.alike.stop())
	}
	if f.stored != nil {
		err = errors.Join(err, f.stored.Close(ctx))
	}
	return err
}

func (f *fileFeed) consumerConfig(include []string, startAt string) *fileconsumer.Config {
	cfg := fileconsumer.NewConfig()
	cfg.Include, cfg.Exclude = include, f.cfg.Exclude
	cfg.Resolver = attrs.Resolver{IncludeFilePath: true}
	cfg.StartAt = startAt
	cfg.PollInterval = f.cfg.PollInterval
	cfg.MaxConcurrentFiles = f.cfg.MaxConcurrentFiles
	cfg.MaxLogSize = helper.ByteSize(f.cfg.MaxDocumentSize)
	cfg.FlushPeriod = f.cfg.IncompleteAfter
	cfg.FingerprintSize = helper.ByteSize(f.cfg.FingerprintSize)
	cfg.Compression = f.cfg.Compression
	cfg.Encoding = "nop" // bytes as they are: invalid UTF-8 is for the dialect to see
	cfg.OnTruncate = fileconsumer.OnTruncateReadWholeFile
	return cfg
}

// files makes a glob of each directory.
func files(include []string) []string {
	globs := make([]string, len(include))
	for i, path := range include {
		globs[i] = path
		info, err := os.Stat(path)
		if strings.HasSuffix(path, "/") || err == nil && info.IsDir() {
			globs[i] = filepath.Join(path, "**", "*")
		}
	}
	return globs
}

// read adds what a token gives; base is its offset in the file.
func (f *fileFeed) read(b *batch, token []byte, path string, base int64) {
	at := pcommon.NewTimestampFromTime(time.Now())
	long := len(token) == f.cfg.MaxDocumentSize
	line := func(_ int, line []byte) bool {
		mark := b.Mark()
		f.sink.parser.Parse(line, at, &b.Result)
		if len(b.Rejected) == mark.Rejected {
			return true
		}
		b.Back(mark)
		return false
	}
	pieces(token, line, func(offset int, piece []byte) {
		rejected := len(b.Rejected)
		position := base + int64(offset)
		f.sink.parser.Parse(piece, at, &b.Result)
		if len(b.Rejected) == rejected {
			return
		}
		valid := json.Valid(piece)
		head, tail := piece, []byte(nil)
		if !valid {
			head, tail = salvage(piece)
		}
		if tail != nil {
			b.Rejected = b.Rejected[:rejected]
			f.sink.parser.Parse(head, at, &b.Result)
		}
		if long && !valid {
			for i := range b.Rejected {
				b.Rejected[i].Reason = fmt.Sprintf("a piece of a document longer than max_document_size (%d bytes): %s",
					f.cfg.MaxDocumentSize, b.Rejected[i].Reason)
			}
		}
		f.sink.quarantine(b, at, path, position)
		if tail != nil {
			f.read(b, tail, path, position+int64(len(piece)-len(tail)))
		}
	})
}
