package provisioningreportextension

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/extension/provisioningreportextension/internal/metadata"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

func load(t *testing.T, name string) (*Config, error) {
	t.Helper()
	all, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	sub, err := all.Sub(component.NewIDWithName(metadata.Type, name).String())
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, sub.Unmarshal(cfg))
	return cfg, confmap.Validate(cfg)
}

func TestConfig(t *testing.T) {
	cfg, err := load(t, "")
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:8480", cfg.Server.NetAddr.Endpoint)
	require.Equal(t, "./data/archive", cfg.Directory)
	cfg, err = load(t, "all")
	require.NoError(t, err)
	require.Equal(t, 24*time.Hour, cfg.MaxRange)
	require.Equal(t, 5, cfg.MaxConcurrent)
	require.Equal(t, 3, cfg.MaxDownloads)
	require.Equal(t, 5*time.Second, cfg.PageTimeout)
	require.Equal(t, 2*time.Minute, cfg.StallTimeout)
	require.Equal(t, "/etc/provtrail/archive.pub", cfg.publicKey())
	require.Equal(t, "/etc/provtrail/archive.pem", cfg.SigningKey)
	_, err = load(t, "wrong")
	for _, setting := range []string{"`directory`", "`max_downloads`", "`max_range`", "`max_concurrent`", "`page_timeout`", "`stall_timeout`", "`auth`"} {
		require.ErrorContains(t, err, setting)
	}
}

func TestOnlyLoopbackGoesWithoutAuth(t *testing.T) {
	f := func(endpoint string, want bool) {
		t.Helper()
		cfg := NewFactory().CreateDefaultConfig().(*Config)
		cfg.Server.NetAddr.Endpoint = endpoint
		err := cfg.Validate()
		if want {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, "`auth`")
		}
	}
	f("127.0.0.1:1", true)
	f("[::1]:1", true)
	f("localhost:1", true)
	f("0.0.0.0:1", false)
	f(":1", false)
	f("10.0.0.1:1", false)
	f("127.0.0.1.example.org:1", false)
}

// noon is the time of the tests.
var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// serve starts the extension over an archive with one failed activity.
func serve(t *testing.T) (*reporter, string, *observer.ObservedLogs) {
	t.Helper()
	return serveFrom(t, t.TempDir())
}

func serveFrom(t *testing.T, dir string) (*reporter, string, *observer.ObservedLogs) {
	t.Helper()
	a, err := archive.Open(t.Context(), dir, archive.Options{Spool: t.TempDir(), Now: func() time.Time { return noon }})
	require.NoError(t, err)
	now := pcommon.NewTimestampFromTime(noon)
	r := &record.Record{
		Observation: provisioning.Observation{Tenant: "acme", GroupID: "g1", SourceName: "SAP", OccurredAt: now, ObservedAt: now, ErrorMessage: "=1+1"},
		Current:     true, Version: 2, Status: provisioning.StatusFailed,
	}
	r.EventID, r.ActivityID = provisioning.EventID(&r.Observation), provisioning.ActivityKey{GroupID: "g1"}.ID()
	_, err = a.Write(t.Context(), archive.Batch{Records: []*record.Record{r}})
	require.NoError(t, err)
	require.NoError(t, a.Close())

	cfg := createDefaultConfig().(*Config)
	cfg.Server.NetAddr.Endpoint, cfg.Directory = "127.0.0.1:0", dir
	set := extensiontest.NewNopSettings(metadata.Type)
	core, logs := observer.New(zap.InfoLevel)
	set.Logger = zap.New(core)
	e := newReporter(set, cfg)
	e.now = func() time.Time { return noon }
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, e.Shutdown(context.Background())) })
	return e, "http://" + e.address.String(), logs
}

func get(t *testing.T, address string, header ...string) (*http.Response, []byte) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := client.Do(request)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, body
}

func TestReportIsDownloaded(t *testing.T) {
	_, address, logs := serve(t)
	response, body := get(t, address+"/report.zip?"+url.Values{"status": {"Failed"}, "kind": {""}, "to": {noon.Add(time.Minute).Format(time.RFC3339)}}.Encode())
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, "application/zip", response.Header.Get("Content-Type"))
	require.Contains(t, response.Header.Get("Content-Disposition"), ".zip")
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	require.NoError(t, err)
	file, err := z.Open("activities.csv")
	require.NoError(t, err)
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Contains(t, rows[1], "'=1+1")
	entry := logs.FilterMessage("report downloaded").All()
	require.Len(t, entry, 1, "who pulled what is logged")
	require.Equal(t, int64(1), entry[0].ContextMap()["activities"])
}

func TestFormNamesEveryFilter(t *testing.T) {
	_, address, _ := serve(t)
	response, body := get(t, address+"/download")
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Contains(t, response.Header.Get("Content-Security-Policy"), "default-src 'none'")
	for _, name := range []string{"from", "to", "tz", "status", "outcome", "kind", "source", "operation", "cause", "flag", "identity", "identity_contains", "group", "q", "tenant"} {
		require.Contains(t, string(body), `name="`+name+`"`)
	}
	for _, s := range provisioning.Statuses {
		require.Contains(t, string(body), `value="`+s.String()+`"`)
	}
}

func TestWhatCannotBeServedIsSaid(t *testing.T) {
	e, address, _ := serve(t)
	f := func(path string, status int, want string) {
		t.Helper()
		response, body := get(t, address+path)
		require.Equal(t, status, response.StatusCode)
		require.Contains(t, string(body), want)
	}
	f("/report.zip?status=Done", http.StatusBadRequest, `"Done"`)
	f("/report.zip?from=2020-01-01", http.StatusBadRequest, "longer than")
	f("/report.zip?format=xls", http.StatusBadRequest, `"xls"`)
	f("/report.zip?statuses=Failed", http.StatusBadRequest, `parameter "statuses" is none of from`)
	f("/report.xlsx?person=ada", http.StatusBadRequest, `"person"`)
	f("/evidence.zip?identity=ada&zone=UTC", http.StatusBadRequest, `"zone"`)
	f("/evidence.zip", http.StatusBadRequest, "name an identity or a group")
	f("/other", http.StatusNotFound, "")
	for range cap(e.turns) {
		e.turns <- struct{}{}
	}
	f("/report.zip", http.StatusTooManyRequests, "try again")
	for range cap(e.turns) {
		<-e.turns
	}
	e.config.Directory = filepath.Join(e.config.Directory, "none")
	f("/report.zip", http.StatusNotFound, "there is no archive yet")
}

func TestWebPagesOfOthersGetNoReport(t *testing.T) {
	_, url, _ := serve(t)
	f := func(want int, host string, headers ...string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		require.NoError(t, err)
		if host != "" {
			req.Host = host
		}
		for i := 0; i < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, want, res.StatusCode, "%s %v", host, headers)
	}
	f(http.StatusOK, "")
	f(http.StatusForbidden, "attacker.example")
	f(http.StatusForbidden, "", "Origin", "http://attacker.example")
	f(http.StatusForbidden, "", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors")
	http.DefaultClient.CloseIdleConnections()
}
