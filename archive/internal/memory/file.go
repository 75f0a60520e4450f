package memory

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/chain"
)

// File is a JSON file that has the newest state.
type File string

func (f File) String() string { return string(f) }

// Load reads the file.
func (f File) Load(context.Context) (s State, err error) {
	text, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(text, &s)
}

// Save replaces the file in one step.
func (f File) Save(_ context.Context, s State) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(string(f)), 0o750); err != nil {
		return err
	}
	temp := string(f) + ".tmp"
	if err := write(temp, os.O_TRUNC, append(text, '\n')); err != nil {
		return err
	}
	if err := os.Rename(temp, string(f)); err != nil {
		return err
	}
	return blobstore.SyncDir(filepath.Dir(string(f)))
}

func write(path string, mode int, text []byte) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|mode, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Sync(), file.Close())
}

// Witness is a file to which each new head is appended as a line of JSON.
type Witness string

func (w Witness) String() string { return string(w) }

// Load returns the head of the last complete line.
func (w Witness) Load(context.Context) (State, error) {
	head, err := LastHead(string(w))
	if errors.Is(err, fs.ErrNotExist) {
		return State{}, nil
	}
	return State{Head: head}, err
}

// Save appends the head where the last line has another one.
func (w Witness) Save(ctx context.Context, s State) error {
	last, err := w.Load(ctx)
	if err != nil || s.Head.IsZero() || last.Head.Digest == s.Head.Digest {
		return err
	}
	text, err := json.Marshal(s.Head)
	if err != nil {
		return err
	}
	return write(string(w), os.O_APPEND, append(text, '\n'))
}

// LastHead returns the last head of a file of either kind.
func LastHead(path string) (head chain.Head, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return head, err
	}
	lines := bytes.Split(text, []byte("\n")) // after the last line feed there is no complete line
	if len(lines) < 2 {
		return head, nil
	}
	var line struct {
		chain.Head
		State chain.Head `json:"head"`
	}
	if err := json.Unmarshal(lines[len(lines)-2], &line); err != nil {
		return head, fmt.Errorf("%s: line %d is not the head of a chain: %w", path, len(lines)-1, err)
	}
	if line.State.IsZero() {
		return line.Head, nil
	}
	return line.State, nil
}
