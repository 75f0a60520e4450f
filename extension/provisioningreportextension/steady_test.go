package provisioningreportextension

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// large is an archive whose report is more than the buffers of a connection take.
func large(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	a, err := archive.Open(t.Context(), dir, archive.Options{Spool: t.TempDir()})
	require.NoError(t, err)
	now := pcommon.NewTimestampFromTime(time.Now().Add(-time.Minute))
	random := rand.NewChaCha8([32]byte{1})
	var batch []*record.Record
	for i := range 400 {
		text := make([]byte, 32<<10)
		_, _ = random.Read(text) // never fails
		r := &record.Record{
			Observation: provisioning.Observation{Tenant: "acme", GroupID: fmt.Sprint("g", i), OccurredAt: now, ObservedAt: now, Original: hex.EncodeToString(text)},
			Current:     true, Version: 2, Status: provisioning.StatusSuccess,
		}
		r.EventID, r.ActivityID = provisioning.EventID(&r.Observation), provisioning.ActivityKey{GroupID: r.GroupID}.ID()
		batch = append(batch, r)
	}
	_, err = a.Write(t.Context(), archive.Batch{Records: batch})
	require.NoError(t, err)
	require.NoError(t, a.Close())
	return dir
}

// ask sends a request and leaves the answer in the connection, whose buffer is small.
func ask(t *testing.T, address, path string) net.Conn {
	t.Helper()
	host := strings.TrimSuffix(strings.TrimPrefix(address, "http://"), "/")
	conn, err := net.Dial("tcp", host)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.(*net.TCPConn).SetReadBuffer(64<<10))
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, host)
	require.NoError(t, err)
	return conn
}

func TestReadersThatDoNotReadHoldNoPlace(t *testing.T) {
	dir := large(t)
	address := start(t, func(c *Config) { c.Directory, c.StallTimeout, c.MaxConcurrent, c.MaxDownloads = dir, time.Second, 1, 1 })
	files, err := archive.Files(t.Context(), dir)
	require.NoError(t, err)
	require.Len(t, files, 1)
	for path, short := range map[string]string{"report.ndjson": "report.ndjson?columns=status", "archive/files/" + files[0].Name: "archive/?prefix=none"} {
		_, err := io.ReadFull(ask(t, address, "/"+path), make([]byte, 1)) // it is being served
		require.NoError(t, err)
		response, _ := get(t, address+short)
		require.Equal(t, http.StatusTooManyRequests, response.StatusCode, "the only place is taken")
		response, _ = get(t, address)
		require.Equal(t, http.StatusOK, response.StatusCode, "pages are shown nevertheless")
		require.Eventually(t, func() bool {
			response, _ := get(t, address+short)
			return response.StatusCode == http.StatusOK
		}, 20*time.Second, 50*time.Millisecond, "and is free again")
	}
}

// A reader that is slow but goes on gets all of it, in a time far above the bound for one
// piece.
func TestASlowReaderGetsAll(t *testing.T) {
	dir := large(t)
	const stall = time.Second
	address := start(t, func(c *Config) { c.Directory, c.StallTimeout = dir, stall })
	began := time.Now()
	response, err := http.ReadResponse(bufio.NewReader(ask(t, address, "/report.ndjson")), nil)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	size := int64(0)
	for {
		n, err := io.CopyN(io.Discard, response.Body, 512<<10)
		size += n
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		time.Sleep(stall / 20) // so slow is the reader
	}
	require.Greater(t, size, int64(400*64<<10))
	require.Greater(t, time.Since(began), 2*stall)
}

// The server's own bound on the whole still counts.
func TestTheWholeHasItsOwnBound(t *testing.T) {
	dir := large(t)
	address := start(t, func(c *Config) { c.Directory, c.Server.WriteTimeout = dir, time.Millisecond })
	response, err := http.ReadResponse(bufio.NewReader(ask(t, address, "/report.ndjson")), nil)
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
		require.NoError(t, response.Body.Close())
	}
	require.ErrorIs(t, err, io.ErrUnexpectedEOF, "it is cut off")
}
