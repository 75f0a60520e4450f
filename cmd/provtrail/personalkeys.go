package main

import (
	"cmp"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/provtrail/provtrail/archive"
)

// keysFlag adds the flag that names the key store of an archive with privacy.
func keysFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVar(path, "keys", "", keysUsage)
}

const keysUsage = "key store of persons, to decrypt an archive with privacy (default: ARCHIVE-personal-keys, if it exists)"

// withKeys runs f while the archives that the command opens are decrypted.
func withKeys(cmd *cobra.Command, location, path string, f func() error) (err error) {
	keys, err := archive.OpenPersonalKeys(location, path)
	if err != nil {
		return err
	}
	if keys != nil {
		defer func() { err = errors.Join(err, keys.Close()) }()
		cmd.SetContext(archive.WithPersonalKeys(cmd.Context(), keys))
	}
	return f()
}

// keysAtHand returns the file of the key store, empty where there is none.
func keysAtHand(location, path string) string {
	path = cmp.Or(path, archive.DefaultPersonalKeys(location))
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// errLocked is for what must not go on with texts that cannot be read.
var errLocked = errors.New("the archive is encrypted and its key store is not at hand: name it with --keys")

func unlocked(view *archive.View) error {
	if view.Locked() {
		return errLocked
	}
	return nil
}
