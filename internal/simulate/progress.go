package simulate

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progressBar shows how many hours of a period are written; without a writer it shows nothing.
func progressBar(w io.Writer, from, to time.Time) *progressbar.ProgressBar {
	hours := int64(max(0, to.Sub(from.Truncate(time.Hour)).Hours())) + 1
	if w == nil {
		return progressbar.DefaultSilent(hours)
	}
	return progressbar.NewOptions64(hours,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription("simulating"),
		progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)
}
