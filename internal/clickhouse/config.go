package clickhouse

import "time"

// Levels are the log levels ClickHouse knows, from silent to chatty.
var Levels = []string{"none", "fatal", "critical", "error", "warning", "notice", "information", "debug", "trace"}

// Config says where the engine is, where it keeps its data and where it listens.
type Config struct {
	// NativeEndpoint (host:port) serves the native protocol, HTTPEndpoint the HTTP
	// interface. Both must have the same host. Port 0 stands for a free port, chosen once
	// per [Engine].
	NativeEndpoint string `mapstructure:"native_endpoint"`
	HTTPEndpoint   string `mapstructure:"http_endpoint"`

	// Directory holds everything the engine writes. One process at a time may own it.
	Directory string `mapstructure:"directory"`

	// Binary is a clickhouse executable, Library a libchdb; at most one may be set. Both
	// empty: see [Find].
	Binary  string `mapstructure:"binary"`
	Library string `mapstructure:"library"`

	// ConfigFile is an XML configuration merged over the built-in one, for users,
	// clusters and macros. Empty for none.
	ConfigFile string `mapstructure:"config_file"`

	// Database is made before clients are let in, and the user default may read it, and
	// nothing else.
	Database string `mapstructure:"database"`

	// LogLevel is one of [Levels]: the least important log line that is passed on.
	LogLevel string `mapstructure:"log_level"`

	// MemoryLimitMiB bounds the memory of the engine; 0 for half of the machine's.
	MemoryLimitMiB uint64 `mapstructure:"memory_limit_mib"`

	// StartTimeout bounds the wait for a data directory that an earlier process is
	// still leaving, and then the time until the engine answers.
	StartTimeout time.Duration `mapstructure:"start_timeout"`

	// StopTimeout bounds a clean stop; after it the process is killed.
	StopTimeout time.Duration `mapstructure:"stop_timeout"`

	// Unrestricted gives the user default every right: for tests and benchmarks.
	Unrestricted bool `mapstructure:"-"`

	// Readable are further files and folders that the engine may read: for tests.
	Readable []string `mapstructure:"-"`

	unconfined bool // as on a machine that cannot confine it, for tests
}

// confined says whether the engine is kept from the files of the machine.
func (c *Config) confined() bool { return canConfine() && !c.unconfined }

// DefaultConfig listens on ClickHouse's usual ports, on loopback only.
func DefaultConfig() Config {
	return Config{
		NativeEndpoint: "127.0.0.1:9000",
		HTTPEndpoint:   "127.0.0.1:8123",
		Directory:      "data/clickhouse",
		Database:       "provtrail",
		LogLevel:       "warning",
		StartTimeout:   time.Minute,
		StopTimeout:    30 * time.Second,
	}
}
