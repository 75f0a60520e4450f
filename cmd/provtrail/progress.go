package main

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/provtrail/provtrail/internal/heal"
)

// terminal is where a progress bar may be drawn: nil unless w is a terminal.
func terminal(w io.Writer) io.Writer {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return w
	}
	return nil
}

// progressOn draws a bar for each step where standard error is a terminal.
func progressOn(cmd *cobra.Command) heal.Progress {
	to := terminal(cmd.ErrOrStderr())
	if to == nil {
		return nil
	}
	var bar *progressbar.ProgressBar
	var current string
	return func(step string, done, total int64) {
		if step != current {
			current = step
			bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(to),
				progressbar.OptionShowBytes(true), progressbar.OptionSetDescription(step),
				progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
		}
		_ = bar.Set64(done) // what is shown does not matter to the result
	}
}
