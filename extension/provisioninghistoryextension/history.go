package provisioninghistoryextension

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/internal/history"
	"github.com/provtrail/provtrail/internal/secretfile"
	"github.com/provtrail/provtrail/provisioning"
)

// historyExtension implements history.Store.
type historyExtension struct {
	config *Config
	logger *zap.Logger
	conn   driver.Conn
	warned atomic.Bool
}

var _ history.Store = (*historyExtension)(nil)

// Start prepares; the first connection is made for the first query.
func (h *historyExtension) Start(ctx context.Context, _ component.Host) error {
	password, err := secretfile.Password(h.config.Password, "password_file", h.config.PasswordFile)
	if err != nil {
		return err
	}
	options := &clickhouse.Options{
		Addr:         h.config.Endpoints,
		Auth:         clickhouse.Auth{Username: h.config.Username, Password: password},
		Compression:  &clickhouse.Compression{Method: clickhouse.CompressionLZ4},
		MaxOpenConns: h.config.MaxConnections,
		MaxIdleConns: h.config.MaxConnections,
	}
	if h.config.TLS.HasValue() {
		encryption, err := h.config.TLS.Get().LoadTLSConfig(ctx)
		if err != nil {
			return fmt.Errorf("tls: %w", err)
		}
		options.TLS = encryption
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		return err
	}
	h.conn = conn
	return nil
}

// Shutdown closes the connections.
func (h *historyExtension) Shutdown(context.Context) error {
	if h.conn == nil {
		return nil
	}
	return h.conn.Close()
}

// maxGroups is how many groups one query asks for.
const maxGroups = 1000

// Stored implements history.Store.
func (h *historyExtension) Stored(ctx context.Context, groups []history.KnownGroup) (map[provisioning.ID]history.StoredGroup, error) {
	stored := map[provisioning.ID]history.StoredGroup{}
	for part := range slices.Chunk(groups, maxGroups) {
		if err := h.part(ctx, part, stored); err != nil {
			if h.absent(err) {
				return nil, nil
			}
			return nil, fmt.Errorf("read from ClickHouse, database %s, what is stored of groups: %w", h.config.Database, err)
		}
	}
	return stored, nil
}

// Empty implements history.Store.
func (h *historyExtension) Empty(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, h.config.Timeout)
	defer cancel()
	var some uint64
	err := h.conn.QueryRow(ctx, "SELECT count() FROM (SELECT 1 FROM "+h.table("provisioning_observations", "provisioning_observations_all")+" LIMIT 1)").Scan(&some)
	if err != nil && !h.absent(err) {
		return false, fmt.Errorf("read from ClickHouse, database %s, whether something is stored: %w", h.config.Database, err)
	}
	return some == 0, nil
}

func (h *historyExtension) part(ctx context.Context, groups []history.KnownGroup, stored map[provisioning.ID]history.StoredGroup) error {
	newer, span, err := h.newer(ctx, groups)
	if err != nil || len(newer) == 0 {
		return err
	}
	observations, err := h.observations(ctx, newer, span)
	if err != nil {
		return err
	}
	for _, g := range newer {
		stored[g.Key] = history.StoredGroup{Version: g.Version, Observations: observations[g.Key]}
	}
	return nil
}

// absent reports whether the tables are not there yet: then nothing is stored. The
// exporter makes them.
func (h *historyExtension) absent(err error) bool {
	if c := code(err); c != unknownTable && c != unknownDatabase {
		return false
	}
	if !h.warned.Swap(true) {
		h.logger.Warn("The exporter's tables are not there: nothing is known of any group. At the first start this is as it should be; "+
			"if not, `database` or `cluster` is not as in the exporter.", zap.String("database", h.config.Database), zap.Error(err))
	}
	return true
}

// ClickHouse's error codes.
const (
	unknownTable    = 60
	unknownDatabase = 81
)

// code is that of a ClickHouse exception, 0 for anything else.
func code(err error) int32 {
	if exception, ok := errors.AsType[*clickhouse.Exception](err); ok {
		return exception.Code
	}
	return 0
}
