package provisioningreportextension

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path"
	"time"

	"go.uber.org/zap"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/extension/provisioningreportextension/internal/pages"
)

// listed is a line of the listing.
type listed struct {
	archive.File
	// Sealed files do not change any more, until they expire.
	Sealed bool   `json:"sealed"`
	URL    string `json:"url"`
}

// listing serves the archive's files, the seals that prove them among them, one
// object a line. The parameter prefix restricts it.
func (r *reporter) listing(w http.ResponseWriter, req *http.Request) {
	pages.Guard(w)
	if req.URL.Path != "/archive/" {
		http.NotFound(w, req)
		return
	}
	r.pull(w, req, func(w http.ResponseWriter, view *archive.View) error { //nolint:contextcheck // it is the request's
		last, some, err := view.LastSealed(req.Context())
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/x-ndjson")
		lines := json.NewEncoder(w)
		return view.List(req.Context(), req.URL.Query().Get("prefix"), func(f archive.File) error {
			return lines.Encode(listed{f, f.Hour == nil || some && *f.Hour <= last, "/archive/files/" + f.Name})
		})
	})
}

// file serves one file, or the parts of it that are asked for.
func (r *reporter) file(w http.ResponseWriter, req *http.Request) {
	pages.Guard(w)
	name := req.PathValue("name")
	r.pull(w, req, func(w http.ResponseWriter, view *archive.View) error { //nolint:contextcheck // it is the request's
		f, err := view.OpenFile(req.Context(), name)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Disposition", `attachment; filename="`+path.Base(name)+`"`)
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(w, req, path.Base(name), f.ModTime(), f)
		return f.Close()
	})
}

// pull opens the archive for a request, when there is a place, and notes who pulled
// what.
func (r *reporter) pull(w http.ResponseWriter, req *http.Request, serve func(http.ResponseWriter, *archive.View) error) {
	start := time.Now()
	done, ok := turn(w, r.pulls)
	if !ok {
		return
	}
	defer done()
	sent := &counted{ResponseWriter: w}
	view, err := archive.OpenView(req.Context(), r.config.Directory)
	if err == nil {
		err = errors.Join(serve(sent, view), sent.err, view.Close())
	}
	fields := append(access(req, start), zap.String("range", req.Header.Get("Range")), zap.Int64("bytes", sent.bytes))
	switch {
	case err == nil:
		r.logger.Info("archive file downloaded", fields...)
	case errors.Is(err, fs.ErrNotExist):
		r.logger.Info("archive file not found", fields...)
		http.Error(w, "the archive has no such file (any more)", http.StatusNotFound)
	default:
		r.logger.Warn("archive download failed", append(fields, zap.Error(err))...)
		if sent.bytes > 0 {
			panic(http.ErrAbortHandler)
		}
		http.Error(w, "the archive could not be read; the collector's log says why", http.StatusInternalServerError)
	}
}

// publicKey serves the key that verifies the archive. Who wants to rely on it gets it
// by another way as well.
func (r *reporter) publicKey(w http.ResponseWriter, req *http.Request) {
	pages.Guard(w)
	text, err := os.ReadFile(r.config.publicKey())
	if err == nil {
		_, err = archive.LoadPublicKeys(r.config.publicKey())
	}
	if err != nil {
		http.Error(w, "there is no public key here: set public_key", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/x-pem-file")
	w.Header().Set("Content-Disposition", `attachment; filename="provtrail-archive.pub"`)
	_, _ = w.Write(text) // who asked has gone
	r.logger.Info("public key downloaded", access(req, time.Now())...)
}

// counted counts what is sent, and keeps the error that ended it.
type counted struct {
	http.ResponseWriter
	bytes int64
	err   error
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.bytes += int64(n)
	c.err = err
	return n, err
}
