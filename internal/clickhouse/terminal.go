package clickhouse

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// openTerminal opens a pseudo-terminal: engine is to be the standard input of
// clickhouse-local, and closing gate ends it.
//
// clickhouse-local aborts on an exception that leaves a connection handler, such as a
// refused login, except in interactive mode, where it goes on as a server does. It is
// interactive only on a terminal (LocalServer::main in ClickHouse's programs/local).
func openTerminal() (engine *os.File, gate io.Closer, err error) {
	main, engine, err := pty.Open()
	if err != nil {
		return nil, nil, fmt.Errorf("open a pseudo-terminal for ClickHouse's standard input: %w", err)
	}
	defer main.Close()
	// A file that blocks in a read is not closed before the read returns.
	fd, err := unix.FcntlInt(main.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("prepare ClickHouse's pseudo-terminal: %w", err), engine.Close())
	}
	file := os.NewFile(uintptr(fd), main.Name())
	go func() { _, _ = io.Copy(io.Discard, file) }() // the prompt: unread, it would block the engine
	return engine, file, nil
}
