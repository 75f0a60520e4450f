package provisioningreceiver

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

// alike finds files that begin with the same bytes, such as the month so far, exported
// every day. The file consumer knows a file by these bytes alone: of two such files it
// would pass over one, or read it from where it left the other. Each of them gets a
// follower of its own, from its begin; what was read before has the same ids.
type alike struct {
	feed   *fileFeed
	stored storage.Client

	mu        sync.Mutex           // guards everything below
	known     map[string]*head     // by fileID
	followers map[string]*follower // by fileID
	unsaved   bool
}

// head is the begin of a file, and what is known of it over a restart.
type head struct {
	Digest string `json:"digest"`
	Alike  bool   `json:"alike,omitempty"` // another file begins so, or did

	path    string
	size    int64
	changed time.Time
	seen    time.Time
}

const (
	headsKey = "heads"
	// forgetAfter is how long a file is known after it went, which is longer than the
	// file consumer knows it.
	forgetAfter = time.Hour
)

func (f *fileFeed) openAlike(ctx context.Context, stored storage.Client) (*alike, error) {
	a := &alike{feed: f, stored: stored, known: map[string]*head{}, followers: map[string]*follower{}}
	text, err := stored.Get(ctx, headsKey)
	if err != nil {
		return nil, fmt.Errorf("file: how the files begin that were read before: %w", err)
	}
	if text != nil && (json.Unmarshal(text, &a.known) != nil || a.known == nil) {
		a.known = map[string]*head{}
		f.set.Logger.Error("how the files begin that were read before is damaged in the storage; it is noted anew from the files there are")
	}
	for id, h := range a.known {
		if h == nil {
			delete(a.known, id)
			continue
		}
		h.seen = time.Now()
	}
	return a, nil
}

// stop ends the followers.
func (a *alike) stop() (err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range a.followers {
		err = errors.Join(err, f.stop())
	}
	return err
}

// look sees all files there are, and forgets those that went.
func (a *alike) look(ctx context.Context, paths []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, path := range paths {
		a.see(path)
	}
	for id, h := range a.known {
		if time.Since(h.seen) < forgetAfter {
			continue
		}
		if at := a.unfollow(id); at != nil {
			if err := at.forget(ctx); err != nil {
				a.feed.set.Logger.Warn("how far a file was read that is gone stays in the storage", zap.String("file", h.path), zap.Error(err))
			}
		}
		delete(a.known, id)
		a.unsaved = true
	}
	a.save(ctx)
}

// follows says whether a file has a follower of its own.
func (a *alike) follows(ctx context.Context, path string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	follows := a.see(path)
	a.save(ctx)
	return follows
}

func (a *alike) see(path string) (follows bool) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false // it went, and so did what it was
	}
	id, err := fileID(path)
	if err != nil {
		return false
	}
	h := a.known[id]
	if h == nil || h.size != info.Size() || !h.changed.Equal(info.ModTime()) {
		digest, err := a.feed.digest(path)
		if err != nil {
			a.feed.set.Logger.Debug("cannot see how a file begins", zap.String("file", path), zap.Error(err))
		}
		if digest == "" {
			return h != nil && h.Alike
		}
		if h == nil || h.Digest != digest {
			h = a.note(id, digest, h != nil && h.Alike)
		}
		h.size, h.changed = info.Size(), info.ModTime()
	}
	h.seen = time.Now()
	if h.path != path {
		if _, err := os.Stat(h.path); err != nil { // else it has two names
			a.unfollow(id)
			h.path = path
		}
	}
	if h.Alike && a.followers[id] == nil {
		a.follow(id, h.path)
	}
	return h.Alike
}

// note notes how a file begins, and which others begin so.
func (a *alike) note(id, digest string, was bool) *head {
	h := &head{Digest: digest, Alike: was}
	for other, o := range a.known {
		if other != id && o.Digest == digest {
			h.Alike, o.Alike = true, true // the other's follower begins when it is seen
		}
	}
	a.known[id], a.unsaved = h, true
	return h
}

// follow lets a follower begin, or go on.
func (a *alike) follow(id, path string) {
	f, err := a.feed.follow([]string{literal(path)}, "beginning", &position{Client: a.stored, prefix: "alike/" + id + "/"}, nil)
	if err != nil {
		a.feed.set.Logger.Error("a file that begins as another one does cannot be read; trying again", zap.String("file", path), zap.Error(err))
		return
	}
	a.followers[id] = f
	a.feed.set.Logger.Info("this file begins as another one does, and is followed by itself", zap.String("file", path))
}

func (a *alike) unfollow(id string) *position {
	f := a.followers[id]
	if f == nil {
		return nil
	}
	if err := f.stop(); err != nil {
		a.feed.set.Logger.Warn("end of reading a file", zap.String("file", a.known[id].path), zap.Error(err))
	}
	delete(a.followers, id)
	return f.position
}

// save keeps what is known. What cannot be kept now is kept later.
func (a *alike) save(ctx context.Context) {
	if !a.unsaved {
		return
	}
	text, err := json.Marshal(a.known)
	if err == nil {
		err = a.stored.Set(ctx, headsKey, text)
	}
	if a.unsaved = err != nil; a.unsaved {
		a.feed.set.Logger.Warn("how the files begin cannot be stored; trying again", zap.Error(err))
	}
}

// digest is of the bytes that the file consumer knows a file by; empty: it has fewer yet.
func (f *fileFeed) digest(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close() //nolint:errcheck // it was only read
	first := make([]byte, f.cfg.FingerprintSize)
	n, err := io.ReadFull(file, first)
	if packed := n > 1 && first[0] == 0x1f && first[1] == 0x8b; packed && f.cfg.Compression != "" {
		// The file consumer takes what the first Read gives; the file is complete.
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return "", err
		}
		unpacked, err := gzip.NewReader(file)
		if err != nil {
			return "", err
		}
		if n, err = unpacked.Read(first); n == 0 {
			return "", err
		}
	} else if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return "", nil
		}
		return "", err
	}
	sum := sha256.Sum256(first[:n])
	return hex.EncodeToString(sum[:16]), nil
}
