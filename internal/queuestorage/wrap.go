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

// Wrap lets an exporter made by exporterhelper use its queue's storage through a
// [storage.Client] that loses nothing. It passes an error on.
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

// Start starts the exporter with storage extensions that are watched.
func (l *logs) Start(ctx context.Context, on component.Host) error {
	return l.Logs.Start(ctx, &host{on, l})
}

// Shutdown ends every wait for the storage: what the queue holds stays there.
func (l *logs) Shutdown(ctx context.Context) error {
	l.stop.Do(func() { close(l.stopping) })
	return l.Logs.Shutdown(ctx)
}

type host struct {
	component.Host
	logs *logs
}

// GetExtensions returns all extensions, the storages among them watched.
func (h *host) GetExtensions() map[component.ID]component.Component {
	all := maps.Clone(h.Host.GetExtensions())
	for id, extension := range all {
		if s, ok := extension.(storage.Extension); ok {
			all[id] = &watched{s, id, h.logs}
		}
	}
	return all
}

// Report passes a status on.
func (h *host) Report(event *componentstatus.Event) { componentstatus.ReportStatus(h.Host, event) }

type watched struct {
	storage.Extension
	id   component.ID
	logs *logs
}

// GetClient opens the storage of the queue.
func (w *watched) GetClient(ctx context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	inner, err := w.Extension.GetClient(ctx, kind, id, name)
	if errors.Is(err, bolt.ErrTimeout) { // the lock of file_storage
		return nil, fmt.Errorf("another process has the queue of %s in storage %s open, so nothing was touched: "+
			"is a second collector running on the same folder? Stop one of them, or give it a folder of its own: %w", id, w.id, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open the queue of %s in storage %s: %w", id, w.id, err)
	}
	return &client{Client: inner, logger: w.logs.logger, stopping: w.logs.stopping}, nil
}
