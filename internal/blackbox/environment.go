package blackbox

import "net"

// Env are environment variables.
type Env map[string]string

// Environment is that of a collector with the default configuration, a folder of its own and
// free addresses.
func Environment(data string) (Env, error) {
	env := Env{"PROVTRAIL_DATA": data}
	names := []string{"CLICKHOUSE_NATIVE", "CLICKHOUSE_HTTP", "HEALTH", "REPORT", "WEBHOOK", "METRICS_PORT"}
	addresses, err := FreePorts(len(names))
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		env["PROVTRAIL_"+name] = addresses[i]
	}
	_, env["PROVTRAIL_METRICS_PORT"], err = net.SplitHostPort(env["PROVTRAIL_METRICS_PORT"])
	return env, err
}

// List is the variables as a process takes them.
func (e Env) List() (list []string) {
	for name, value := range e {
		list = append(list, name+"="+value)
	}
	return list
}

// Metrics is the address of the collector's metrics.
func (e Env) Metrics() string { return net.JoinHostPort("127.0.0.1", e["PROVTRAIL_METRICS_PORT"]) }
