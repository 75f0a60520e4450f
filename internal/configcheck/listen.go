package configcheck

import (
	"errors"
	"fmt"
	"net"
	"reflect"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confignet"
	"go.opentelemetry.io/collector/confmap"
)

// address is one that a component would listen on.
type address struct{ path, network, endpoint string }

// listenable fails if an address is in use. Without it the Collector would find that out
// after it has started everything before, and then stop all of that.
func listenable(conf *confmap.Conf, used map[string][]string, sections map[string]defaultConfigs) error {
	var addresses []address
	for section, names := range used {
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			var id component.ID
			if id.UnmarshalText([]byte(name)) != nil {
				continue
			}
			create, known := sections[section][id.Type()]
			if !known {
				continue // a connector, or a mistake that the Collector names
			}
			config := create()
			sub, err := conf.Sub(section + "::" + name)
			if err != nil || sub.Unmarshal(config) != nil {
				continue // likewise
			}
			addresses = append(addresses, listeners(section+"::"+name, reflect.ValueOf(config))...)
		}
	}
	addresses = append(addresses, metricsAddresses(conf.ToStringMap())...)

	var errs []error
	var open []net.Listener // until all are there: two of the addresses may be the same
	for _, a := range addresses {
		l, err := net.Listen(a.network, a.endpoint)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: cannot listen on %q: %w; end the program that has the address, or choose another", a.path, a.endpoint, err))
			continue
		}
		open = append(open, l)
	}
	for _, l := range open {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// listeners finds the addresses in a component's Config: those of the Collector's types for
// servers. Clients have their endpoints as plain text.
func listeners(path string, v reflect.Value) (out []address) {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	if strings.HasPrefix(v.Type().Name(), "Optional[") && v.CanAddr() {
		return listeners(path, v.Addr().MethodByName("Get").Call(nil)[0])
	}
	if v.Kind() != reflect.Struct {
		return nil
	}
	switch a := v.Interface().(type) {
	case confignet.AddrConfig:
		if strings.HasPrefix(string(a.Transport), "tcp") {
			out = append(out, address{path + "::endpoint", string(a.Transport), a.Endpoint})
		}
		return out
	case confignet.TCPAddrConfig:
		return append(out, address{path + "::endpoint", "tcp", a.Endpoint})
	}
	for field, value := range v.Fields() {
		if !field.IsExported() {
			continue
		}
		name, option, _ := strings.Cut(field.Tag.Get("mapstructure"), ",")
		below := path + "::" + name
		if option == "squash" || name == "" {
			below = path
		}
		out = append(out, listeners(below, value)...)
	}
	return out
}

// metricsAddresses are those on which the Collector serves its own metrics.
func metricsAddresses(raw map[string]any) (out []address) {
	section := func(value any, key string) map[string]any {
		m, _ := value.(map[string]any)
		below, _ := m[key].(map[string]any)
		return below
	}
	metrics := section(section(raw["service"], "telemetry"), "metrics")
	readers, _ := metrics["readers"].([]any)
	for i, reader := range readers {
		server := section(section(section(reader, "pull"), "exporter"), "prometheus")
		if host, port := server["host"], server["port"]; host != nil && port != nil {
			path := fmt.Sprintf("service::telemetry::metrics::readers[%d]::pull::exporter::prometheus::port", i)
			out = append(out, address{path, "tcp", net.JoinHostPort(fmt.Sprint(host), fmt.Sprint(port))})
		}
	}
	return out
}
