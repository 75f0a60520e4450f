//go:build !linux

package main

import (
	"context"
	"errors"
	"time"
)

var errNotHere = errors.New("can only be done on Linux")

func fewFiles(context.Context, int, time.Duration) error { return errNotHere }

func shutFileSystem(string) error { return errNotHere }

func jumpClock(context.Context, time.Duration, time.Duration) error { return errNotHere }
