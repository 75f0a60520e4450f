package simulate

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows how many hours of the period are written.
type progress struct{ bar *progressbar.ProgressBar }

func newProgress(w io.Writer, from, to time.Time) progress {
	if w == nil || !from.Before(to) {
		return progress{}
	}
	hours := int(to.Sub(from.Truncate(time.Hour)).Hours()) + 1
	return progress{progressbar.NewOptions(hours,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription("simulating"),
		progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)}
}

func (p progress) hour(documents int) {
	if p.bar == nil {
		return
	}
	p.bar.Describe(fmt.Sprintf("simulating: %d documents", documents))
	_ = p.bar.Add(1) // a bar that cannot be drawn is no reason to stop
}

func (p progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
