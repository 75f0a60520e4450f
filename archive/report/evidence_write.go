package report

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/provtrail/provtrail/archive/internal/parquetfile"
)

func (g *gatherer) write(zone *time.Location, to io.Writer) error {
	r := &report{zip: zip.NewWriter(to), manifest: &Manifest{Made: g.pack.Made}}
	g.pack.Events = len(g.events)
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{packDocument, func(w io.Writer) error { return writeDocument(w, &g.pack, g.events, zone) }},
		{packSheet, func(w io.Writer) error { return writeSheet(w, &g.pack, g.events, zone) }},
		{packEvents, func(w io.Writer) error {
			return eachLine(w, g.events, func(to []byte, e *evidence) ([]byte, error) { return parquetfile.AppendJSON(to, &e.record), nil })
		}},
		{packProofs, func(w io.Writer) error {
			return eachLine(w, g.events, func(to []byte, e *evidence) ([]byte, error) {
				line, err := json.Marshal(e.proof)
				return append(to, line...), err
			})
		}},
	} {
		if err := r.file(f.name, func(w io.Writer) (int64, error) { return int64(len(g.events)), f.write(w) }); err != nil {
			return err
		}
	}
	for _, s := range g.seals {
		if err := r.file(s.Name, func(w io.Writer) (int64, error) {
			_, err := w.Write(s.Text)
			return 0, err
		}); err != nil {
			return err
		}
	}
	g.pack.Sheets = r.manifest.Sheets
	w, err := r.zip.Create(packManifest)
	if err != nil {
		return err
	}
	text, err := g.pack.text()
	if err == nil {
		_, err = w.Write(text)
	}
	return errors.Join(err, r.zip.Close())
}

func (p *Pack) text() ([]byte, error) {
	text, err := json.MarshalIndent(p, "", "  ")
	return append(text, '\n'), err
}

func eachLine(w io.Writer, events []evidence, line func([]byte, *evidence) ([]byte, error)) error {
	var text []byte
	for i := range events {
		var err error
		if text, err = line(text[:0], &events[i]); err != nil {
			return err
		}
		if _, err := w.Write(append(text, '\n')); err != nil {
			return err
		}
	}
	return nil
}
