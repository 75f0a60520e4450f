package configcheck

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/zpagesextension"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/provtrail/provtrail/internal/blackbox"
)

func convert(conf map[string]any, purpose Purpose) (map[string]any, error) {
	factories := func() (otelcol.Factories, error) {
		f := zpagesextension.NewFactory()
		return otelcol.Factories{Extensions: map[component.Type]extension.Factory{f.Type(): f}}, nil
	}
	c := confmap.NewFromStringMap(conf)
	err := NewFactory(factories, func() Purpose { return purpose }).Create(confmap.ConverterSettings{}).Convert(context.Background(), c)
	return c.ToStringMap(), err
}

func TestURLsAreRedacted(t *testing.T) {
	f := func(url, want string) {
		t.Helper()
		conf := map[string]any{"a": []any{map[string]any{"b": url}}}
		out, err := convert(conf, Print)
		require.NoError(t, err)
		assert.Equal(t, map[string]any{"a": []any{map[string]any{"b": want}}}, out)
		out, err = convert(conf, Validate)
		require.NoError(t, err)
		assert.Equal(t, conf, out)
	}
	f("https://ada:hush@example.com/x", "https://ada:REDACTED@example.com/x")
	f("https://ada:hu@sh@example.com", "https://ada:REDACTED@example.com")
	f("https://:hush@example.com", "https://:REDACTED@example.com")
	f("see https://ada:hush@a.example, s3://k:hush@b", "see https://ada:REDACTED@a.example, s3://k:REDACTED@b")
	f("https://ada@example.com", "https://ada@example.com")
	f("https://example.com:443/a:b@c", "https://example.com:443/a:b@c")
	f("ada:hush@example.com", "ada:hush@example.com") // no URL
}

func TestUnknownShapesAreLeftToTheCollector(t *testing.T) {
	for _, conf := range []map[string]any{
		{"extensions": []any{"zpages"}},
		{"extensions": map[string]any{"zpages": "text", "nothing": nil, "a/b/": 1}},
		{"extensions": map[string]any{"zpages": map[string]any{"read_timeout": []any{1}, "unknown": 7}}, "service": "x"},
		{"extensions": map[string]any{"zpages": nil}, "service": map[string]any{"extensions": "zpages", "pipelines": []any{1}}},
		{"service": map[string]any{"extensions": []any{"zpages", 7}, "telemetry": []any{}}},
	} {
		_, err := convert(conf, Run)
		require.NoError(t, err)
	}
}

func TestEveryMistakeIsNamed(t *testing.T) {
	_, err := convert(map[string]any{"extensions": map[string]any{"zpages": map[string]any{
		"read_timeout": 7, "write_timeout": "1 day", "idle_timeout": 0, "auth": map[string]any{"authenticator": "me"},
	}}}, Validate)
	require.Error(t, err)
	assert.Contains(t, err.Error(), `extensions::zpages::auth::authenticator: "me"`)
	assert.Contains(t, err.Error(), "extensions::zpages::read_timeout: 7 is a number")
	assert.Contains(t, err.Error(), `extensions::zpages::write_timeout: "1 day" is no duration`)
	assert.NotContains(t, err.Error(), "idle_timeout")
}

func TestTwoListenersOnOneAddress(t *testing.T) {
	addresses, err := blackbox.FreePorts(1)
	require.NoError(t, err)
	free := addresses[0]
	same := map[string]any{"endpoint": free}
	_, err = convert(map[string]any{
		"extensions": map[string]any{"zpages": same, "zpages/2": same, "zpages/unused": same},
		"service":    map[string]any{"extensions": []any{"zpages", "zpages/2"}},
	}, Run)
	require.ErrorContains(t, err, `extensions::zpages/2::endpoint: cannot listen on "`+free+`"`)
	assert.NotContains(t, err.Error(), "unused")
}
