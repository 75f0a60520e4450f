package provisioningclickhouseexporter

import (
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"
)

// outageReminder is the time between two log lines of one outage.
const outageReminder = 5 * time.Minute

// outage says once, and again from time to time, that ClickHouse takes no records.
type outage struct {
	log  *zap.Logger
	host component.Host

	mu     sync.Mutex // guards everything below
	since  time.Time  // zero while ClickHouse takes records
	logged time.Time
}

// report sets the component's status when it changes, and logs. err is the result of an
// attempt to use ClickHouse.
func (o *outage) report(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	switch {
	case err == nil && !o.since.IsZero():
		o.log.Info("ClickHouse takes records again", zap.Duration("after", now.Sub(o.since).Round(time.Second)))
		componentstatus.ReportStatus(o.host, componentstatus.NewEvent(componentstatus.StatusOK))
		o.since, o.logged = time.Time{}, time.Time{}
	case err == nil:
	case o.since.IsZero():
		o.since = now
		componentstatus.ReportStatus(o.host, componentstatus.NewRecoverableErrorEvent(err))
		fallthrough
	case now.Sub(o.logged) >= outageReminder:
		o.logged = now
		o.log.Warn("ClickHouse takes no records: they wait in the queue and are sent again", zap.Time("since", o.since), zap.Error(err))
	}
}
