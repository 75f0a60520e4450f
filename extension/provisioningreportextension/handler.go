package provisioningreportextension

import (
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/collector/client"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/archive/report"
)

//go:embed form.html
var formHTML []byte

// form is one page without scripts, styles from elsewhere or anything to load.
func (r *reporter) form(w http.ResponseWriter, _ *http.Request) {
	guard(w)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(formHTML) // who asked has gone
}

func guard(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
}

func (r *reporter) report(w http.ResponseWriter, req *http.Request) {
	guard(w)
	start := time.Now()
	filter, err := report.ParseFilter(req.URL.Query(), start)
	if err == nil && r.config.MaxRange > 0 && filter.To.Sub(filter.From) > r.config.MaxRange {
		err = fmt.Errorf("%w: the period is longer than %s; ask for less, or use provtrail report", report.ErrFilter, r.config.MaxRange)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	select {
	case r.turns <- struct{}{}:
		defer func() { <-r.turns }()
	default:
		w.Header().Set("Retry-After", "30")
		http.Error(w, "other reports are being made: try again in half a minute", http.StatusTooManyRequests)
		return
	}
	out := &download{ResponseWriter: w, name: "provtrail-report-" + start.UTC().Format("20060102T150405Z") + ".zip"}
	m, err := report.Write(req.Context(), r.config.Directory, filter, out)
	fields := []zap.Field{
		zap.String("who", who(req)), zap.String("from", req.RemoteAddr), zap.String("query", req.URL.RawQuery),
		zap.Int64("bytes", out.bytes), zap.Duration("took", time.Since(start)),
	}
	if err != nil {
		r.logger.Warn("report failed", append(fields, zap.Error(err))...)
		if out.bytes > 0 {
			panic(http.ErrAbortHandler) // half a zip must not look like a whole one
		}
		http.Error(w, "the report could not be made; the collector's log says why", http.StatusInternalServerError)
		return
	}
	for _, s := range m.Sheets {
		fields = append(fields, zap.Int64(strings.TrimSuffix(s.Name, ".csv"), s.Rows))
	}
	r.logger.Info("report downloaded", fields...)
}

// who asked, as the auth extension says.
func who(req *http.Request) string {
	auth := client.FromContext(req.Context()).Auth
	if auth == nil {
		return "anyone on this machine"
	}
	for _, name := range []string{"subject", "username"} {
		if s, ok := auth.GetAttribute(name).(string); ok && s != "" {
			return s
		}
	}
	return "authenticated"
}

// download sends its headers with the first byte, so that an error before that can
// still be told.
type download struct {
	http.ResponseWriter
	name  string
	bytes int64
}

func (d *download) Write(p []byte) (int, error) {
	if d.bytes == 0 {
		d.Header().Set("Content-Type", "application/zip")
		d.Header().Set("Content-Disposition", `attachment; filename="`+d.name+`"`)
	}
	n, err := d.ResponseWriter.Write(p)
	d.bytes += int64(n)
	if err != nil {
		err = errors.Join(errGone, err)
	}
	return n, err
}

var errGone = errors.New("who asked has gone")
