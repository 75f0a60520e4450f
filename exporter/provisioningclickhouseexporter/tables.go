package provisioningclickhouseexporter

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/ch-go/proto"

	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/schema"
)

// tables creates or checks the tables before the first insert, and again when the server
// reports that one is missing.
type tables struct {
	create bool
	server schema.Server
	nodes  *nodes // of a cluster; nil for one server
	target schema.Target
	// syncDirectory must be on the file system of the tables; empty for any.
	syncDirectory string

	mu     sync.Mutex // guards everything below
	ready  bool
	repair bool
	// retryReplicas is when replicas that failed are tried again; zero for none.
	retryReplicas time.Time
}

const replicaRetryInterval = time.Minute

func (t *tables) ensure(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ready && (t.retryReplicas.IsZero() || time.Now().Before(t.retryReplicas)) {
		return nil
	}
	if err := t.prepare(ctx); err != nil {
		return err
	}
	if t.syncDirectory != "" {
		if err := t.checkSyncDirectory(ctx); err != nil {
			return err
		}
	}
	t.ready, t.repair = true, false
	return nil
}

func (t *tables) prepare(ctx context.Context) error {
	t.retryReplicas = time.Time{}
	if t.create && t.nodes != nil {
		incomplete, err := t.nodes.migrate(ctx, t.target, t.repair)
		if incomplete {
			t.retryReplicas = time.Now().Add(replicaRetryInterval)
		}
		return err
	}
	if t.create {
		return schema.Migrate(ctx, t.server, t.target, t.repair)
	}
	found, err := schema.Check(ctx, t.server, t.target)
	if known := schema.Migrations[len(schema.Migrations)-1].Version; err == nil && found < known {
		err = fmt.Errorf("the tables have schema version %d, this program needs %d, and create_schema is false: "+
			"run it once with create_schema: true and a user that may create tables", found, known)
	}
	return err
}

// invalidate has the tables checked before the next insert if the error means that one is
// missing.
func (t *tables) invalidate(err error) {
	if !isMissing(err) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ready, t.repair = false, true
}

// isMissing reports whether a table or the database is not there.
func isMissing(err error) bool {
	exception, ok := ch.AsException(err)
	return ok && exception.IsCode(proto.ErrUnknownTable, proto.ErrUnknownDatabase)
}
