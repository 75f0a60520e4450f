package clickhouse

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"text/template"
)

var (
	//go:embed config.xml
	configXML      string
	configTemplate = template.Must(template.New("config.xml").Parse(configXML))

	//go:embed users.xml
	usersXML []byte
)

// writeConfig writes the engine's configuration under dir and returns its path. The
// engine itself merges the user's file over ours: that is what its config.d is for.
func writeConfig(dir string, cfg Config) (string, error) {
	extra := filepath.Join(dir, "config.d")
	if err := os.RemoveAll(dir); err != nil {
		return "", fmt.Errorf("clear the ClickHouse configuration of the run before: %w", err)
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
	if err := os.WriteFile(filepath.Join(dir, "users.xml"), usersXML, 0o600); err != nil {
		return "", fmt.Errorf("write the ClickHouse users: %w", err)
	}
	path := filepath.Join(dir, "config.xml")
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return "", fmt.Errorf("write the ClickHouse configuration: %w", err)
	}
	defer file.Close()
	memory := "<max_server_memory_usage_to_ram_ratio>0.5</max_server_memory_usage_to_ram_ratio>"
	if cfg.MemoryLimit > 0 {
		memory = "<max_server_memory_usage>" + strconv.FormatUint(cfg.MemoryLimit, 10) + "</max_server_memory_usage>"
	}
	return path, configTemplate.Execute(file, map[string]string{
		"Level":  cfg.LogLevel,
		"Memory": memory,
		"Users":  filepath.Join(dir, "users.xml"),
	})
}
