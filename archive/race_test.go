//go:build race

package archive

// raceEnabled makes long tests shorter: the race detector slows them tenfold.
const raceEnabled = true
