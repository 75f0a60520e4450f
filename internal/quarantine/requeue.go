package quarantine

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Requeue writes the texts of the records into one new file in the folder into, and what it
// did to out. Records whose text is missing or was cut are left out and named in the error.
// With dryRun nothing is written.
func Requeue(out io.Writer, found []*record.Quarantined, into string, dryRun bool) error {
	var whole []*record.Quarantined
	var errs []error
	tenants := map[string]bool{}
	for _, q := range found {
		switch {
		case strings.TrimSpace(q.Original) == "":
			errs = append(errs, fmt.Errorf("%s has no text: it is left out", q.EventID))
		case q.Original == archive.Encrypted || q.Original == archive.Erased:
			errs = append(errs, fmt.Errorf("%s has a text that is %s: it is left out; name the archive's key store with --keys", q.EventID, q.Original))
		case isCut(q):
			errs = append(errs, fmt.Errorf("%s is %d bytes long and was cut: it is left out; read it again from %s, at %d", q.EventID, q.Size, q.File, q.Position))
		default:
			whole = append(whole, q)
			tenants[q.Tenant] = true
		}
	}
	if len(tenants) > 1 {
		return errors.New("the records are of several tenants, nothing was written: choose one with --tenant, and the folder that its receiver watches")
	}
	if len(whole) == 0 {
		return errors.Join(append(errs, ErrNothing)...)
	}
	if dryRun {
		_, err := fmt.Fprintf(out, "would write %d records into %s\n", len(whole), into)
		return errors.Join(append(errs, err)...)
	}
	name, err := writeRequeued(whole, into, time.Now())
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	_, err = fmt.Fprintf(out, "%d records written to %s: the collector reads them when it next looks there\n", len(whole), name)
	return errors.Join(append(errs, err)...)
}

// writeRequeued writes the texts into a new file. The receiver may begin to read while
// it grows: an unfinished document is waited for.
func writeRequeued(records []*record.Quarantined, into string, now time.Time) (name string, err error) {
	if info, err := os.Stat(into); err != nil || !info.IsDir() {
		return "", fmt.Errorf("--into: %s is not a folder that is there, nothing was written", into)
	}
	name = filepath.Join(into, "requeued-"+now.UTC().Format("20060102T150405.000000000Z")+".json")
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", fmt.Errorf("--into: nothing was written: %w", err)
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(fmt.Errorf("requeue into %s, try again: %w", name, err), os.Remove(name))
		}
	}()
	if _, err = f.WriteString(distinctBlank()); err != nil {
		return name, err
	}
	for _, q := range records {
		if _, err = f.WriteString(strings.TrimSpace(q.Original) + "\n"); err != nil {
			return name, err
		}
	}
	return name, f.Sync()
}

// distinctBlank returns a line of 128 spaces and tabs that no other file begins with. The
// file feed knows a file by its first bytes: without this line it would take the same texts,
// requeued a second time, for the file that it has read already.
func distinctBlank() string {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails
	var line strings.Builder
	for _, b := range nonce {
		for bit := range 8 {
			line.WriteByte(" \t"[b>>bit&1])
		}
	}
	line.WriteByte('\n')
	return line.String()
}
