package clickhouse

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// ErrAddressInUse is returned when another process listens where ClickHouse should.
var ErrAddressInUse = errors.New("address already in use")

// resolve replaces port 0 of a listen address with a port that is free now.
func resolve(endpoint string) (string, error) {
	host, port, err := net.SplitHostPort(endpoint)
	if err != nil || port != "0" {
		return endpoint, err
	}
	listener, err := net.Listen("tcp", endpoint)
	if err != nil {
		return "", fmt.Errorf("find a free port on %s: %w", host, err)
	}
	_, port, err = net.SplitHostPort(listener.Addr().String())
	return net.JoinHostPort(host, port), errors.Join(err, listener.Close())
}

// checkFree reports early and clearly what the engine would report late and at length.
func checkFree(what, endpoint string) error {
	listener, err := net.Listen("tcp", endpoint)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("ClickHouse cannot listen for %s connections on %s: %w: end the process that listens there, or choose another %s_endpoint",
			what, endpoint, ErrAddressInUse, what)
	case err != nil:
		return fmt.Errorf("ClickHouse cannot listen for %s connections on %s: %w", what, endpoint, err)
	}
	return listener.Close()
}

// reachable is the address at which this machine reaches a listener.
func reachable(endpoint string) string {
	host, port, _ := net.SplitHostPort(endpoint)
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
