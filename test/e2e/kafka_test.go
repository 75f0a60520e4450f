package e2e

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/internal/blackbox"
	"github.com/provtrail/provtrail/provisioning/record"
)

const (
	topic      = "provisioning"
	partitions = 24
)

// TestCollectorsShareTheGroups: one collector reads files into Kafka, three fold them
// into one ClickHouse, one of them is killed in the middle and comes back with the state
// it had. The result is that of one collector.
func TestCollectorsShareTheGroups(t *testing.T) {
	kafka, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, topic), kfake.GroupMinSessionTimeout(time.Second))
	require.NoError(t, err)
	t.Cleanup(kafka.Close)

	reading := newCollector(t)
	reading.run(t, "simulate", "--out", reading.path("prepared"), "--now", simulatedNow, "--days", "2", "--groups-per-day", "30", "--seed", "14")
	files, err := filepath.Glob(reading.path("prepared", "inbox", "*", "*"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	feed := func(files []string) {
		for _, file := range files {
			require.NoError(t, os.Rename(file, reading.path("input", filepath.Base(filepath.Dir(file))+"-"+filepath.Base(file))))
		}
	}
	reading.env["PROVTRAIL_KAFKA"] = kafka.ListenAddrs()[0]
	reading.start(t, "--config", filepath.Join("deploy", "kafka", "receive.yaml"), "--config", withClickHouse(t, reading))
	reading.healthy(t)

	folding := make([]*collector, 3)
	args := []string{"--config", filepath.Join("deploy", "kafka", "fold.yaml")}
	for i := range folding {
		c := newCollector(t)
		for _, name := range []string{"PROVTRAIL_KAFKA", "PROVTRAIL_CLICKHOUSE_NATIVE"} {
			c.env[name] = reading.env[name]
		}
		password, err := os.ReadFile(reading.path("clickhouse", "password"))
		require.NoError(t, err)
		c.env["PROVTRAIL_CLICKHOUSE_USERNAME"], c.env["PROVTRAIL_CLICKHOUSE_PASSWORD"] = "provtrail", strings.TrimSpace(string(password))
		c.env["PROVTRAIL_SESSION_TIMEOUT"], c.env["PROVTRAIL_HEARTBEAT_INTERVAL"] = "3s", "500ms"
		c.start(t, args...)
		folding[i] = c
	}

	sent := listen(t, kafka.ListenAddrs()[0])
	// The feeds report the same groups, so nearly all groups are cut in the middle.
	third := len(files) / 3
	feed(files[:third])
	require.True(t, eventually(func() bool {
		rows, err := reading.query("SELECT toString(uniqExact(event_id) >= 50) FROM provisioning_observations")
		return err == nil && len(rows) == 1 && rows[0][0] == "1"
	}), "nothing is stored")
	folding[0].kill(t)
	feed(files[third : 2*third])
	sent.stored(t, reading)
	// It comes back with a state that is older than what the others emitted.
	folding[0].start(t, args...)
	folding[0].healthy(t)
	feed(files[2*third:])

	activities, groups := readTruth(t, reading.path("prepared", "truth"))
	reading.eventually(t, "SELECT toString(count()) FROM activities", strconv.Itoa(len(activities)))
	reading.settles(t, blackbox.ActivityFacts, activities)
	reading.settles(t, blackbox.GroupFacts, groups)
	sent.stored(t, reading)
	reading.eventually(t, "SELECT toString(count() - uniqExact(event_id)) FROM provisioning_observations FINAL", "0")
}

// observationFacts are what a record has of its observation as it was, but for what
// differs between two documents of one observation: their ids.
const observationFacts = `SELECT event_id, concatWithSeparator('|', group_id, feed, dialect, reported_status, raw_status)
	FROM provisioning_observations FINAL WHERE record_type = 'observation'`

// listener collects the observations in Kafka.
type listener struct {
	mu    sync.Mutex // guards everything below
	known blackbox.Facts
}

func (l *listener) facts() blackbox.Facts {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.known)
}

// stored waits until ClickHouse has exactly the observations that are in Kafka.
func (l *listener) stored(t *testing.T, c *collector) {
	t.Helper()
	var diff []blackbox.Difference
	var failed error
	ok := eventually(func() bool {
		rows, err := c.query(observationFacts)
		if failed = err; err != nil {
			return false
		}
		diff = blackbox.Compare(l.facts(), rows)
		return len(diff) == 0 && len(rows) > 0
	})
	require.True(t, ok, "what is in Kafka (want) and what is stored (have) differ in %d of %d (%v), the first:\n%v", len(diff), len(l.facts()), failed, diff[:min(len(diff), 5)])
}

func listen(t *testing.T, broker string) *listener {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(broker), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, err)
	l := &listener{known: blackbox.Facts{}}
	var listening sync.WaitGroup
	listening.Go(func() {
		for {
			fetches := client.PollFetches(context.Background())
			if fetches.IsClientClosed() {
				return
			}
			fetches.EachRecord(func(r *kgo.Record) {
				if err := l.consume(r); err != nil {
					t.Error(err)
				}
			})
		}
	})
	t.Cleanup(func() { client.Close(); listening.Wait() })
	return l
}

func (l *listener) consume(message *kgo.Record) error {
	logs, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(message.Value)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var r record.Record
	for lr := range record.All(logs) {
		if err := record.Read(lr, &r); err != nil {
			return err
		}
		l.known[r.EventID.String()] = strings.Join([]string{
			r.GroupID, string(r.Feed), string(r.Dialect), r.ReportedStatus.String(), r.RawStatus,
		}, "|")
	}
	return nil
}

// withClickHouse is what the collector that reads needs besides, to run the store too.
func withClickHouse(t *testing.T, c *collector) string {
	t.Helper()
	path := c.path("clickhouse.yaml")
	require.NoError(t, os.WriteFile(path, []byte(`extensions:
  clickhouse_embedded:
    native_endpoint: ${env:PROVTRAIL_CLICKHOUSE_NATIVE}
    http_endpoint: ${env:PROVTRAIL_CLICKHOUSE_HTTP}
    directory: ${env:PROVTRAIL_DATA}/clickhouse
    database: provtrail
service:
  extensions: [health_check, file_storage, clickhouse_embedded]
`), 0o600))
	return path
}
