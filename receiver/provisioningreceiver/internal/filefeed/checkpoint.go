package filefeed

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
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
	id string
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

// checkpoint keeps the position in each file in a stored value of its own, an envelope of
// JSON by the file's identity, so that a write costs what changed.
type checkpoint struct {
	client storage.Client
	logger *zap.Logger
	isNew  bool // nothing was stored before this start
	loaded bool // all positions were; else each is when its file is found

	mu      sync.Mutex // guards everything below, and the positions in the files
	files   map[string]*file
	dirty   map[string]*file // by identity; nil: forgotten
	saved   time.Time
	started bool // the mark that this is no first start is stored
}

const (
	keyStarted        = "started"
	prefixFile        = "file/"
	checkpointVersion = 1
	// savePeriod bounds how often positions are stored. What was read since is read again
	// after a crash, and its records are known.
	savePeriod = 5 * time.Second
)

// loadCheckpoint reads the positions. Where one is damaged, its file is read from the
// beginning: records that are known have the same ids.
func loadCheckpoint(ctx context.Context, client storage.Client, logger *zap.Logger) (*checkpoint, error) {
	c := &checkpoint{client: client, logger: logger, files: map[string]*file{}, dirty: map[string]*file{}}
	mark, err := client.Get(ctx, keyStarted)
	if err != nil {
		return nil, fmt.Errorf("the positions in the files cannot be read: %w", err)
	}
	c.isNew, c.started = mark == nil, mark != nil
	walker, ok := client.(storage.Walker)
	if !ok {
		return c, nil
	}
	c.loaded = true
	err = walker.Walk(ctx, func(key string, value []byte) ([]*storage.Operation, error) {
		if id, ok := strings.CutPrefix(key, prefixFile); ok {
			c.files[id] = &file{id: id, position: c.decode(id, value), seen: time.Now()}
		}
		return nil, nil
	})
	if err != nil {
		return nil, fmt.Errorf("the positions in the files cannot be read: %w", err)
	}
	return c, nil
}

func (c *checkpoint) decode(id string, value []byte) (p position) {
	payload, err := envelope.Open(checkpointVersion, value)
	if err == nil {
		err = json.Unmarshal(payload, &p)
	}
	if err != nil {
		c.logger.Error("the stored position in a file is damaged; the file is read from the beginning, known records change nothing",
			zap.String("identity", id), zap.Error(err))
		return position{}
	}
	return p
}

// file returns what is known of an identity.
func (c *checkpoint) file(ctx context.Context, id string) (*file, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f := c.files[id]; f != nil {
		return f, nil
	}
	f := &file{id: id}
	if !c.loaded {
		value, err := c.client.Get(ctx, prefixFile+id)
		if err != nil {
			return nil, fmt.Errorf("the position in the file cannot be read: %w", err)
		}
		if value != nil {
			f.position = c.decode(id, value)
		}
	}
	c.files[id] = f
	return f, nil
}

// move sets the position in a file, and stores it unless that was done a moment ago.
func (c *checkpoint) move(ctx context.Context, f *file, to position) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.position == to {
		return
	}
	f.position, c.dirty[f.id] = to, f
	c.saveDueLocked(ctx)
}

// forget removes files that were last seen before a time.
func (c *checkpoint) forget(before time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, f := range c.files {
		if f.seen.Before(before) {
			delete(c.files, id)
			c.dirty[id] = nil
		}
	}
}

// saveDue stores what changed, unless that was done a moment ago.
func (c *checkpoint) saveDue(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.saveDueLocked(ctx)
}

func (c *checkpoint) saveDueLocked(ctx context.Context) {
	if time.Since(c.saved) >= savePeriod {
		c.saveLocked(ctx)
	}
}

// save stores what changed. Where that fails it is repeated at the next call.
func (c *checkpoint) save(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.saveLocked(ctx)
}

func (c *checkpoint) saveLocked(ctx context.Context) {
	if len(c.dirty) == 0 && c.started {
		return
	}
	ops := make([]*storage.Operation, 0, len(c.dirty)+1)
	if !c.started {
		ops = append(ops, storage.SetOperation(keyStarted, []byte{checkpointVersion}))
	}
	for id, f := range c.dirty {
		if f == nil || f.Size == 0 {
			ops = append(ops, storage.DeleteOperation(prefixFile+id))
			continue
		}
		payload, err := json.Marshal(f.position)
		if err != nil {
			panic(err) // the type can be written
		}
		ops = append(ops, storage.SetOperation(prefixFile+id, envelope.Seal(checkpointVersion, payload)))
	}
	if err := c.client.Batch(ctx, ops...); err != nil {
		c.logger.Warn("the positions in the files cannot be stored; that is repeated", zap.Error(err))
		return
	}
	clear(c.dirty)
	c.started, c.saved = true, time.Now()
}
