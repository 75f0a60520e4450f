package clickhouse

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"
	"sync"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// maxLine bounds a log line; a longer one comes in pieces.
const maxLine = 1 << 20

// line is ClickHouse's JSON log format.
type line struct {
	Level   string `json:"level"`
	Logger  string `json:"logger_name"`
	QueryID string `json:"query_id"`
	Message string `json:"message"`
}

var zapLevels = map[string]zapcore.Level{
	"Fatal": zapcore.ErrorLevel, "Critical": zapcore.ErrorLevel, "Error": zapcore.ErrorLevel,
	"Warning": zapcore.WarnLevel,
	"Notice":  zapcore.InfoLevel, "Information": zapcore.InfoLevel,
}

// answered are the loggers of what was wrong with a client's query or connection: the
// client got it as the answer, and its text may hold what the query is about.
var answered = map[string]bool{
	"executeQuery": true, "TCPHandler": true, "DynamicQueryHandler": true, "HTTPHandler": true, "ServerErrorHandler": true,
}

// idle is said, as a warning, whenever a table has nothing to merge.
const idle = "Temporarily pause scheduling of tasks"

// queryFailed is what the engine prints before the error of a query of its own session:
// the one with which it starts. Clients' errors come through the logger.
const queryFailed = "Received exception:"

// stackFrame is a line of a stack trace: the library has no symbols, so it is numbers only.
var stackFrame = regexp.MustCompile(`^\d+\. .* @ 0x[0-9a-f]+$|^\(version [0-9.]+\)$`)

// passLog passes each line of a ClickHouse log on, until the log ends.
func passLog(from io.Reader, to *zap.Logger, tail *logTail) {
	reader := bufio.NewReaderSize(from, maxLine)
	for {
		text, err := reader.ReadSlice('\n')
		if trimmed := strings.TrimSpace(string(text)); trimmed != "" {
			passLine(trimmed, to, tail)
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

func passLine(text string, to *zap.Logger, tail *logTail) {
	if stackFrame.MatchString(text) {
		to.Debug(text)
		return
	}
	var l line
	if json.Unmarshal([]byte(text), &l) != nil || l.Message == "" {
		// Not from the logger: the engine's, the runtime's or the loader's last words.
		if text == queryFailed {
			tail.setFailed()
		}
		tail.add(text)
		to.Warn(text)
		return
	}
	level, known := zapLevels[l.Level]
	if !known || answered[l.Logger] || strings.HasPrefix(l.Message, idle) {
		level = zapcore.DebugLevel
	}
	message, _, _ := strings.Cut(l.Message, ", Stack trace (when copying this message")
	if level == zapcore.ErrorLevel {
		tail.add(message)
	}
	fields := []zap.Field{zap.String("clickhouse_logger", l.Logger)}
	if l.QueryID != "" {
		fields = append(fields, zap.String("query_id", l.QueryID))
	}
	to.Log(level, message, fields...)
}

// logTail remembers the last problems the engine reported, for the error of a process
// that ended.
type logTail struct {
	mu     sync.Mutex
	lines  []string
	failed bool // the query with which the engine starts
}

const tailLines = 3

func (t *logTail) add(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lines = append(t.lines, text); len(t.lines) > tailLines {
		t.lines = t.lines[1:]
	}
}

func (t *logTail) setFailed() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed = true
}

func (t *logTail) hasFailed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failed
}

func (t *logTail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == 0 {
		return ""
	}
	return "; ClickHouse said: " + strings.Join(t.lines, " | ")
}
