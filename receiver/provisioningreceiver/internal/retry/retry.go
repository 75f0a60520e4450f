// Package retry repeats an operation until it succeeds.
package retry

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Policy bounds the exponential wait between two attempts.
type Policy struct{ Initial, Max time.Duration }

// Do calls the operation until it succeeds, ctx ends or its error wraps a
// *backoff.PermanentError. An error that wraps a *backoff.RetryAfterError sets the wait.
// notify is called before each wait.
func Do[T any](ctx context.Context, p Policy, operation func() (T, error), notify func(err error, next time.Duration)) (T, error) {
	return backoff.Retry(ctx, operation, backoff.WithMaxElapsedTime(0), backoff.WithNotify(notify),
		backoff.WithBackOff(&backoff.ExponentialBackOff{
			InitialInterval: p.Initial, MaxInterval: p.Max, Multiplier: 2,
			RandomizationFactor: backoff.DefaultRandomizationFactor,
		}))
}
