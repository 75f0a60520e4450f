// Package configcheck reports mistakes in a resolved configuration that the Collector would
// accept, or name without the key, or find only after parts of the pipeline have started.
package configcheck

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/otelcol"
)

// Purpose says what the configuration is loaded for.
type Purpose int

const (
	Validate Purpose = iota
	Run              // addresses to listen on must be free
	Print            // passwords in URLs are replaced
)

// NewFactory returns a converter that changes nothing except when printing. The purpose is
// asked when the configuration is loaded.
func NewFactory(factories func() (otelcol.Factories, error), purpose func() Purpose) confmap.ConverterFactory {
	return confmap.NewConverterFactory(func(confmap.ConverterSettings) confmap.Converter {
		return &converter{factories: factories, purpose: purpose}
	})
}

type converter struct {
	factories func() (otelcol.Factories, error)
	purpose   func() Purpose
	listened  bool
}

// Convert returns every mistake, each with its key and value.
func (c *converter) Convert(_ context.Context, conf *confmap.Conf) error {
	factories, err := c.factories()
	if err != nil {
		return err
	}
	raw := conf.ToStringMap()
	used := usedComponents(raw)
	var errs []error
	for section, defaults := range sections(factories) {
		components, _ := raw[section].(map[string]any)
		for name, value := range components {
			var id component.ID
			if id.UnmarshalText([]byte(name)) != nil {
				continue // the Collector says so
			}
			if create, known := defaults[id.Type()]; known {
				k := check{extensions: used["extensions"]}
				k.walk(section+"::"+name, create(), value)
				errs = append(errs, k.errs...)
			}
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	if err := errors.Join(errs...); err != nil {
		return err
	}
	switch c.purpose() {
	case Print:
		return conf.Merge(confmap.NewFromStringMap(redactURLs(raw).(map[string]any)))
	case Run:
		// Only the first time: later, when a configuration is loaded again, these are ours.
		if !c.listened {
			c.listened = true
			return listenable(conf, used, sections(factories))
		}
	}
	return nil
}

type defaultConfigs map[component.Type]func() component.Config

func sections(f otelcol.Factories) map[string]defaultConfigs {
	return map[string]defaultConfigs{
		"receivers": creators(f.Receivers), "processors": creators(f.Processors), "exporters": creators(f.Exporters),
		"extensions": creators(f.Extensions), "connectors": creators(f.Connectors),
	}
}

func creators[F component.Factory](factories map[component.Type]F) defaultConfigs {
	out := make(defaultConfigs, len(factories))
	for kind, f := range factories {
		out[kind] = f.CreateDefaultConfig
	}
	return out
}

// usedComponents lists the components that the service starts, by section.
func usedComponents(raw map[string]any) map[string][]string {
	out := map[string][]string{}
	service, _ := raw["service"].(map[string]any)
	add := func(section string, list any) {
		names, _ := list.([]any)
		for _, name := range names {
			out[section] = append(out[section], fmt.Sprint(name))
		}
	}
	add("extensions", service["extensions"])
	pipelines, _ := service["pipelines"].(map[string]any)
	for _, pipeline := range pipelines {
		parts, _ := pipeline.(map[string]any)
		for _, section := range []string{"receivers", "processors", "exporters"} {
			add(section, parts[section])
		}
	}
	return out
}
