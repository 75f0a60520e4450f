package main

import (
	"errors"
	"net"
	"sync"
	"time"
)

// wire is the network between the collector and one of its peers. It can be cut, so that
// connections end and none is made, and stalled, so that they stand and nothing comes.
type wire struct {
	listener net.Listener
	to       string

	flow sync.RWMutex // bytes pass under its read lock

	mu    sync.Mutex // guards everything below
	cut   bool
	conns map[net.Conn]bool
}

// peers are what the collector connects to.
var peers = []string{clickHouse, vendorName}

const vendorName = "vendor"

func openWire(address, to string) (*wire, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	w := &wire{listener: listener, to: to, conns: map[net.Conn]bool{}}
	go w.serve()
	return w, nil
}

func (w *wire) address() string { return w.listener.Addr().String() }

func (w *wire) serve() {
	for {
		from, err := w.listener.Accept()
		if err != nil {
			return // closed
		}
		go w.join(from)
	}
}

func (w *wire) join(from net.Conn) {
	to, err := net.DialTimeout("tcp", w.to, 5*time.Second)
	if err != nil {
		_ = from.Close()
		return
	}
	w.mu.Lock()
	if w.cut {
		_, _ = from.Close(), to.Close()
	}
	w.conns[from], w.conns[to] = true, true
	w.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { w.carry(to, from) })
	both.Go(func() { w.carry(from, to) })
	both.Wait()
	w.mu.Lock()
	delete(w.conns, from)
	delete(w.conns, to)
	w.mu.Unlock()
}

// carry copies until one side ends, and then ends the other.
func (w *wire) carry(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			w.flow.RLock()
			_, werr := to.Write(buffer[:n])
			w.flow.RUnlock()
			err = errors.Join(err, werr)
		}
		if err != nil {
			_, _ = to.Close(), from.Close()
			return
		}
	}
}

// setCut ends all connections, and those that are made from now on, or lets them be.
func (w *wire) setCut(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	if cut {
		for conn := range w.conns {
			_ = conn.Close()
		}
	}
}

// setStalled holds all bytes back, or lets them flow again.
func (w *wire) setStalled(stalled bool) {
	if stalled {
		w.flow.Lock()
	} else {
		w.flow.Unlock()
	}
}

func (w *wire) close() {
	_ = w.listener.Close()
	w.setCut(true)
}
