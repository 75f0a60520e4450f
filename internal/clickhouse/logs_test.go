package clickhouse

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestLogIsPassedOn(t *testing.T) {
	core, logs := observer.New(zapcore.DebugLevel)
	cfg := testConfig(t.TempDir())
	cfg.LogLevel = "information"
	engine := open(t, cfg, zap.New(core))
	process := start(t, engine)
	answer := queryHTTP(t, engine.HTTPAddr(), "SELECT throwIf(1, 'said on purpose')")
	require.Contains(t, answer, "said on purpose")
	require.NoError(t, process.Stop(t.Context()))

	assert.NotZero(t, logs.FilterLevelExact(zapcore.InfoLevel).FilterField(zap.String("clickhouse_logger", "Application")).Len())
	assert.Zero(t, logs.FilterLevelExact(zapcore.ErrorLevel).Len(), "what a client did wrong is the client's")
	failed := logs.FilterLevelExact(zapcore.DebugLevel).FilterMessageSnippet("said on purpose").FilterField(zap.String("clickhouse_logger", "executeQuery")).All()
	require.Len(t, failed, 1)
	assert.Contains(t, failed[0].Message, "said on purpose")
	assert.NotContains(t, failed[0].Message, "Stack trace")
	assert.NotEmpty(t, failed[0].ContextMap()["query_id"])
}

func TestLogLevelIsHonoured(t *testing.T) {
	core, logs := observer.New(zapcore.DebugLevel)
	cfg := testConfig(t.TempDir())
	cfg.LogLevel = "error"
	require.NoError(t, start(t, open(t, cfg, zap.New(core))).Stop(t.Context()))
	assert.Zero(t, logs.Len(), "%v", logs.All())
}

func TestPassLog(t *testing.T) {
	f := func(in string, want ...string) {
		t.Helper()
		core, logs := observer.New(zapcore.DebugLevel)
		passLog(strings.NewReader(in), zap.New(core), &logTail{})
		var got []string
		for _, entry := range logs.All() {
			got = append(got, entry.Level.String()+" "+entry.Message)
		}
		assert.Equal(t, want, got)
	}
	f("")
	f("\n\n")
	f(`{"level":"Fatal","message":"a"}`, "error a")
	f(`{"level":"Warning","message":"a, Stack trace (when copying this message, always ...):\n0. ?"}`, "warn a")
	f(`{"level":"Trace","message":"a"}`+"\n"+`{"level":"Notice","message":"b"}`, "debug a", "info b")
	f(`{"level":"Warning","message":"Temporarily pause scheduling of tasks with id 1"}`, "debug Temporarily pause scheduling of tasks with id 1")
	f(`{"level":"Error","logger_name":"executeQuery","message":"a"}`, "debug a")
	f("free text\n{}\n", "warn free text", "warn {}")
	f(strings.Repeat("x", maxLine)+"y\n", "warn "+strings.Repeat("x", maxLine), "warn y")
}

func FuzzPassLog(f *testing.F) {
	f.Add(`{"level":"Error","message":"a","query_id":"q"}` + "\nfree text\n")
	f.Add("{\x00\n\"")
	f.Fuzz(func(t *testing.T, in string) {
		core, logs := observer.New(zapcore.DebugLevel)
		tail := &logTail{}
		passLog(strings.NewReader(in), zap.New(core), tail)
		want := 0
		for text := range strings.SplitSeq(in, "\n") {
			if strings.TrimSpace(text) != "" {
				want++
			}
		}
		if want != logs.Len() {
			t.Fatalf("%d lines in, %d out", want, logs.Len())
		}
		if len(tail.lines) > tailLines {
			t.Fatalf("tail of %d", len(tail.lines))
		}
	})
}
