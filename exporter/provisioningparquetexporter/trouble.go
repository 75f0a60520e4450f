package provisioningparquetexporter

import (
	"errors"
	"time"

	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"
)

// troublePeriod is how often an error that lasts is logged.
const troublePeriod = 5 * time.Minute

// trouble is what keeps the exporter from sealing.
type trouble struct {
	lasts  bool
	logged time.Time
}

// report logs what keeps the exporter from sealing and sets its status; nil: nothing. Only
// one goroutine calls it.
func (e *parquetExporter) report(err error) {
	refused := e.archive.Load().Refused()
	switch {
	case err == nil && e.trouble.lasts:
		e.trouble = trouble{}
		e.logger.Info("hours are sealed again")
		componentstatus.ReportStatus(e.host, componentstatus.NewEvent(componentstatus.StatusOK))
	case err != nil:
		if !e.trouble.lasts && refused == nil {
			componentstatus.ReportStatus(e.host, componentstatus.NewRecoverableErrorEvent(err))
		}
		e.trouble.lasts = true
		if time.Since(e.trouble.logged) < troublePeriod {
			return
		}
		e.trouble.logged = time.Now()
		if refused != nil && errors.Is(err, refused) {
			e.logger.Error("nothing is sealed until a person decides; records are stored", zap.Error(err))
			return
		}
		e.logger.Error("cannot seal; records are still stored", zap.Error(err))
	}
}
