package provisioninglokiexporter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// quarantine keeps what Loki refuses for good, one JSON document a line, in files
// of a day. A line has the shape of a stream in Loki's push API, so that
//
//	jq -s '{streams: .}' refused-2026-01-31.ndjson
//
// is a request that can be sent again. After a crash an entry may be in the file twice, with
// the same event id.
type quarantine struct {
	directory string
	now       func() time.Time
	mu        sync.Mutex // one writer at a time
}

type quarantinedStream struct {
	Refused quarantineNote    `json:"refused"`
	Stream  map[string]string `json:"stream"`
	Values  [1][3]any         `json:"values"`
}

type quarantineNote struct {
	At     time.Time `json:"at"`
	Code   int       `json:"code"`
	Reason string    `json:"reason"`
	Answer string    `json:"answer"`
}

// open makes the directory and tries that it can be written.
func (q *quarantine) open() error {
	if err := os.MkdirAll(q.directory, 0o700); err != nil {
		return fmt.Errorf("quarantine::directory: %w", err)
	}
	probe, err := os.CreateTemp(q.directory, ".writable-*")
	if err != nil {
		return fmt.Errorf("quarantine::directory %s cannot be written: %w", q.directory, err)
	}
	_ = probe.Close()
	return os.Remove(probe.Name())
}

// keep appends the entries and returns when they are on the disk.
func (q *quarantine) keep(refused []refusedEntry) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := q.now().UTC()
	var lines bytes.Buffer
	enc := json.NewEncoder(&lines)
	for i := range refused {
		if err := enc.Encode(quarantined(&refused[i], at)); err != nil {
			return err
		}
	}
	return appendDurably(filepath.Join(q.directory, "refused-"+at.Format(time.DateOnly)+".ndjson"), lines.Bytes())
}

func quarantined(r *refusedEntry, at time.Time) quarantinedStream {
	metadata := make(map[string]string, len(r.push.StructuredMetadata))
	for _, m := range r.push.StructuredMetadata {
		metadata[m.Name] = m.Value
	}
	return quarantinedStream{
		Refused: quarantineNote{At: at, Code: r.why.code, Reason: reasonOf(r.why), Answer: r.why.answer},
		Stream:  r.labelSet,
		Values:  [1][3]any{{strconv.FormatInt(r.push.Timestamp.UnixNano(), 10), r.push.Line, metadata}},
	}
}

// appendDurably appends whole lines: one write, synced, and the directory synced
// when the file is new. A line that an earlier crash left unfinished is ended.
func appendDurably(path string, lines []byte) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if closing := f.Close(); err == nil {
			err = closing
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if n := info.Size(); n > 0 {
		var last [1]byte
		if _, err := f.ReadAt(last[:], n-1); err != nil {
			return err
		}
		if last[0] != '\n' {
			lines = append([]byte{'\n'}, lines...)
		}
	}
	if _, err := f.Write(lines); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if info.Size() > 0 {
		return nil
	}
	return syncDirectory(filepath.Dir(path))
}

func syncDirectory(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
