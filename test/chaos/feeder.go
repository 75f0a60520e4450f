package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/provtrail/provtrail/internal/blackbox"
)

// feeder writes the documents of another tenant as files, badly: documents twice, out
// of order and in torn pieces, and now and then half of one with nothing after it.
type feeder struct {
	input     string
	truth     string // folder of the ground truth
	documents [][]byte
	files     []*input
	torn      blackbox.Facts // files of a half document, which must come to the quarantine
	bytes     int

	hold sync.Mutex // nothing is written
}

// input is a file to come.
type input struct {
	name string
	rest []byte
}

func prepare(program, dir string, o *options) (*feeder, error) {
	prepared := filepath.Join(dir, "prepared")
	to := time.Now().UTC().Truncate(time.Hour)
	out, err := exec.Command(program, "simulate", "--out", prepared, "--seed", strconv.FormatUint(o.seed+1_000_003, 10),
		"--from", to.Add(-24*time.Hour).Format(time.RFC3339), "--to", to.Format(time.RFC3339),
		"--groups-per-day", strconv.FormatFloat(o.fileGroups, 'g', -1, 64), "--duplicates", "0.1", "--shuffle", "0.1", "--ties", "0.2").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("prepare the files: %w\n%s", err, out)
	}
	f := &feeder{input: filepath.Join(dir, "input"), truth: filepath.Join(prepared, "truth"), torn: blackbox.Facts{}}
	rng := rand.New(rand.NewPCG(o.seed, 2))
	paths, err := filepath.Glob(filepath.Join(prepared, "inbox", "*", "*"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
		f.documents = append(f.documents, lines...)
		f.add(filepath.Base(path), spoil(rng, lines))
		if rng.IntN(4) == 0 {
			line := lines[rng.IntN(len(lines))]
			name := fmt.Sprintf("torn-%03d.ndjson", len(f.torn))
			// A file that begins as another one does would be taken for that one.
			f.add(name, append(fmt.Appendf(nil, `{"torn":%q,`, name), line[1:1+rng.IntN(len(line)-2)]...))
			f.torn[name] = "1"
		}
	}
	rng.Shuffle(len(f.files), func(i, j int) { f.files[i], f.files[j] = f.files[j], f.files[i] })
	return f, os.MkdirAll(f.input, 0o750)
}

func (f *feeder) add(name string, text []byte) {
	f.files = append(f.files, &input{name, text})
	f.bytes += len(text)
}

// spoil doubles some lines and moves others.
func spoil(rng *rand.Rand, lines [][]byte) []byte {
	lines = append([][]byte(nil), lines...)
	for range len(lines) / 10 {
		lines = append(lines, lines[rng.IntN(len(lines))])
		i, j := rng.IntN(len(lines)), rng.IntN(len(lines))
		lines[i], lines[j] = lines[j], lines[i]
	}
	return append(bytes.Join(lines, []byte("\n")), '\n')
}

// run writes everything within a time, a few files at once, piece by piece wherever
// a piece may end.
func (f *feeder) run(ctx context.Context, within time.Duration, seed uint64) error {
	rng := rand.New(rand.NewPCG(seed, 3))
	begun, written := time.Now(), 0
	const atOnce, mostPiece = 4, 16 << 10
	pause := within / time.Duration(1+f.bytes*2/mostPiece) // there is one such a piece, about
	for len(f.files) > 0 {
		i := rng.IntN(min(atOnce, len(f.files)))
		file := f.files[i]
		n := min(len(file.rest), 1+rng.IntN(mostPiece))
		n, err := f.write(ctx, file, n, time.Duration(rng.Int64N(1+int64(pause))))
		if err != nil {
			return err
		}
		written += n
		if file.rest = file.rest[n:]; len(file.rest) == 0 {
			f.files = append(f.files[:i], f.files[i+1:]...)
		}
		due := time.Duration(float64(within) * float64(written) / float64(f.bytes))
		if blackbox.Sleep(ctx, due-time.Since(begun)); ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// write writes n bytes of a file. The rest of a torn line follows soon: one that does not is a
// broken document. It returns how much was written.
func (f *feeder) write(ctx context.Context, file *input, n int, pause time.Duration) (int, error) {
	f.hold.Lock()
	defer f.hold.Unlock()
	if err := appendTo(filepath.Join(f.input, file.name), file.rest[:n]); err != nil {
		return 0, err
	}
	line := bytes.IndexByte(file.rest[n:], '\n')
	if n == len(file.rest) || file.rest[n-1] == '\n' {
		return n, nil
	}
	blackbox.Sleep(ctx, pause)
	end := len(file.rest)
	if line >= 0 {
		end = n + line + 1
	}
	return end, appendTo(filepath.Join(f.input, file.name), file.rest[n:end])
}

func appendTo(path string, text []byte) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := file.Write(text); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}
