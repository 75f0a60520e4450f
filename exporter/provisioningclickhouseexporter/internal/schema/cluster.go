package schema

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
)

// Cluster is the servers that the tables are spread over.
type Cluster struct {
	// Name of the cluster in the servers' remote_servers.
	Name string
	// Replicated makes Replicated engines, whose parts the replicas of a shard exchange.
	Replicated bool
	// Path is a table's path in ZooKeeper or Keeper; the servers fill in {shard},
	// {database} and {table} from their macros.
	Path string
}

//go:embed cluster/over_all_shards.sql
var overAllShards string

// View is the quoted name of a view over one server's rows.
func (t Target) View(name string) string {
	if t.Cluster != nil {
		name += "_local"
	}
	return t.Table(name)
}

// Into is the quoted name of the table that rows are inserted into.
func (t Target) Into(table string) string {
	if t.Cluster != nil {
		table += "_all"
	}
	return t.Table(table)
}

// Engine is a table's engine, of the MergeTree family.
func (t Target) Engine(table, engine string, args ...string) string {
	if t.replicated() {
		path := strings.NewReplacer("{database}", t.Database, "{table}", table).Replace(t.Cluster.Path)
		engine, args = "Replicated"+engine, append([]string{literal(path), "'{replica}'"}, args...)
	}
	return engine + "(" + strings.Join(args, ", ") + ")"
}

func (t Target) replicated() bool { return t.Cluster != nil && t.Cluster.Replicated }

// Literal quotes text for SQL.
func (t Target) Literal(text string) string { return literal(text) }

// OverAllShards are the statements that are run on every node of a cluster after the
// migrations.
func (t Target) OverAllShards() ([]string, error) {
	return Migration{SQL: overAllShards}.Statements(t)
}

func createOverAllShards(ctx context.Context, server Server, t Target) error {
	if t.Cluster == nil {
		return nil
	}
	statements, err := t.OverAllShards()
	if err != nil {
		return err
	}
	for _, statement := range statements {
		if err := server.Exec(ctx, statement); err != nil {
			return fmt.Errorf("tables over all shards of cluster %s: %w", t.Cluster.Name, err)
		}
	}
	return nil
}

// checkEngines refuses tables that were created with another cluster setting: IF NOT
// EXISTS would keep them, and no view would show a part of the data.
func checkEngines(ctx context.Context, server Server, t Target) error {
	engines, err := server.Strings(ctx, fmt.Sprintf(
		"SELECT engine FROM system.tables WHERE database = %s AND name IN ('activities', 'provisioning_observations') ORDER BY name", literal(t.Database)))
	if err != nil {
		return fmt.Errorf("read the engines of database %s: %w", t.Database, err)
	}
	for _, engine := range engines {
		wrong := false
		switch engine {
		case "View", "Distributed":
			wrong = (engine == "Distributed") != (t.Cluster != nil)
		default:
			wrong = strings.HasPrefix(engine, "Replicated") != t.replicated()
		}
		if wrong {
			return fmt.Errorf("database %s was created with another `cluster` setting (engine %s): nothing was written or changed, "+
				"the data waits in the queue; restore the earlier `cluster` setting or name another `database`", t.Database, engine)
		}
	}
	return nil
}
