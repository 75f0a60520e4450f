package delivery

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/metadata"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/metadatatest"
)

// TestWhatIsLeftOutIsCounted by name, and each name is logged once.
func TestWhatIsLeftOutIsCounted(t *testing.T) {
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, telemetry.Shutdown(context.Background())) })
	core, logs := observer.New(zap.InfoLevel)
	set := receivertest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	set.Logger = zap.New(core)
	metrics, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	require.NoError(t, err)
	sink := new(consumertest.LogsSink)
	d, err := New(provisioning.FeedFile, set, metrics, sink)
	require.NoError(t, err)

	p := sailpoint.Parser{Tenant: "acme", Feed: provisioning.FeedFile}
	var b Batch
	for range 2 {
		p.Parse([]byte(`{"id":"a","created":"yesterday","items":[{"id":"i","requested":"soon"},{"id":"j","requested":"later"}]}`), 1, &b.Result)
	}
	b.Ignored = append(b.Ignored, sailpoint.Ignored{Reason: sailpoint.ReasonOtherTrigger, Name: "idn:a"}, sailpoint.Ignored{Reason: sailpoint.ReasonOtherTrigger, Name: "idn:a"})
	require.NoError(t, d.Deliver(t.Context(), &b))
	require.Equal(t, 4, sink.LogRecordCount(), "the records are kept")
	feed := attribute.String("feed", "file")
	metadatatest.AssertEqualReceiverProvisioningUnreadableFields(t, telemetry, []metricdata.DataPoint[int64]{
		{Value: 2, Attributes: attribute.NewSet(feed, attribute.String("field", "created"))},
		{Value: 4, Attributes: attribute.NewSet(feed, attribute.String("field", "items[].requested"))},
	}, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
	metadatatest.AssertEqualReceiverProvisioningIgnored(t, telemetry, []metricdata.DataPoint[int64]{
		{Value: 2, Attributes: attribute.NewSet(feed, attribute.String("reason", sailpoint.ReasonOtherTrigger), attribute.String("name", "idn:a"))},
	}, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
	require.Len(t, logs.FilterMessageSnippet("a field cannot be read").All(), 2)
	require.Len(t, logs.FilterMessageSnippet("delete the subscription").All(), 1)
}

func TestNamesAreBounded(t *testing.T) {
	var n names
	for i := range maxNames {
		name, isNew := n.bound(fmt.Sprint(i))
		require.Equal(t, fmt.Sprint(i), name)
		require.True(t, isNew)
	}
	name, isNew := n.bound("one more")
	require.Equal(t, otherName, name)
	require.True(t, isNew)
	name, isNew = n.bound("and one more")
	require.Equal(t, otherName, name)
	require.False(t, isNew)
	name, isNew = n.bound("7")
	require.Equal(t, "7", name)
	require.False(t, isNew)
}
