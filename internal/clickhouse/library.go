package clickhouse

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// result mirrors libchdb's struct local_result_v2, of which only the message is read.
type result struct {
	_       [3]uintptr // output, its length, its vector
	_       float64    // seconds
	_       [2]uint64  // rows and bytes read
	message *byte
}

// runLibrary runs clickhouse-local inside this process and returns when it has ended.
// It must be called at most once per process: the engine keeps global state.
func runLibrary(path string, args []string) error {
	runtime.LockOSThread()
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return fmt.Errorf("load the ClickHouse library: %w", err)
	}
	var setSignalHandlers func(bool)
	var query func(int32, unsafe.Pointer) *result
	for name, function := range map[string]any{
		"chdb_set_signal_handlers_enabled": &setSignalHandlers,
		"query_stable_v2":                  &query,
	} {
		symbol, err := purego.Dlsym(handle, name)
		if err != nil {
			return fmt.Errorf("%s is not a libchdb this program can use (26.7 or newer): %w", path, err)
		}
		purego.RegisterFunc(function, symbol)
	}

	setSignalHandlers(false) // Go's own handlers stay in place
	argv := make([]*byte, 0, len(args)+2)
	for _, arg := range append([]string{"clickhouse-local"}, args...) {
		argv = append(argv, &append([]byte(arg), 0)[0])
	}
	argv = append(argv, nil)
	res := query(int32(len(argv)-1), unsafe.Pointer(&argv[0]))
	runtime.KeepAlive(argv)
	if res != nil && res.message != nil {
		return errors.New(cString(res.message))
	}
	return nil
}

func cString(p *byte) string {
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(p), n)) != 0 {
		n++
	}
	return string(unsafe.Slice(p, n))
}
