// Package pages shows the archive to people: a list of activities, one activity, a
// summary and a form for downloads, as HTML that needs no script.
//
// A page is made in memory before the first byte is sent, so it has a bound in size and in
// time, and a reader who is slow holds nothing but a connection.
package pages

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/provtrail/provtrail/archive/report"
)

// Pages serves the pages on one archive.
type Pages struct {
	// Directory is the address of the archive.
	Directory string
	// MaxRange is the longest period of a page; zero is without limit.
	MaxRange time.Duration
	// Timeout bounds the time in which a page is made.
	Timeout time.Duration
	// Places has a place for each page that may be made at the same time. A request waits
	// for one for a part of Timeout.
	Places chan struct{}
	// Now is the time from which words such as 24h count.
	Now func() time.Time
	// Shown is called after each request with what went wrong on this side, if anything.
	Shown func(req *http.Request, start time.Time, code int, err error)
}

//go:embed templates/*.html
var files embed.FS

//go:embed style.css
var style []byte

//go:embed status.css
var colours []byte

// templates has one set for each page: what all share, and its own content.
var templates = func() map[string]*template.Template {
	sets := map[string]*template.Template{}
	shared := template.Must(template.New("").Funcs(functions).ParseFS(files, "templates/layout.html", "templates/parts.html"))
	for _, name := range []string{"activities", "activity", "summary", "download", "problem"} {
		sets[name] = template.Must(template.Must(shared.Clone()).ParseFS(files, "templates/"+name+".html"))
	}
	return sets
}()

// Register adds the pages to a mux.
func (p *Pages) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", p.page(p.activities))
	mux.HandleFunc("GET /activity", p.page(p.activity))
	mux.HandleFunc("GET /summary", p.page(p.summary))
	mux.HandleFunc("GET /download", p.page(p.download))
	mux.HandleFunc("GET /style.css", sheet)
}

func sheet(w http.ResponseWriter, _ *http.Request) {
	Guard(w)
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "private, max-age=300")
	_, _ = w.Write(bytes.Join([][]byte{colours, style}, nil)) // who asked has gone
}

// Guard sets the headers that keep a browser from loading, running or keeping anything
// but the answer.
func Guard(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// content is what a template shows, and the status code that goes with it.
type content struct {
	template string
	data     any
	code     int // zero is 200
}

// page makes a handler of a function that makes a content.
func (p *Pages) page(build func(ctx context.Context, v *view) (content, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		start := time.Now()
		Guard(w)
		ctx, cancel := context.WithTimeout(req.Context(), p.Timeout)
		defer cancel()
		v := newView(req, p.Now())
		c, err := p.make(ctx, v, build)
		if err != nil {
			c = v.problem(err, p.Timeout)
		}
		var b bytes.Buffer
		if failed := templates[c.template].ExecuteTemplate(&b, "page", c.data); failed != nil {
			http.Error(w, "the page could not be made; the collector's log says why", http.StatusInternalServerError)
			p.Shown(req, start, http.StatusInternalServerError, failed)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if c.code == 0 {
			c.code = http.StatusOK
		}
		if c.code == http.StatusTooManyRequests || c.code == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", "30")
		}
		w.WriteHeader(c.code)
		_, _ = w.Write(b.Bytes()) // who asked has gone
		if c.code < http.StatusInternalServerError {
			err = nil // the answer says it
		}
		p.Shown(req, start, c.code, err)
	}
}

var errBusy = errors.New("others are being served")

// make makes a content when there is a place.
func (p *Pages) make(ctx context.Context, v *view, build func(context.Context, *view) (content, error)) (content, error) {
	if v.wrong != nil {
		return content{}, v.wrong
	}
	waiting, cancel := context.WithTimeoutCause(ctx, p.Timeout/4, errBusy)
	defer cancel()
	select {
	case p.Places <- struct{}{}:
	case <-waiting.Done():
		return content{}, context.Cause(waiting)
	}
	defer func() { <-p.Places }()
	if err := ctx.Err(); err != nil {
		return content{}, err
	}
	return build(ctx, v)
}

// problem is the page about what went wrong. Errors that the reader can act on are
// shown; others may name what is not for the reader.
func (v *view) problem(err error, timeout time.Duration) content {
	data := struct {
		*view
		Lines []string
		// Everywhere is a link that looks in the whole archive.
		Everywhere string
	}{view: v}
	code := http.StatusInternalServerError
	var missing *report.NotFound
	switch {
	case errors.Is(err, errBusy):
		code, v.Title = http.StatusTooManyRequests, "Others are being served"
		data.Lines = []string{"Try again in half a minute."}
	case errors.Is(err, context.DeadlineExceeded):
		code, v.Title = http.StatusServiceUnavailable, "There is too much to read"
		data.Lines = []string{"The period could not be read within " + timeout.String() + ". Choose a shorter one, such as 24h, or download the report."}
	case errors.Is(err, report.ErrFilter):
		code, v.Title = http.StatusBadRequest, "This cannot be shown"
		for line := range strings.Lines(err.Error()) {
			line = strings.TrimPrefix(strings.TrimSpace(line), report.ErrFilter.Error()+": ")
			data.Lines = append(data.Lines, strings.ToUpper(line[:1])+line[1:]+".")
		}
	case errors.As(err, &missing):
		code, v.Title = http.StatusNotFound, "There is no such activity"
		data.Lines = []string{missing.Error() + "."}
		if missing.First > 0 {
			data.Everywhere = "activity" + v.Query.Fresh("from", "1970-01-01")
		}
	case errors.Is(err, fs.ErrNotExist):
		code, v.Title = http.StatusNotFound, "There is no archive yet"
		data.Lines = []string{"It begins with the first activity that is recorded. If there should be one, look at the setting directory."}
	default:
		v.Title = "The page could not be made"
		data.Lines = []string{"The collector's log says why."}
	}
	return content{template: "problem", data: data, code: code}
}
