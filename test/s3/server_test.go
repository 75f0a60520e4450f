package s3

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"

	"github.com/provtrail/provtrail/internal/blackbox"
)

const (
	access = "provtrail"
	secret = "provtrail-test-only"
)

var endpoint string

// TestMain runs one server: the gateway allows one a process.
func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "provtrail-s3-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	root, side := filepath.Join(dir, "root"), filepath.Join(dir, "meta")
	for _, d := range []string{root, side} {
		if err := os.Mkdir(d, 0o700); err != nil {
			panic(err)
		}
	}
	store, err := meta.NewSideCar(side)
	if err != nil {
		panic(err)
	}
	backend, err := posix.New(root, store, posix.PosixOpts{SideCarDir: side})
	if err != nil {
		panic(err)
	}
	addresses, err := blackbox.FreePorts(1)
	if err != nil {
		panic(err)
	}
	address := addresses[0]
	endpoint = "http://" + address
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- embedgw.RunVersityGW(ctx, backend, &embedgw.Config{
			RootUserAccess: access, RootUserSecret: secret, Region: "us-east-1", Ports: []string{address},
			MaxConnections: 100, MaxRequests: 100, MultipartMaxParts: 10_000, Quiet: true, HealthPath: "/health",
		})
	}()
	for deadline := time.Now().Add(time.Minute); ; {
		if c, err := net.DialTimeout("tcp", address, time.Second); err == nil {
			_ = c.Close()
			break
		}
		select {
		case err := <-ended:
			panic(err)
		default:
		}
		if time.Now().After(deadline) {
			panic("the S3 server does not listen")
		}
	}
	status := m.Run()
	stop()
	<-ended
	return status
}

// newBucket makes a bucket and returns the URL of a folder in it.
func newBucket(t *testing.T, name string) string {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", access)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	client := awss3.New(awss3.Options{
		BaseEndpoint: &endpoint, Region: "us-east-1", UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(access, secret, ""),
	})
	_, err := client.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: aws.String(name)})
	require.NoError(t, err)
	return "s3://" + name + "/audit?region=us-east-1&use_path_style=true&endpoint=" + endpoint
}
