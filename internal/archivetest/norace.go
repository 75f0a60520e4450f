//go:build !race

package archivetest

// Race reports whether the race detector is on, which slows long tests tenfold.
const Race = false
