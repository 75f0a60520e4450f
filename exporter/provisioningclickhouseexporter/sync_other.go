//go:build !linux

package provisioningclickhouseexporter

import (
	"errors"
	"os"
)

// canSync is false where the sync of a file system reports no errors: the server syncs.
const canSync = false

func syncFileSystem(*os.File) error { return errors.ErrUnsupported }

func onSameFileSystem(string, string) (bool, error) { return false, errors.ErrUnsupported }
