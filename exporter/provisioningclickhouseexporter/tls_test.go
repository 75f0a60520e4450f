package provisioningclickhouseexporter

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
)

// certificate makes a certificate of its own for 127.0.0.1.
func certificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "clickhouse"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	write := func(name, kind string, bytes []byte) string {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}), 0o600))
		return path
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", secret)
}

// encrypt listens with a certificate and temporary what it reads on to a server, as a
// proxy before ClickHouse does: clickhouse-local has no encrypted port of its own.
func encrypt(t *testing.T, server, certFile, keyFile string) string {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	require.NoError(t, err)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13})
	require.NoError(t, err)
	var open sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); open.Wait() })
	open.Go(func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", server)
			if err != nil {
				_ = from.Close()
				continue
			}
			pass := func(from, to net.Conn) {
				_, _ = io.Copy(to, from)
				_, _ = from.Close(), to.Close()
			}
			open.Go(func() { pass(from, to) })
			open.Go(func() { pass(to, from) })
		}
	})
	return listener.Addr().String()
}

// TestTLS: encrypted to a server whose certificate is known, refused by one whose is not.
func TestTLS(t *testing.T) {
	certFile, keyFile := certificate(t)
	server := serverOf(t)
	secure := encrypt(t, server.Addr, certFile, keyFile)
	list, groups := history(20)
	with := func(tls configtls.ClientConfig) *fixture {
		return startOn(t, server, server.Database(t), func(c *Config) {
			c.Endpoints, c.TLS = []string{secure}, configoptional.Some(tls)
		})
	}
	known := configtls.NewDefaultClientConfig()
	known.CAFile = certFile
	f := with(known)
	require.NoError(t, f.pushLogs(t.Context(), logsOf(list, groups)))
	require.Equal(t, uint64(len(list)), one[uint64](t, f, "SELECT count() FROM observations"))
	err := with(configtls.NewDefaultClientConfig()).pushLogs(t.Context(), logsOf(list, groups))
	require.ErrorContains(t, err, "certificate")
	require.Equal(t, temporary, classify(err))
}
