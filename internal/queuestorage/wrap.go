package queuestorage

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"

	bolt "go.etcd.io/bbolt/errors"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

// Wrap has an exporter made by exporterhelper use the storage of its queue through this
// package's client. It returns err if that is not nil.
func Wrap(set exporter.Settings, made exporter.Logs, err error) (exporter.Logs, error) {
	if err != nil {
		return nil, err
	}
	return &logs{Logs: made, logger: set.Logger, stopping: make(chan struct{})}, nil
}

type logs struct {
	exporter.Logs
	logger   *zap.Logger
	stopping chan struct{}
	stop     sync.Once
}

// Start starts the exporter with wrapped storage extensions.
func (l *logs) Start(ctx context.Context, on component.Host) error {
	return l.Logs.Start(ctx, &host{on, l})
}

// Shutdown ends every wait for the storage. What the queue holds stays in it.
func (l *logs) Shutdown(ctx context.Context) error {
	l.stop.Do(func() { close(l.stopping) })
	return l.Logs.Shutdown(ctx)
}

type host struct {
	component.Host
	logs *logs
}

// GetExtensions returns all extensions, the storage extensions wrapped.
func (h *host) GetExtensions() map[component.ID]component.Component {
	all := maps.Clone(h.Host.GetExtensions())
	for id, e := range all {
		if s, ok := e.(storage.Extension); ok {
			all[id] = &extension{s, id, h.logs}
		}
	}
	return all
}

// Report passes a status on.
func (h *host) Report(event *componentstatus.Event) { componentstatus.ReportStatus(h.Host, event) }

type extension struct {
	storage.Extension
	id   component.ID
	logs *logs
}

// GetClient opens the storage of the queue.
func (e *extension) GetClient(ctx context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	inner, err := e.Extension.GetClient(ctx, kind, id, name)
	if errors.Is(err, bolt.ErrTimeout) { // the lock of file_storage
		return nil, fmt.Errorf("another process has the queue of %s in storage %s open, so nothing was changed: "+
			"if a second collector uses the same directory, stop it or give it another directory: %w", id, e.id, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open the queue of %s in storage %s: %w", id, e.id, err)
	}
	return &client{Client: inner, logger: e.logs.logger, stopping: e.logs.stopping}, nil
}
