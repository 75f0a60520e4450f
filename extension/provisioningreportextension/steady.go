package provisioningreportextension

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"
)

// steady ends a response whose reader does not read: each piece of it must be taken within
// stall. However long the whole takes, a reader that goes on reading gets it, unless the
// server has a bound of its own (whole, zero is none).
func steady(next http.Handler, stall, whole time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := &steadyWriter{ResponseWriter: w, control: http.NewResponseController(w), stall: stall}
		if whole > 0 {
			s.end = time.Now().Add(whole)
		}
		next.ServeHTTP(s, r)
		// What is still in buffers belongs to this response, the connection to the next.
		if s.extend() == nil && s.control.Flush() == nil {
			_ = s.control.SetWriteDeadline(s.end) // it has just been set
		}
	})
}

// pieceSize is what must be taken within the time: a kilobyte a second by default.
const pieceSize = 64 << 10

type steadyWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	stall   time.Duration
	end     time.Time // of the whole; zero is none
}

// Unwrap lets a ResponseController find the connection.
func (s *steadyWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s *steadyWriter) extend() error {
	until := time.Now().Add(s.stall)
	if !s.end.IsZero() && s.end.Before(until) {
		until = s.end
	}
	if err := s.control.SetWriteDeadline(until); !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil // there is no connection that could stall
}

func (s *steadyWriter) Write(p []byte) (n int, err error) {
	for {
		if err := s.extend(); err != nil {
			return n, err
		}
		took, err := s.ResponseWriter.Write(p[:min(len(p), pieceSize)])
		n += took
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = fmt.Errorf("the reader took less than %d bytes in %s (stall_timeout), or the whole took too long (write_timeout): %w", pieceSize, s.stall, err)
		}
		if p = p[took:]; err != nil || len(p) == 0 {
			return n, err
		}
	}
}
