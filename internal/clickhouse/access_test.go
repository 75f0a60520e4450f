package clickhouse

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	driver "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"
)

// restricted starts an engine as the collector does, with a table to read.
func restricted(t *testing.T) (engine *Engine, process *Process, writer driver.Conn) {
	t.Helper()
	return restrictedBy(t, DefaultConfig())
}

func restrictedBy(t *testing.T, cfg Config) (engine *Engine, process *Process, writer driver.Conn) {
	t.Helper()
	cfg.Directory = t.TempDir()
	cfg.NativeEndpoint, cfg.HTTPEndpoint = "127.0.0.1:0", "127.0.0.1:0"
	cfg.LogLevel, cfg.MemoryLimitMiB = "none", 1<<10
	engine = open(t, cfg, zaptest.NewLogger(t))
	process = start(t, engine)
	writer, err := asWriter(engine)
	require.NoError(t, err)
	t.Cleanup(func() { _ = writer.Close() })
	require.NoError(t, writer.Exec(t.Context(), "CREATE TABLE provtrail.t (id UInt64, word LowCardinality(String)) ENGINE = MergeTree ORDER BY id"))
	require.NoError(t, writer.Exec(t.Context(), "CREATE VIEW provtrail.v AS SELECT id, upper(word) AS word FROM provtrail.t"))
	require.NoError(t, writer.Exec(t.Context(), "INSERT INTO provtrail.t SELECT number, 'a' FROM numbers(1000)"))
	return engine, process, writer
}

func asWriter(engine *Engine) (driver.Conn, error) {
	password, err := ReadPassword(engine.cfg.Directory)
	if err != nil {
		return nil, err
	}
	return driver.Open(&driver.Options{
		Addr: []string{engine.NativeAddr()}, Auth: driver.Auth{Username: WriterUser, Password: password},
	})
}

// secretFile is a file of this machine that no client may see.
func secretFile(t *testing.T) (path, secret string) {
	secret = "top-secret-0c5e"
	path = filepath.Join(t.TempDir(), "secret.csv")
	require.NoError(t, os.WriteFile(path, []byte(secret+"\n"), 0o600))
	return path, secret
}

// outward are queries that reach outside of the database, or change something.
func outward(directory, file, out string) []string {
	return []string{
		"SELECT * FROM file('" + file + "', 'LineAsString')",
		"SELECT * FROM file('" + file + "', 'LineAsString', 'line String')",
		"SELECT file('" + file + "')",
		"SELECT * APPLY(file) FROM (SELECT '" + file + "')",
		"SELECT file('/etc/passwd')", "SELECT file('/proc/self/root/etc/passwd')",
		"SELECT file('" + directory + "/password')",
		fmt.Sprintf("SELECT file('/proc/%d/environ')", os.Getpid()),
		"SELECT * FROM fileCluster('default', '" + file + "', 'LineAsString', 'line String')",
		"SELECT * FROM `" + file + "`",
		"SELECT * FROM `default`.`" + file + "`",
		"DESCRIBE file('" + file + "')",
		"SELECT * FROM filesystem('/')",
		"SELECT * FROM sqlite('" + file + "', 't')",
		"SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString', 'line String')",
		"SELECT * FROM urlCluster('default', 'http://127.0.0.1:1/', 'LineAsString', 'line String')",
		"SELECT * FROM s3('http://127.0.0.1:1/b/k', 'LineAsString', 'line String')",
		"SELECT * FROM gcs('http://127.0.0.1:1/b/k', 'LineAsString', 'line String')",
		"SELECT * FROM azureBlobStorage('DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;BlobEndpoint=http://127.0.0.1:1/a;', 'c', 'k', 'LineAsString', 'auto', 'line String')",
		"SELECT * FROM hdfs('hdfs://127.0.0.1:1/k', 'LineAsString', 'line String')",
		"SELECT * FROM deltaLakeLocal('/etc')",
		"SELECT * FROM icebergLocal('/etc')",
		"SELECT * FROM executable('cat.sh', 'LineAsString', 'line String', (SELECT 1))",
		"SELECT * FROM remote('127.0.0.1:1', system.one)",
		"SELECT * FROM remoteSecure('127.0.0.1:1', system.one)",
		"SELECT * FROM cluster('default', system.one)",
		"SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')",
		"SELECT * FROM postgresql('127.0.0.1:1', 'd', 't', 'u', 'p')",
		"SELECT * FROM mongodb('127.0.0.1:1', 'd', 't', 'u', 'p', 'a String')",
		"SELECT * FROM redis('127.0.0.1:1', 'k', 'k String, v String')",
		"SELECT * FROM jdbc('jdbc:x', 'd', 't')",
		"SELECT * FROM odbc('DSN=x', 'd', 't')",
		"SELECT * FROM arrowFlight('127.0.0.1:1', 'd')",
		"SELECT * FROM python('x')",
		"SELECT * FROM dictionary('x')",
		"SELECT dictGet('x', 'y', 1)",
		"INSERT INTO FUNCTION file('" + out + "', 'CSV', 'a String') SELECT 'x'",
		"INSERT INTO FUNCTION url('http://127.0.0.1:1/', 'CSV', 'a String') SELECT 'x'",
		"SELECT * FROM format(CapnProto, 'x') SETTINGS format_schema = '" + file + ":Message'",
		"SELECT 1 FORMAT Template SETTINGS format_template_row = '" + file + "'",
		"SELECT 1 FORMAT Template SETTINGS format_template_resultset = '" + file + "'",
		"BACKUP TABLE provtrail.t TO File('" + out + "')",
		"BACKUP TABLE provtrail.t TO Disk('default', 'x.zip')",
		"RESTORE TABLE provtrail.t FROM File('" + out + "')",
		"CREATE TABLE provtrail.x (a String) ENGINE = File(CSV, '" + file + "')",
		"CREATE TABLE provtrail.x (a String) ENGINE = URL('http://127.0.0.1:1/', CSV)",
		"CREATE TABLE provtrail.x (a String) ENGINE = Memory",
		"CREATE TEMPORARY TABLE x (a String) ENGINE = File(CSV, '" + file + "')",
		"CREATE TEMPORARY TABLE x (a String)",
		"CREATE VIEW provtrail.x AS SELECT 1",
		"CREATE DATABASE x", "CREATE DATABASE provtrail", "DROP DATABASE provtrail", "CREATE DATABASE x ENGINE = Filesystem('/')",
		"CREATE DICTIONARY provtrail.x (k UInt64, v String) PRIMARY KEY k SOURCE(FILE(path '" + file + "' format 'CSV')) LAYOUT(FLAT()) LIFETIME(0)",
		"CREATE DICTIONARY provtrail.x (k UInt64, v String) PRIMARY KEY k SOURCE(EXECUTABLE(command 'cat /etc/passwd' format 'CSV')) LAYOUT(FLAT()) LIFETIME(0)",
		"CREATE FUNCTION x AS (a) -> a", "CREATE NAMED COLLECTION x AS a = 1",
		"INSERT INTO provtrail.t VALUES (1, 'x')", "INSERT INTO provtrail.t SELECT 1, 'x'",
		"ALTER TABLE provtrail.t DELETE WHERE 1", "DELETE FROM provtrail.t WHERE 1", "TRUNCATE TABLE provtrail.t",
		"DROP TABLE provtrail.t", "RENAME TABLE provtrail.t TO provtrail.x", "OPTIMIZE TABLE provtrail.t FINAL",
		"DETACH TABLE provtrail.t", "ALTER TABLE provtrail.t FREEZE", "EXCHANGE TABLES provtrail.t AND provtrail.v",
		"SYSTEM SHUTDOWN", "SYSTEM KILL", "SYSTEM STOP LISTEN HTTP", "SYSTEM FLUSH LOGS", "SYSTEM STOP MERGES provtrail.t", "SYSTEM RELOAD CONFIG", "SYSTEM DROP MARK CACHE",
		"KILL QUERY WHERE 1", "KILL MUTATION WHERE 1",
		"CREATE USER x", "ALTER USER default IDENTIFIED BY 'x'", "DROP USER provtrail", "CREATE ROLE x", "GRANT ALL ON *.* TO default",
		"CREATE SETTINGS PROFILE x SETTINGS readonly = 0", "SET ROLE x", "EXECUTE AS provtrail SELECT 1",
		"SET readonly = 0", "SELECT 1 SETTINGS readonly = 0", "SET profile = 'default'", "SELECT 1 SETTINGS profile = 'default'",
		"SET max_memory_usage = 0", "SET max_memory_usage = 100000000000", "SET max_execution_time = 0", "SET max_execution_time = 100000",
		"SET max_concurrent_queries_for_user = 0", "SET max_result_rows = 0", "SET query_profiler_cpu_time_period_ns = 1000000",
		"SELECT query FROM system.query_log", "SELECT * FROM system.processes", "SELECT * FROM system.users", "SELECT * FROM system.server_settings",
		"SELECT * FROM system.disks", "SELECT * FROM system.text_log", "SELECT * FROM system.stack_trace", "SELECT * FROM system.named_collections",
		"SELECT addressToSymbol(1)", "SELECT catboostEvaluate('" + file + "', 1)",
	}
}

// reading is what people and panels do.
var reading = []string{
	"SELECT count() FROM provtrail.t",
	"SELECT a.id, b.word FROM provtrail.t AS a INNER JOIN provtrail.v AS b ON a.id = b.id WHERE a.id < 10 ORDER BY a.id",
	"SELECT word, count(), quantile(0.9)(id) FROM provtrail.t GROUP BY word WITH TOTALS",
	"SELECT count() FROM provtrail.t SETTINGS max_threads = 1, max_execution_time = 30, max_memory_usage = 100000000",
	"WITH 3 AS n SELECT n, arrayJoin(range(n)), now() FROM numbers(3)",
	"SHOW TABLES FROM provtrail", "SHOW CREATE TABLE provtrail.t", "DESCRIBE provtrail.v", "EXPLAIN SELECT * FROM provtrail.t",
	"SELECT name FROM system.tables WHERE database = 'provtrail'", "SELECT name, type FROM system.columns WHERE database = 'provtrail'",
	"SELECT name FROM system.databases", "SELECT name FROM system.functions LIMIT 1", "SELECT name FROM system.settings LIMIT 1", "SELECT version(), timezone(), currentUser()",
	"SELECT 1 SETTINGS max_block_size = 1000",
}

func TestDefaultReadsTheDatabaseAndNothingElse(t *testing.T) {
	engine, process, writer := restricted(t)
	file, secret := secretFile(t)
	out := filepath.Join(t.TempDir(), "out")
	native := connect(t, engine.NativeAddr())
	ways := map[string]func(query string) (answer string, err error){
		"native": func(query string) (string, error) { return queryNative(t.Context(), native, query) },
		"http":   func(query string) (string, error) { return postHTTP(t, engine, query, nil) },
		"http with readonly 0": func(query string) (string, error) {
			return postHTTP(t, engine, query, url.Values{"readonly": {"0"}, "profile": {"default"}})
		},
	}
	for way, ask := range ways {
		for _, query := range outward(engine.cfg.Directory, file, out) {
			answer, err := ask(query)
			assert.Error(t, err, "%s: %s: %.100s", way, query, answer)
			assert.NotContains(t, answer+fmt.Sprint(err), secret, "%s: %s", way, query)
		}
	}
	for _, query := range reading {
		for _, way := range []string{"native", "http"} {
			_, err := ways[way](query)
			assert.NoError(t, err, "%s: %s", way, query)
		}
	}
	assert.NoFileExists(t, out)
	var rows uint64
	require.NoError(t, writer.QueryRow(t.Context(), "SELECT count() FROM provtrail.t").Scan(&rows))
	assert.EqualValues(t, 1000, rows)
	select {
	case <-process.Done():
		t.Fatal("the engine ended: ", process.Err())
	default:
	}
}

func queryNative(ctx context.Context, conn driver.Conn, query string) (string, error) {
	rows, err := conn.Query(ctx, query)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var answer strings.Builder
	for rows.Next() {
		values := make([]any, len(rows.Columns()))
		for i, column := range rows.ColumnTypes() {
			values[i] = reflect.New(column.ScanType()).Interface()
		}
		if err := rows.Scan(values...); err != nil {
			return "", err
		}
		for _, value := range values {
			fmt.Fprintln(&answer, reflect.ValueOf(value).Elem())
		}
	}
	return answer.String(), rows.Err()
}

func postHTTP(t *testing.T, engine *Engine, query string, parameters url.Values) (string, error) {
	res, err := http.Post("http://"+engine.HTTPAddr()+"/?"+parameters.Encode(), "text/plain", strings.NewReader(query))
	if err != nil {
		return "", err
	}
	return readAnswer(t, res)
}

// Where the kernel cannot confine the engine, nobody gets in without the password: no grant
// keeps the function file() from the files of the machine.
func TestUnconfinedNeedsThePassword(t *testing.T) {
	cfg := DefaultConfig()
	cfg.unconfined = true
	engine, _, writer := restrictedBy(t, cfg)
	native := connect(t, engine.NativeAddr())
	for range 2 {
		_, err := postHTTP(t, engine, "SELECT 1", nil)
		require.ErrorContains(t, err, "USER_SESSION_LIMIT_EXCEEDED")
		require.ErrorContains(t, native.Ping(t.Context()), "overflown session count")
	}
	require.NoError(t, writer.Ping(t.Context()))
}
