package provisioningclickhouseexporter

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

type statuses struct {
	component.Host
	all []componentstatus.Status
}

func (s *statuses) Report(event *componentstatus.Event) { s.all = append(s.all, event.Status()) }

func TestOutageIsReportedAndRemindedOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zapcore.InfoLevel)
		host := &statuses{Host: componenttest.NewNopHost()}
		o := &outage{log: zap.New(core), host: host}
		o.report(nil)
		assert.Zero(t, logs.Len())
		begun := time.Now()
		for range 24 { // two hours
			o.report(errors.New("connection refused"))
			time.Sleep(time.Minute)
			o.report(errors.New("connection refused"))
			time.Sleep(4 * time.Minute)
		}
		o.report(nil)
		o.report(nil)

		warnings := logs.FilterLevelExact(zapcore.WarnLevel).All()
		assert.Len(t, warnings, 24, "at once, and every five minutes")
		for _, warning := range warnings {
			assert.Equal(t, begun, warning.ContextMap()["since"])
			assert.Equal(t, "connection refused", warning.ContextMap()["error"])
		}
		back := logs.FilterLevelExact(zapcore.InfoLevel).All()
		if assert.Len(t, back, 1) {
			assert.Equal(t, 2*time.Hour, back[0].ContextMap()["after"])
		}
		assert.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, host.all)
	})
}
