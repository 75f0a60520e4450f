package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var errEmptyFlag = errors.New("the value is empty: give one, or leave out the flag")

// notEmpty refuses the empty value of a flag: --identity "$PERSON" of a script whose variable
// is not set would select everybody, and --until "$T" would check nothing.
func notEmpty(value string) error {
	if strings.TrimSpace(value) == "" {
		return errEmptyFlag
	}
	return nil
}

// emptyFlag refuses flags of texts that are given without one.
func emptyFlag(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		values := []string{"unknown"}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		} else if f.Value.Type() == "string" {
			values = []string{f.Value.String()}
		}
		if slices.ContainsFunc(values, func(v string) bool { return notEmpty(v) != nil }) {
			err = errors.Join(err, fmt.Errorf("--%s: %w", f.Name, errEmptyFlag))
		}
	})
	return err
}
