package heal

import (
	"context"
	"fmt"

	"github.com/provtrail/provtrail/archive"
)

// rounds is how often files are listed again because some were merged meanwhile.
const rounds = 10

// eachFile calls pass with the files of an archive that are not done. Where pass is
// incomplete because a file is gone, its rows are in a new file: the files are listed again.
func eachFile(ctx context.Context, from *archive.View, done map[string]bool, pass func([]archive.DataFile) (complete bool, err error)) error {
	for range rounds {
		list, err := from.Files(ctx)
		if err != nil {
			return err
		}
		var left []archive.DataFile
		for _, f := range list {
			if !done[f.Name] {
				left = append(left, f)
			}
		}
		complete, err := pass(left)
		if err != nil || complete {
			return err
		}
	}
	return fmt.Errorf("files of the archive were replaced %d times while they were read", rounds)
}

func sizeOf(list []archive.DataFile) (bytes int64) {
	for _, f := range list {
		bytes += f.Size
	}
	return bytes
}
