//go:build !linux

package clickhouse

func canConfine() bool { return false }

func confine(_, _ []string) error { return nil }
