// Package client keeps connections to ClickHouse servers over the native protocol.
package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/ch-go/proto"
	"github.com/jackc/puddle/v2"
)

// Options are how to connect.
type Options struct {
	Addresses   []string // host:port; where one does not answer the next is tried
	User        string
	Password    string
	TLS         *tls.Config // nil for none
	Compression ch.Compression
	// MaxConnections bounds the connections that are open at once.
	MaxConnections int
	DialTimeout    time.Duration
}

// maxIdle is how long an unused connection is kept.
const maxIdle = time.Minute

// Pool is a set of connections, opened when they are needed.
type Pool struct {
	options Options
	pool    *puddle.Pool[*connection]
	next    atomic.Uint64 // index of the address to try first
}

type connection struct {
	*ch.Client
	used bool
}

// NewPool returns a pool; it does not connect yet. The options must be valid.
func NewPool(options Options) (*Pool, error) {
	p := &Pool{options: options}
	var err error
	p.pool, err = puddle.NewPool(&puddle.Config[*connection]{
		Constructor: p.dial,
		Destructor:  func(c *connection) { _ = c.Close() },
		MaxSize:     int32(options.MaxConnections),
	})
	return p, err
}

// Close waits for the queries in progress and closes all connections.
func (p *Pool) Close() { p.pool.Close() }

// Do runs a query on a connection. A connection that has been idle may turn out to be
// dead; the query is then repeated on another one, at last on a new one. So it must be
// a query that may be repeated.
func (p *Pool) Do(ctx context.Context, query func() ch.Query) error {
	for {
		c, err := p.pool.Acquire(ctx)
		if err != nil {
			return err
		}
		conn := c.Value()
		if conn.IsClosed() || c.IdleDuration() > maxIdle {
			c.Destroy()
			continue
		}
		used := conn.used
		conn.used = true
		err = conn.Do(ctx, query())
		if err == nil {
			c.Release()
			return nil
		}
		c.Destroy() // after an exception within an insert the server closes it
		if !used || ch.IsException(err) || ctx.Err() != nil {
			return err
		}
	}
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

// dial connects to the first address that answers. It begins with another address each
// time, so that the connections spread over the servers.
func (p *Pool) dial(ctx context.Context) (*connection, error) {
	start := p.next.Add(1) - 1
	var failures []error
	for i := range p.options.Addresses {
		address := p.options.Addresses[(start+uint64(i))%uint64(len(p.options.Addresses))]
		conn, err := p.connect(ctx, address)
		if err == nil {
			return &connection{Client: conn}, nil
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
