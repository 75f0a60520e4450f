package provisioningclickhouseexporter

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"go.uber.org/zap"

	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/schema"
)

// node is a server that holds tables of its own.
type node struct {
	address string // host:port of the native protocol
	shard   string // number in system.clusters; empty until it is known
}

// nodes creates the tables on every server of a cluster by connecting to each: ON CLUSTER
// leaves out a server that joins later, and needs rights of its own.
type nodes struct {
	cluster string
	listed  []string      // from the configuration; empty for those of system.clusters
	any     schema.Server // some server of the cluster
	connect func(address string) (closableServer, error)
	log     *zap.Logger
}

type closableServer interface {
	schema.Server
	Close()
}

// migrate brings every node to the newest schema. It fails unless each shard has a node
// with the newest schema. incomplete means that further replicas failed, which have to be
// tried again.
func (n *nodes) migrate(ctx context.Context, target schema.Target, repair bool) (incomplete bool, err error) {
	list, shards, err := n.find(ctx)
	if err != nil {
		return false, err
	}
	failures := make([]error, len(list))
	var working sync.WaitGroup
	for i := range list {
		working.Go(func() {
			if err := n.one(ctx, &list[i], target, repair); err != nil {
				failures[i] = fmt.Errorf("node %s of cluster %s: %w", list[i].address, n.cluster, err)
			}
		})
	}
	working.Wait()
	ready := map[string]bool{}
	for i := range list {
		if failures[i] == nil {
			ready[list[i].shard] = true
		}
	}
	all := errors.Join(failures...)
	if _, newer := errors.AsType[*schema.NewerError](all); newer {
		return false, all
	}
	for _, shard := range shards {
		if !ready[shard] {
			return false, errors.Join(fmt.Errorf("cluster %s: no node of shard %s has its tables", n.cluster, shard), all)
		}
	}
	if all != nil {
		n.log.Warn("Some replicas could not be migrated and are tried again; each shard has a replica that was.", zap.Error(all))
	}
	return all != nil, nil
}

// find lists the nodes and the shards' numbers.
func (n *nodes) find(ctx context.Context) (list []node, shards []string, err error) {
	where := " FROM system.clusters WHERE cluster = " + schema.Target{}.Literal(n.cluster)
	rows, err := n.any.Strings(ctx, "SELECT concat(toString(shard_num), ' ', if(position(host_name, ':') > 0, concat('[', host_name, ']'), host_name), ':', toString(port))"+where+" ORDER BY shard_num, replica_num")
	if err != nil {
		return nil, nil, fmt.Errorf("read the nodes of cluster %s: %w", n.cluster, err)
	}
	if len(rows) == 0 {
		return nil, nil, fmt.Errorf("cluster %s is not in system.clusters of the server: add it to remote_servers, or correct cluster::name", n.cluster)
	}
	for _, row := range rows {
		shard, address, _ := strings.Cut(row, " ")
		if len(shards) == 0 || shards[len(shards)-1] != shard {
			shards = append(shards, shard)
		}
		list = append(list, node{address: address, shard: shard})
	}
	if len(n.listed) > 0 {
		list = nil
		for _, address := range n.listed {
			list = append(list, node{address: address})
		}
	}
	return list, shards, nil
}

func (n *nodes) one(ctx context.Context, to *node, target schema.Target, repair bool) error {
	server, err := n.connect(to.address)
	if err != nil {
		return err
	}
	defer server.Close()
	if to.shard == "" {
		rows, err := server.Strings(ctx, "SELECT toString(shard_num) FROM system.clusters WHERE is_local AND cluster = "+target.Literal(n.cluster))
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return errors.New("the node is not in its own system.clusters (is_local)")
		}
		to.shard = rows[0]
	}
	return schema.Migrate(ctx, server, target, repair)
}
