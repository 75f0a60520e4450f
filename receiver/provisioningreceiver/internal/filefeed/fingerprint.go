package filefeed

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
)

// fingerprint is the SHA-256 of the first n and the last n of the first size bytes of a
// file. It changes when a file is overwritten, unless both parts stay the same.
func fingerprint(r io.ReaderAt, size int64, n int) (string, error) {
	sum := sha256.New()
	length := min(int64(n), size)
	for _, from := range []int64{0, size - length} {
		if _, err := io.Copy(sum, io.NewSectionReader(r, from, length)); err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
