// Package client keeps connections to ClickHouse servers over the native protocol.
package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/ch-go/proto"
)

// Options say how to connect.
type Options struct {
	Addresses   []string // host:port; the next is asked when one does not answer
	User        string
	Password    string
	TLS         *tls.Config // nil for none
	Compression ch.Compression
	// MaxConnections bounds the connections open at once.
	MaxConnections int
	DialTimeout    time.Duration
	// MaxIdle is how long an unused connection is kept.
	MaxIdle time.Duration
}

// Pool is a set of connections, opened when they are needed.
type Pool struct {
	options Options
	slots   chan struct{} // one for each connection in use
	next    atomic.Uint64 // address to try first

	mu     sync.Mutex
	idle   []idle
	closed bool
}

type idle struct {
	conn  *ch.Client
	since time.Time
}

// ErrClosed is returned after Close.
var ErrClosed = errors.New("the connections are closed")

// NewPool returns a pool; it connects to nothing yet.
func NewPool(options Options) *Pool {
	return &Pool{options: options, slots: make(chan struct{}, options.MaxConnections)}
}

// Do runs a query on some connection. A connection that was left unused and turns out
// to be dead is replaced once, and the query made again: every statement of this exporter
// may be repeated.
func (p *Pool) Do(ctx context.Context, query func() ch.Query) error {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return fmt.Errorf("wait for one of %d connections: %w", cap(p.slots), ctx.Err())
	}
	conn, used, err := p.take(ctx)
	if err != nil {
		return err
	}
	err = conn.Do(ctx, query())
	if used && err != nil && !ch.IsException(err) && ctx.Err() == nil {
		_ = conn.Close()
		if conn, err = p.dial(ctx); err != nil {
			return err
		}
		err = conn.Do(ctx, query())
	}
	p.give(conn, err)
	return err
}

// Exec runs a statement without a result.
func (p *Pool) Exec(ctx context.Context, sql string) error {
	return p.Do(ctx, func() ch.Query { return ch.Query{Body: sql} })
}

// Strings runs a query whose only column is text.
func (p *Pool) Strings(ctx context.Context, sql string) ([]string, error) {
	var rows []string
	var column proto.ColStr
	err := p.Do(ctx, func() ch.Query {
		rows = nil
		return ch.Query{
			Body:   sql,
			Result: proto.Results{{Data: &column}},
			OnResult: func(context.Context, proto.Block) error {
				for i := range column.Rows() {
					rows = append(rows, column.Row(i))
				}
				return nil
			},
		}
	})
	return rows, err
}

// Close closes the connections that are not in use; those in use close when their
// query ends.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, i := range p.idle {
		_ = i.conn.Close()
	}
	p.idle = nil
}

// take returns an idle connection, used, or a new one.
func (p *Pool) take(ctx context.Context) (conn *ch.Client, used bool, err error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, false, ErrClosed
	}
	for n := len(p.idle); n > 0 && conn == nil; n = len(p.idle) {
		newest := p.idle[n-1]
		p.idle = p.idle[:n-1]
		if newest.conn.IsClosed() || time.Since(newest.since) > p.options.MaxIdle {
			_ = newest.conn.Close()
			continue
		}
		conn = newest.conn
	}
	p.mu.Unlock()
	if conn != nil {
		return conn, true, nil
	}
	conn, err = p.dial(ctx)
	return conn, false, err
}

// give takes a connection back, if it is fit for another query.
func (p *Pool) give(conn *ch.Client, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// After an exception in the middle of an insert the server closes the connection.
	if err != nil || p.closed || conn.IsClosed() {
		_ = conn.Close()
		return
	}
	p.idle = append(p.idle, idle{conn: conn, since: time.Now()})
}

// dial connects to the first address that answers, beginning with another one each
// time so that the load spreads.
func (p *Pool) dial(ctx context.Context) (*ch.Client, error) {
	start := p.next.Add(1) - 1
	var failures []error
	for i := range p.options.Addresses {
		address := p.options.Addresses[(start+uint64(i))%uint64(len(p.options.Addresses))]
		conn, err := p.connect(ctx, address)
		if err == nil {
			return conn, nil
		}
		failures = append(failures, fmt.Errorf("connect to ClickHouse at %s: %w", address, err))
	}
	return nil, errors.Join(failures...)
}

func (p *Pool) connect(ctx context.Context, address string) (*ch.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, p.options.DialTimeout)
	defer cancel()
	return ch.Dial(ctx, ch.Options{
		Address:          address,
		User:             p.options.User,
		Password:         p.options.Password,
		TLS:              p.options.TLS,
		Compression:      p.options.Compression,
		ClientName:       "provtrail",
		Dialer:           &net.Dialer{Timeout: p.options.DialTimeout},
		HandshakeTimeout: p.options.DialTimeout,
		ReadTimeout:      ch.NoTimeout, // the query's context bounds it
	})
}
