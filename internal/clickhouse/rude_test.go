package clickhouse

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hello is the first packet of the native protocol.
func hello(database, user, password string) []byte {
	packet := []byte{0}
	text := func(s string) { packet = append(append(packet, byte(len(s))), s...) }
	text("rude client")
	for _, number := range []uint64{24, 1, 54460} {
		packet = binary.AppendUvarint(packet, number)
	}
	text(database)
	text(user)
	text(password)
	return packet
}

// reset closes a connection with a RST.
func reset(conn net.Conn) {
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

func garbage(rng *rand.Rand, n int) []byte {
	bytes := make([]byte, n)
	for i := range bytes {
		bytes[i] = byte(rng.Uint32())
	}
	return bytes
}

// halfClose ends what it sends, and reads what the server says.
func halfClose(conn net.Conn) {
	_ = conn.(*net.TCPConn).CloseWrite()
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	_, _ = io.Copy(io.Discard, conn)
	_ = conn.Close()
}

// rudeness is a kind of client that breaks the rules; n counts the clients of the kind.
type rudeness func(n int, rng *rand.Rand, conn net.Conn)

var rudeToNative = map[string]rudeness{
	"reset after a part of hello": func(n int, _ *rand.Rand, conn net.Conn) {
		packet := hello("provtrail", "default", "")
		_, _ = conn.Write(packet[:n%(len(packet)+1)])
		reset(conn)
	},
	"end after a part of hello": func(n int, _ *rand.Rand, conn net.Conn) {
		packet := hello("provtrail", "default", "")
		_, _ = conn.Write(packet[:n%(len(packet)+1)])
		halfClose(conn)
	},
	"wrong user, reset": func(_ int, _ *rand.Rand, conn net.Conn) {
		_, _ = conn.Write(hello("", "nobody", "x"))
		reset(conn)
	},
	"wrong password, answer read": func(_ int, _ *rand.Rand, conn net.Conn) {
		_, _ = conn.Write(hello("", WriterUser, "x"))
		halfClose(conn)
	},
	"missing database, reset": func(_ int, _ *rand.Rand, conn net.Conn) {
		_, _ = conn.Write(hello("missing", "default", ""))
		reset(conn)
	},
	"missing database, addendum": func(_ int, _ *rand.Rand, conn net.Conn) {
		_, _ = conn.Write(append(hello("missing", "default", ""), 0))
		halfClose(conn)
	},
	"garbage": func(n int, rng *rand.Rand, conn net.Conn) {
		_, _ = conn.Write(garbage(rng, 1+n*37))
		halfClose(conn)
	},
	"garbage after the handshake": func(n int, rng *rand.Rand, conn net.Conn) {
		_, _ = conn.Write(append(hello("provtrail", "default", ""), 0))
		_, _ = conn.Write(garbage(rng, 1+n*37))
		halfClose(conn)
	},
	"garbage after the handshake, reset": func(n int, rng *rand.Rand, conn net.Conn) {
		_, _ = conn.Write(append(append(hello("provtrail", "default", ""), 0), garbage(rng, 1+n*37)...))
		reset(conn)
	},
	"half a query": func(n int, _ *rand.Rand, conn net.Conn) {
		query := append(append(hello("provtrail", "default", ""), 0), "\x01\x01q\x01\x00\x001SELECT sum(sleep(0.1)) FROM numbers(100)"...)
		_, _ = conn.Write(query[:len(query)-n])
		reset(conn)
	},
	"slow": func(_ int, _ *rand.Rand, conn net.Conn) {
		for _, b := range hello("provtrail", "default", "")[:10] {
			_, _ = conn.Write([]byte{b})
			time.Sleep(10 * time.Millisecond) // the client's slowness, which is the point
		}
		reset(conn)
	},
	"TLS": func(_ int, _ *rand.Rand, conn net.Conn) {
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		_ = tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).Handshake()
		reset(conn)
	},
	"HTTP": func(_ int, _ *rand.Rand, conn net.Conn) {
		_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 8\r\n\r\nSELECT 1")
		halfClose(conn)
	},
	"huge length": func(_ int, _ *rand.Rand, conn net.Conn) {
		_, _ = conn.Write(binary.AppendUvarint([]byte{0}, 1<<62))
		_, _ = conn.Write(bytes.Repeat([]byte{'x'}, 1<<16))
		halfClose(conn)
	},
}

var rudeToHTTP = map[string]rudeness{
	"reset after a part of a request": func(n int, _ *rand.Rand, conn net.Conn) {
		request := "POST /?database=provtrail HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 8\r\n\r\nSELECT 1"
		_, _ = io.WriteString(conn, request[:min(5*n, len(request))])
		reset(conn)
	},
	"end within the body": func(_ int, _ *rand.Rand, conn net.Conn) {
		_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: "+conn.RemoteAddr().String()+"\r\nContent-Length: 800\r\n\r\nSELECT 1")
		halfClose(conn)
	},
	"reset while the answer comes": func(_ int, _ *rand.Rand, conn net.Conn) {
		_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: "+conn.RemoteAddr().String()+"\r\nContent-Length: 35\r\n\r\nSELECT * FROM numbers(100000000000)")
		_, _ = io.ReadFull(conn, make([]byte, 10))
		reset(conn)
	},
	"wrong user": func(_ int, _ *rand.Rand, conn net.Conn) {
		_, _ = io.WriteString(conn, "GET /?user=nobody&query=SELECT+1 HTTP/1.1\r\nHost: "+conn.RemoteAddr().String()+"\r\n\r\n")
		reset(conn)
	},
	"missing database": func(_ int, _ *rand.Rand, conn net.Conn) {
		_, _ = io.WriteString(conn, "GET /?database=missing&query=SELECT+1 HTTP/1.0\r\nHost: "+conn.RemoteAddr().String()+"\r\n\r\n")
		halfClose(conn)
	},
	"bad chunks": func(n int, rng *rand.Rand, conn net.Conn) {
		_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: "+conn.RemoteAddr().String()+"\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n")
		_, _ = conn.Write(garbage(rng, 1+n*37))
		halfClose(conn)
	},
	"garbage": func(n int, rng *rand.Rand, conn net.Conn) {
		_, _ = conn.Write(garbage(rng, 1+n*37))
		halfClose(conn)
	},
	"native hello": func(_ int, _ *rand.Rand, conn net.Conn) {
		_, _ = conn.Write(hello("provtrail", "default", ""))
		reset(conn)
	},
	"TLS": rudeToNative["TLS"],
	"long header": func(_ int, _ *rand.Rand, conn net.Conn) {
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 1<<20))
		reset(conn)
	},
}

// The connections of each kind, so that there are more than 200 to each interface.
const perKind = 21

func TestTheEngineSurvivesRudeClients(t *testing.T) {
	engine, process, writer := restricted(t)
	honest := connect(t, engine.NativeAddr())
	var group sync.WaitGroup
	attack := func(addr, name string, be rudeness) {
		for n := range perKind {
			group.Go(func() {
				conn, err := net.Dial("tcp", addr)
				if assert.NoError(t, err, name) {
					be(n, rand.New(rand.NewPCG(1, uint64(n))), conn)
				}
			})
		}
	}
	rudeDone := make(chan struct{})
	for name, be := range rudeToNative {
		attack(engine.NativeAddr(), name, be)
	}
	for name, be := range rudeToHTTP {
		attack(engine.HTTPAddr(), name, be)
	}
	go func() { group.Wait(); close(rudeDone) }()
	answered := 0
	for over := false; !over; answered++ {
		select {
		case <-rudeDone:
			over = true
		case <-process.Done():
			t.Fatal("the engine ended: ", process.Err())
		default:
		}
		var one uint8
		require.NoError(t, honest.QueryRow(t.Context(), "SELECT 1").Scan(&one))
		require.NoError(t, writer.Exec(t.Context(), "INSERT INTO provtrail.t VALUES (1, 'b')"))
		fresh := connect(t, engine.NativeAddr())
		require.NoError(t, fresh.Ping(t.Context()))
		require.NoError(t, fresh.Close())
		require.Equal(t, "1", queryHTTP(t, engine.HTTPAddr(), "SELECT 1"))
	}
	t.Log(answered, "rounds of honest clients")
	assert.True(t, alive(process.Pid()))
}

// Clients that connect and say nothing hold a place until the handshake's time is over.
func TestSilentClientsAreSentAway(t *testing.T) {
	engine, process, _ := restricted(t)
	var silent []net.Conn
	for range 200 {
		for _, addr := range []string{engine.NativeAddr(), engine.HTTPAddr()} {
			conn, err := net.Dial("tcp", addr)
			require.NoError(t, err)
			defer conn.Close()
			silent = append(silent, conn)
		}
	}
	require.Equal(t, "1", queryHTTP(t, engine.HTTPAddr(), "SELECT 1"))
	require.NoError(t, connect(t, engine.NativeAddr()).Ping(t.Context()))
	for _, conn := range silent {
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(40*time.Second)))
		_, err := io.Copy(io.Discard, conn)
		var timeout net.Error
		require.False(t, errors.As(err, &timeout) && timeout.Timeout(), "%s still waits for a silent client", conn.RemoteAddr())
	}
	assert.True(t, alive(process.Pid()))
	http.DefaultClient.CloseIdleConnections()
}
