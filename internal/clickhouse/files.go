package clickhouse

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"text/template"

	"github.com/provtrail/provtrail/internal/loopbackhttp"
)

var (
	//go:embed config.xml
	configXML      string
	configTemplate = newTemplate("config.xml", configXML)

	//go:embed users.xml
	usersXML      string
	usersTemplate = newTemplate("users.xml", usersXML)
)

func newTemplate(name, text string) *template.Template {
	return template.Must(template.New(name).Funcs(template.FuncMap{"xml": html.EscapeString}).Parse(text))
}

// handler serves a path of the HTTP interface.
type handler struct{ URL, Type string }

var handlers = []handler{
	{"/ping", "ping"},
	{"/replicas_status", "replicas_status"},
	{"/play", "play"},
	{"regex:/([?].*)?", "dynamic_query_handler"},
}

// writeConfig writes the engine's configuration under dir and returns its path. The
// engine itself merges the user's file over ours: that is what its config.d is for.
func writeConfig(dir string, cfg Config, password string) (string, error) {
	extra := filepath.Join(dir, "config.d")
	if err := os.RemoveAll(dir); err != nil {
		return "", fmt.Errorf("remove the ClickHouse configuration of an earlier run: %w", err)
	}
	if err := os.MkdirAll(extra, 0o700); err != nil {
		return "", fmt.Errorf("write the ClickHouse configuration: %w", err)
	}
	if cfg.ConfigFile != "" {
		text, err := os.ReadFile(cfg.ConfigFile)
		if err != nil {
			return "", fmt.Errorf("read the ClickHouse config_file: %w", err)
		}
		if err := os.WriteFile(filepath.Join(extra, "user.xml"), text, 0o600); err != nil {
			return "", fmt.Errorf("write the ClickHouse configuration: %w", err)
		}
	}
	path, users := filepath.Join(dir, "config.xml"), filepath.Join(dir, "users.xml")
	hash := sha256.Sum256([]byte(password))
	return path, errors.Join(
		writeTemplate(users, usersTemplate, map[string]any{
			"Unrestricted": cfg.Unrestricted,
			"LetIn":        cfg.Unrestricted || cfg.confined(),
			"Database":     cfg.Database,
			"ReaderMemory": readerMemory(cfg.MemoryLimitMiB << 20),
			"Writer":       WriterUser,
			"WriterHash":   hex.EncodeToString(hash[:]),
		}),
		writeTemplate(path, configTemplate, map[string]any{
			"Level":    cfg.LogLevel,
			"Memory":   cfg.MemoryLimitMiB << 20,
			"Users":    users,
			"History":  filepath.Join(cfg.Directory, "store", "history"),
			"Hosts":    loopbackHosts(cfg.HTTPEndpoint),
			"Handlers": handlers,
		}))
}

func writeTemplate(path string, from *template.Template, values map[string]any) error {
	var text bytes.Buffer
	if err := from.Execute(&text, values); err != nil {
		return fmt.Errorf("compose the ClickHouse configuration: %w", err)
	}
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		return fmt.Errorf("write the ClickHouse configuration: %w", err)
	}
	return nil
}

// readerMemory bounds what all queries of the user default take together, in bytes: half
// of the engine's memory, so that the collector's inserts always have the other half.
func readerMemory(limit uint64) uint64 {
	const unknown = 2 << 30
	if limit == 0 {
		return unknown
	}
	return limit / 2
}

// loopbackHosts is a pattern of the Host headers that name a loopback endpoint, and empty
// for an endpoint that is not on loopback: there the names of the machine are not known.
func loopbackHosts(endpoint string) string {
	_, port, err := net.SplitHostPort(endpoint)
	if err != nil || !loopbackhttp.IsLoopback(endpoint) {
		return ""
	}
	const loopback = `([lL][oO][cC][aA][lL][hH][oO][sS][tT]|127\.[0-9]+\.[0-9]+\.[0-9]+|\[::1\])`
	if n, _ := strconv.Atoi(port); n == 80 {
		return loopback + `(:80)?`
	}
	return loopback + ":" + port
}
