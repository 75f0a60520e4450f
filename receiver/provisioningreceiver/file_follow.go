package provisioningreceiver

import (
	"context"
	"fmt"
	"strings"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/fileconsumer"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/fileconsumer/attrs"
)

// follower delivers what the file consumer reads of some of the files.
type follower struct {
	feed     *fileFeed
	consumer *fileconsumer.Manager
	position *position
	leave    func(ctx context.Context, path string) bool // to another follower; nil: nothing
}

// follow starts to read the files of some globs from a position, where there is none
// from startAt.
func (f *fileFeed) follow(include []string, startAt string, at *position, leave func(context.Context, string) bool) (*follower, error) {
	one := &follower{feed: f, position: at, leave: leave}
	var err error
	if one.consumer, err = f.consumerConfig(include, startAt).Build(f.set.TelemetrySettings, one.emit, fileconsumer.WithSplitFunc(split)); err != nil {
		return nil, fmt.Errorf("file: %w", err)
	}
	if err := one.consumer.Start(at); err != nil {
		return nil, fmt.Errorf("file: %w", err)
	}
	return one, nil
}

func (f *follower) stop() error { return f.consumer.Stop() }

// emit delivers tokens, runs of documents, and returns once they are accepted: the
// file consumer moves the file's offset as soon as emit returns, also when it
// returns an error. So when it has to give up, the offsets are frozen first.
func (f *follower) emit(ctx context.Context, tokens [][]byte, attributes map[string]any, _ int64, offsets []int64) error {
	path, _ := attributes[attrs.LogFilePath].(string)
	if f.leave != nil && f.leave(ctx, path) {
		return nil
	}
	b := f.feed.batches.Get().(*batch)
	defer f.feed.batches.Put(b)
	b.reset()
	for i, token := range tokens {
		f.feed.read(b, token, path, offsets[i+1]-int64(len(token)))
		if len(b.Observations)+len(b.quarantined) < maxObservations && i < len(tokens)-1 {
			continue
		}
		if err := f.feed.sink.deliver(ctx, b); err != nil {
			f.position.freeze()
			return err
		}
		b.reset()
	}
	return nil
}

// literal is the glob that only a path matches.
func literal(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "]", `\]`, "{", `\{`, "}", `\}`).Replace(path)
}
