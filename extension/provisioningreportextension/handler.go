package provisioningreportextension

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/collector/client"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/archive/report"
	"github.com/provtrail/provtrail/extension/provisioningreportextension/internal/pages"
)

// reportAs serves the report in a format. The form for downloads asks /report.zip, and may name
// another format.
func (r *reporter) reportAs(format report.Format) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		pages.Guard(w)
		query, format := req.URL.Query(), format
		if asked := query.Get("format"); asked != "" {
			format = report.Format(asked)
		}
		filter, err := report.ParseFilter(query, r.now())
		err = errors.Join(err, report.CheckParameters(query, "format"))
		if err == nil {
			err = format.Validate()
		}
		if err == nil && r.config.MaxRange > 0 && filter.To.Sub(filter.From) > r.config.MaxRange {
			err = fmt.Errorf("%w: the period is longer than %s; ask for less, or use provtrail report", report.ErrFilter, r.config.MaxRange)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.made(w, req, "report", format, func(keys archive.Keys, out io.Writer) (fields []zap.Field, err error) { //nolint:contextcheck // it is the request's
			m, err := report.WriteAs(req.Context(), r.config.Directory, filter, format, keys, out)
			if err != nil {
				return nil, err
			}
			for _, s := range m.Sheets {
				name, _, _ := strings.Cut(s.Name, ".")
				fields = append(fields, zap.Int64(name, s.Rows))
			}
			return fields, nil
		})
	}
}

// evidence serves all about a person or a group.
func (r *reporter) evidence(w http.ResponseWriter, req *http.Request) {
	pages.Guard(w)
	filter, err := report.ParseFilter(req.URL.Query(), r.now())
	err = errors.Join(err, report.CheckParameters(req.URL.Query(), "format"))
	subject := report.Subject{Tenant: filter.Tenant, Identity: filter.Identity, Group: filter.Group}
	if err == nil && len(subject.Identity) == 0 && len(subject.Group) == 0 {
		err = report.ErrNoSubject
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.made(w, req, "evidence", report.Zip, func(keys archive.Keys, out io.Writer) ([]zap.Field, error) { //nolint:contextcheck // it is the request's
		p, err := report.WriteEvidence(req.Context(), r.config.Directory, subject, report.EvidenceOptions{
			Zone: filter.Zone, AllowUnproven: filter.AllowUnproven, BOM: filter.BOM, Keys: keys,
		}, out)
		if err != nil {
			return nil, err
		}
		return []zap.Field{zap.Int("events", p.Events)}, nil
	})
}

// made makes something and sends it meanwhile, if a place is free, and logs who asked for
// what.
func (r *reporter) made(w http.ResponseWriter, req *http.Request, what string, format report.Format, write func(archive.Keys, io.Writer) ([]zap.Field, error)) {
	start := time.Now()
	done, ok := turn(w, r.turns)
	if !ok {
		return
	}
	defer done()
	out := &download{
		counted: counted{ResponseWriter: w}, mediaType: format.MediaType(),
		name: "provtrail-" + what + "-" + start.UTC().Format("20060102T150405Z") + format.Extension(),
	}
	var counts []zap.Field
	keys, err := report.LoadSigningKeys(r.config.Directory, r.config.SigningKey)
	if err == nil {
		counts, err = write(keys, out)
	}
	fields := append(access(req, start), zap.Int64("bytes", out.bytes))
	if err != nil {
		r.logger.Warn(what+" failed", append(fields, zap.Error(err))...)
		if out.bytes > 0 {
			panic(http.ErrAbortHandler) // half a file must not look complete
		}
		text, code := refusal(what, err)
		http.Error(w, text, code)
		return
	}
	out.begin() // an empty file is one too
	r.logger.Info(what+" downloaded", append(fields, counts...)...)
}

// refusal is the answer where nothing was sent yet. Errors that the asker can act on are
// sent; others may name what is not for the asker.
func refusal(what string, err error) (text string, code int) {
	switch {
	case errors.Is(err, report.ErrNothing), errors.Is(err, report.ErrFilter):
		return err.Error(), http.StatusNotFound
	case errors.Is(err, report.ErrUnproven):
		return err.Error(), http.StatusConflict
	case errors.Is(err, fs.ErrNotExist):
		return "there is no archive yet", http.StatusNotFound
	default:
		return "the " + what + " could not be made; the collector's log says why", http.StatusInternalServerError
	}
}

// turn takes one of the places, or says that none is free.
func turn(w http.ResponseWriter, places chan struct{}) (done func(), ok bool) {
	select {
	case places <- struct{}{}:
		return func() { <-places }, true
	default:
		w.Header().Set("Retry-After", "30")
		http.Error(w, "others are being served: try again in half a minute", http.StatusTooManyRequests)
		return nil, false
	}
}

// access is what is logged of every request.
func access(req *http.Request, start time.Time) []zap.Field {
	return []zap.Field{
		zap.String("who", who(req)), zap.String("from", req.RemoteAddr), zap.String("path", req.URL.Path),
		zap.String("query", req.URL.RawQuery), zap.Duration("took", time.Since(start)),
	}
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
// still be sent.
type download struct {
	counted
	name, mediaType string
	begun           bool
}

func (d *download) begin() {
	if !d.begun {
		d.begun = true
		d.Header().Set("Content-Type", d.mediaType)
		d.Header().Set("Content-Disposition", `attachment; filename="`+d.name+`"`)
	}
}

func (d *download) Write(p []byte) (int, error) {
	d.begin()
	n, err := d.counted.Write(p)
	if err != nil {
		err = errors.Join(errGone, err)
	}
	return n, err
}

var errGone = errors.New("the download ended early")
