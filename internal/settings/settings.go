// Package settings collects what is wrong with the settings of a component.
package settings

import (
	"errors"
	"fmt"
)

// Problems are what Validate of a configuration returns.
type Problems struct{ errs []error }

// If adds a problem where something is wrong.
func (p *Problems) If(wrong bool, format string, args ...any) {
	if wrong {
		p.Add(fmt.Errorf(format, args...))
	}
}

// Unless adds a problem where something is not right.
func (p *Problems) Unless(right bool, format string, args ...any) { p.If(!right, format, args...) }

// Add adds an error; nil adds nothing.
func (p *Problems) Add(err error) { p.errs = append(p.errs, err) }

// Err is nil where nothing is wrong.
func (p *Problems) Err() error { return errors.Join(p.errs...) }
