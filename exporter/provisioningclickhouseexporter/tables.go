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

// tables sees to it that the tables are there before the first insert, and again when
// the server says that one is not.
type tables struct {
	create bool
	server schema.Server
	nodes  *nodes // of a cluster; nil for one server
	target schema.Target

	mu     sync.Mutex // guards everything below
	ready  bool
	repair bool
	// missing: replicas that did not answer are tried again at this time. Zero for none.
	missing time.Time
}

// tryMissingAgain is how long replicas without tables wait.
const tryMissingAgain = time.Minute

func (t *tables) ensure(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ready && (t.missing.IsZero() || time.Now().Before(t.missing)) {
		return nil
	}
	if err := t.prepare(ctx); err != nil {
		return err
	}
	t.ready, t.repair = true, false
	return nil
}

func (t *tables) prepare(ctx context.Context) error {
	t.missing = time.Time{}
	if t.create && t.nodes != nil {
		missing, err := t.nodes.migrate(ctx, t.target, t.repair)
		if missing {
			t.missing = time.Now().Add(tryMissingAgain)
		}
		return err
	}
	if t.create {
		return schema.Migrate(ctx, t.server, t.target, t.repair)
	}
	found, err := schema.Check(ctx, t.server, t.target)
	if known := schema.Migrations[len(schema.Migrations)-1].Version; err == nil && found < known {
		err = fmt.Errorf("the tables have schema version %d, this binary needs %d, and create_schema is false: "+
			"run it once with create_schema: true and a user that may create tables", found, known)
	}
	return err
}

// doubt has the tables checked before the next insert if the error says that one is
// missing.
func (t *tables) doubt(err error) {
	exception, ok := ch.AsException(err)
	if !ok || !exception.IsCode(proto.ErrUnknownTable, proto.ErrUnknownDatabase) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ready, t.repair = false, true
}
