package blobstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Hash returns the SHA-256 and the size of a file. progress, where set, is called with
// the number of bytes of each read.
func Hash(ctx context.Context, s Store, name string, progress func(int64)) (digest string, size int64, err error) {
	f, err := s.Stream(ctx, name)
	if err != nil {
		return "", 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	buffer := make([]byte, 256<<10)
	for {
		n, err := f.Read(buffer)
		h.Write(buffer[:n])
		size += int64(n)
		if progress != nil && n > 0 {
			progress(int64(n))
		}
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(h.Sum(nil)), size, nil
		}
		if err != nil {
			return "", 0, err
		}
	}
}

// HashContent returns the SHA-256 of an open file.
func HashContent(f Content) (string, error) {
	h := sha256.New()
	_, err := io.CopyBuffer(h, io.NewSectionReader(f, 0, f.Size()), make([]byte, max(f.ReadSize(), 256<<10)))
	return hex.EncodeToString(h.Sum(nil)), err
}

// PutJSON writes a value as a JSON file.
func PutJSON(ctx context.Context, s Store, name string, v any) error {
	_, err := s.Put(ctx, name, func(w io.Writer) error { return json.NewEncoder(w).Encode(v) })
	return err
}

// ReadJSON reads a value that PutJSON wrote and leaves v as it is where there is no file.
func ReadJSON(ctx context.Context, s Store, name string, v any) error {
	text, err := s.Read(ctx, name)
	if err != nil {
		return IgnoreMissing(err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
