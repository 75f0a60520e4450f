package clickhouse

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	// WriterUser may do everything in the engine, with the password of [PasswordFile].
	WriterUser = "provtrail"

	// PasswordFile is the name, below [Config.Directory], of the file with the password of
	// [WriterUser]. Only the owner of the file may read it.
	PasswordFile = "password"
)

// ReadPassword reads the password of [WriterUser] from a data directory.
func ReadPassword(directory string) (string, error) {
	text, err := os.ReadFile(filepath.Join(directory, PasswordFile))
	return strings.TrimSpace(string(text)), err
}

// ensurePassword returns the password of a data directory. It makes a new one where there
// is none, and where others than the owner could read it.
func ensurePassword(directory string) (string, error) {
	path := filepath.Join(directory, PasswordFile)
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return "", fmt.Errorf("read the ClickHouse password: %w", err)
	case info.Mode().IsRegular() && info.Mode().Perm()&0o077 == 0:
		if password, err := ReadPassword(directory); err != nil || password != "" {
			return password, err
		}
	}
	password := rand.Text() + rand.Text()
	// Renamed into place, so that a reader never sees half of it.
	next := path + ".next"
	if err := errors.Join(removeIfThere(next), os.WriteFile(next, []byte(password+"\n"), 0o600), os.Rename(next, path)); err != nil {
		return "", fmt.Errorf("write the ClickHouse password: %w", err)
	}
	return password, nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
