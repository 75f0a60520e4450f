package browser

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/blackbox"
)

// attack is a page of another origin. It tries every way a page has to read from a server
// or to write to it, and returns what it read.
const attack = `(async () => {
	const read = [];
	const wait = p => Promise.race([p, new Promise(r => setTimeout(() => r('timeout'), 5000))]);
	for (const [name, url, body] of %s) {
		for (const mode of ['cors', 'no-cors', 'same-origin']) {
			for (const init of [{}, {method: 'POST', body, headers: {'Content-Type': 'text/plain'}}, {method: 'POST', body, headers: {'Content-Type': 'application/json'}}]) {
				try {
					const text = await wait(fetch(url, {mode, credentials: 'include', ...init}).then(r => r === undefined ? '' : r.text()));
					if (text) read.push(name + ' ' + mode + ' ' + (init.method || 'GET') + ': ' + text.slice(0, 200));
				} catch (e) {}
			}
		}
		const form = document.createElement('form');
		form.method = 'POST'; form.action = url; form.enctype = 'text/plain'; form.target = 'hidden';
		const field = document.createElement('input');
		field.name = body; field.value = '';
		form.append(field);
		const frame = document.createElement('iframe');
		frame.name = 'hidden';
		document.body.append(frame, form);
		await wait(new Promise(r => { frame.onload = r; form.submit(); }));
		try { if (frame.contentDocument && frame.contentDocument.body.innerText) read.push(name + ' form: ' + frame.contentDocument.body.innerText); } catch (e) {}
		frame.remove(); form.remove();
		for (const tag of ['img', 'script', 'iframe']) {
			const element = document.createElement(tag);
			await wait(new Promise(r => { element.onload = element.onerror = r; element.src = url; document.body.append(element); }));
			element.remove();
		}
	}
	return read;
})()`

func awaitPromise(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }

// collector is the real program with its default configuration, on free ports.
func collector(t *testing.T) (env blackbox.Env, log string) {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	dir := t.TempDir()
	program, err := blackbox.Build(root, dir)
	require.NoError(t, err)
	env, err = blackbox.Environment(filepath.Join(dir, "data"))
	require.NoError(t, err)
	log = filepath.Join(dir, "collector.log")
	p, err := blackbox.Start(program, root, log, env.List())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Stop(time.Minute)) })
	require.NoError(t, blackbox.Healthy(t.Context(), env["PROVTRAIL_HEALTH"], log))
	return env, log
}

// ask asks as curl does: with no Origin.
func ask(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text)
}

func trigger(group string) string {
	return fmt.Sprintf(`{"trackingNumber":%q,"action":"IdentityRefresh","recipient":{"type":"IDENTITY","id":"i","name":"Ada"},"errors":null,"warnings":null,"sources":"AD",`+
		`"accountRequests":[{"source":{"id":"s","type":"SOURCE","name":"AD"},"accountId":"ada","accountOperation":"Modify","provisioningResult":"committed","provisioningTarget":"AD","ticketId":null,`+
		`"attributeRequests":[{"operation":"Add","attributeName":"memberOf","attributeValue":"CN=Sales"}]}]}`, group)
}

// TestAPageOfAnotherOriginReadsAndWritesNothing: from another port, from another address of
// the machine and from another name, and by a name that is pointed at the machine (DNS
// rebinding).
func TestAPageOfAnotherOriginReadsAndWritesNothing(t *testing.T) {
	env, log := collector(t)
	clickhouse, webhook, report := "http://"+env["PROVTRAIL_CLICKHOUSE_HTTP"]+"/", "http://"+env["PROVTRAIL_WEBHOOK"]+"/sailpoint", "http://"+env["PROVTRAIL_REPORT"]+"/"

	// All of it is there for whoever is no page.
	status, text := ask(t, http.MethodPost, clickhouse, "SELECT 'clickhouse', 'answers'")
	require.Equal(t, http.StatusOK, status, text)
	status, text = ask(t, http.MethodPost, webhook, trigger("honest"))
	require.Less(t, status, 300, text)
	status, _ = ask(t, http.MethodGet, report, "")
	require.Equal(t, http.StatusOK, status)
	count := func(group string) string {
		status, text := ask(t, http.MethodPost, clickhouse, "SELECT count() FROM provtrail.provisioning_observations WHERE group_id = '"+group+"' OR original LIKE '%"+group+"%'")
		require.Equal(t, http.StatusOK, status, text)
		return strings.TrimSpace(text)
	}
	require.Eventually(t, func() bool { return count("honest") == "1" }, time.Minute, 100*time.Millisecond)

	targets := fmt.Sprintf("[['clickhouse', %q, `SELECT 'stolen'`], ['clickhouse by GET', %q, 'x'], ['webhook', %q, %q], ['report', %q, 'x'], ['form', %q, 'x'], ['archive', %q, 'x']]",
		clickhouse, clickhouse+"?query=SELECT+%27stolen%27", webhook, trigger("attacker"), report+"report.zip", report, report+"archive/")
	script := fmt.Sprintf(attack, targets)

	for _, address := range []string{"127.0.0.1:0", "127.0.0.2:0"} {
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
		require.NoError(t, err)
		page := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<!doctype html><title>attacker</title><body></body>")
		})}
		go func() { _ = page.Serve(listener) }()
		t.Cleanup(func() { _ = page.Close() })
		_, port, err := net.SplitHostPort(listener.Addr().String())
		require.NoError(t, err)
		origins := []string{"http://" + listener.Addr().String() + "/"}
		if strings.HasPrefix(address, "127.0.0.1") {
			origins = append(origins, "http://localhost:"+port+"/", "http://attacker.example:"+port+"/")
		}
		for _, origin := range origins {
			ctx := browse(t, chromedp.Flag("host-resolver-rules", "MAP attacker.example 127.0.0.1"))
			var read []string
			require.NoError(t, chromedp.Run(ctx, chromedp.Navigate(origin), chromedp.Evaluate(script, &read, awaitPromise)))
			require.Empty(t, read, origin)
		}
	}

	// A name of the attacker's that is pointed at this machine makes it one origin.
	ctx := browse(t, chromedp.Flag("host-resolver-rules", "MAP attacker.example 127.0.0.1"))
	for _, url := range []string{clickhouse + "?query=SELECT+%27stolen%27", report, report + "archive/"} {
		var shown string
		rebound := strings.Replace(url, "127.0.0.1", "attacker.example", 1)
		require.NoError(t, chromedp.Run(ctx, chromedp.Navigate(rebound), chromedp.Evaluate("document.body.innerText", &shown)))
		require.NotContains(t, strings.ReplaceAll(shown, "SELECT", ""), "stolen", rebound)
		require.NotContains(t, strings.ToLower(shown), "activities", rebound)
	}

	// What came through before this trigger would be stored by now.
	status, text = ask(t, http.MethodPost, webhook, trigger("afterwards"))
	require.Less(t, status, 300, text)
	require.Eventually(t, func() bool { return count("afterwards") == "1" }, time.Minute, 100*time.Millisecond)
	require.Equal(t, "0", count("attacker"))
	logged, err := os.ReadFile(log)
	require.NoError(t, err)
	require.NotContains(t, string(logged), "report downloaded")
	http.DefaultClient.CloseIdleConnections()
}
