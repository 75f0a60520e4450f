package filefeed

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/internal/envelope"
)

// position is how far a file was accepted. It is stored.
type position struct {
	// Offset is the number of bytes of content, decompressed, that were accepted.
	Offset int64 `json:"offset"`
	// Size is the number of bytes of the file that Digest covers.
	Size int64 `json:"size"`
	// Digest is the fingerprint of these bytes. The text itself, which may have secrets
	// in it, is never stored.
	Digest string `json:"digest"`
}

// file is what is known of a file.
type file struct {
	position

	info    fs.FileInfo // when it was opened last
	changed time.Time   // when a change of it was noticed last
	settled bool        // nothing is left to do until it changes
	seen    time.Time
	poll    int // that found it last
}

// due reports whether there may be something to read: the file changed, or the time for
// the rest of an unfinished document is over.
func (f *file) due(info fs.FileInfo, now time.Time, incompleteTimeout time.Duration) bool {
	return f.differs(info) || !f.settled && now.Sub(f.changed) >= incompleteTimeout
}

func (f *file) differs(info fs.FileInfo) bool {
	return f.info == nil || f.info.Size() != info.Size() || !f.info.ModTime().Equal(info.ModTime())
}

// observe records the file's size and time of change.
func (f *file) observe(info fs.FileInfo, now time.Time) {
	if f.differs(info) {
		f.changed, f.settled = now, false
	}
	f.info = info
}

// checkpoint keeps the positions in all files in one stored value: an envelope of a JSON
// object by file identity.
type checkpoint struct {
	client storage.Client
	logger *zap.Logger
	isNew  bool // nothing was stored before this start

	mu    sync.Mutex // guards everything below, and the positions in the files
	files map[string]*file
	dirty bool
	saved time.Time
}

const (
	keyFiles          = "files"
	checkpointVersion = 1
	// savePeriod bounds how often a long file stores its position.
	savePeriod = time.Second
)

// loadCheckpoint reads the positions. Where they are damaged, all files are read from the
// beginning: records that are known have the same ids.
func loadCheckpoint(ctx context.Context, client storage.Client, logger *zap.Logger) (*checkpoint, error) {
	c := &checkpoint{client: client, logger: logger, files: map[string]*file{}}
	value, err := client.Get(ctx, keyFiles)
	if err != nil {
		return nil, fmt.Errorf("the positions in the files cannot be read: %w", err)
	}
	if c.isNew = value == nil; c.isNew {
		return c, nil
	}
	positions := map[string]position{}
	payload, err := envelope.Open(checkpointVersion, value)
	if err == nil {
		err = json.Unmarshal(payload, &positions)
	}
	if err != nil {
		logger.Error("the stored positions in the files are damaged; all files are read from the beginning, known records change nothing", zap.Error(err))
		return c, nil
	}
	for id, p := range positions {
		c.files[id] = &file{position: p, seen: time.Now()}
	}
	return c, nil
}

// file returns what is known of an identity.
func (c *checkpoint) file(id string) *file {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.files[id]
	if f == nil {
		f = &file{}
		c.files[id] = f
	}
	return f
}

// move sets the position in a file, and stores it unless that was done a moment ago.
func (c *checkpoint) move(ctx context.Context, f *file, to position) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.position == to {
		return
	}
	f.position, c.dirty = to, true
	if time.Since(c.saved) >= savePeriod {
		c.saveLocked(ctx)
	}
}

// forget removes files that were last seen before a time.
func (c *checkpoint) forget(before time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, f := range c.files {
		if f.seen.Before(before) {
			delete(c.files, id)
			c.dirty = true
		}
	}
}

// save stores the positions. Where that fails it is repeated at the next call.
func (c *checkpoint) save(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.saveLocked(ctx)
}

func (c *checkpoint) saveLocked(ctx context.Context) {
	if !c.dirty && !c.isNew {
		return
	}
	positions := make(map[string]position, len(c.files))
	for id, f := range c.files {
		if f.Size > 0 {
			positions[id] = f.position
		}
	}
	payload, err := json.Marshal(positions)
	if err == nil {
		err = c.client.Set(ctx, keyFiles, envelope.Seal(checkpointVersion, payload))
	}
	if err != nil {
		c.logger.Warn("the positions in the files cannot be stored; that is repeated", zap.Error(err))
		return
	}
	c.dirty, c.isNew, c.saved = false, false, time.Now()
}
