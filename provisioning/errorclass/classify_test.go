package errorclass

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/provisioning"
)

func newBuiltin(t testing.TB) *Classifier {
	c, err := New(Builtin())
	require.NoError(t, err)
	return c
}

// TestEachExampleHasItsSignature also holds each signature against the examples of all
// others, which must not match it unless testdata/overlaps.txt names the pair: there the
// order of the table decides.
func TestEachExampleHasItsSignature(t *testing.T) {
	c := newBuiltin(t)
	var overlaps strings.Builder
	for i := range c.signatures {
		s := &c.signatures[i]
		got := c.Match(s.Example)
		require.NotNil(t, got, s.ID)
		require.Equal(t, s.Category, got.Category, "%s: the example is taken by %s", s.ID, got.ID)
		for j := range c.signatures {
			if o := &c.signatures[j]; j != i && o.re.MatchString(s.Example) {
				fmt.Fprintf(&overlaps, "%s: also %s\n", s.ID, o.ID)
			}
		}
	}
	golden(t, "overlaps.txt", overlaps.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.MkdirAll("testdata", 0o750))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "UPDATE_GOLDEN=1 writes it anew")
}

// TestTexts: what a person would say of texts that are no examples of the table, and
// texts that look like a signature and mean something else.
func TestTexts(t *testing.T) {
	c := newBuiltin(t)
	f := func(text string, want Category) {
		t.Helper()
		got := c.Classify(Input{Status: provisioning.StatusFailed, Error: text})
		require.Equal(t, want, got.Category, "%s (signature %s)", text, got.Signature)
	}
	f("ORA-01017: invalid username/password; logon denied", AuthFailed)
	f("sailpoint.connector.ConnectorException: Failed to create account: ORA-00001: unique constraint (HR.USERS_PK) violated", AlreadyExists)
	f("java.net.ConnectException: Connection refused (Connection refused)", ConnectionFailed)
	f("Response Code - 404 Error - Not Found", ObjectNotFound)
	f("HTTP/1.1 500 Internal Server Error", TemporarySourceFault)
	f("[LDAP: error code 49 - 80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 52e, v3839\x00]", AuthFailed)
	f("read timed out; ORA-01031: insufficient privileges for the statement", PermissionDenied)

	// A status says little where words beside it say something else.
	f("HTTP 400: the plan of this workspace does not include guests", Unclassified)
	f("status code 404: the route /v9/Users is unknown to this gateway", Unclassified)
	f("HTTP 409 Conflict: resource was modified concurrently", Unclassified)

	// Harmless or foreign sentences.
	f("The change was handed to the next step", Unclassified)
	f("Something went wrong", Unclassified)
	f("Compte introuvable dans l'annuaire", Unclassified)
	f("User attribute 'costCentre' does not exist in the schema", Unclassified)
	f("The role model could not be found in the plan of group 7", Unclassified)
	f("", Unclassified)
}

func TestStructuredFieldsComeFirst(t *testing.T) {
	c := newBuiltin(t)
	f := func(in Input, want Category) {
		t.Helper()
		require.Equal(t, want, c.Classify(in).Category)
	}
	timeout := "Read timed out"
	f(Input{Status: provisioning.StatusFailed, Error: timeout, Approval: provisioning.ApprovalRejected}, ApprovalRejected)
	f(Input{Status: provisioning.StatusFailed, Error: timeout, Approval: provisioning.ApprovalReturned}, ApprovalRejected)
	f(Input{Status: provisioning.StatusPending, Approval: provisioning.ApprovalExpired}, ApprovalExpired)
	f(Input{Status: provisioning.StatusFailed, Approval: provisioning.ApprovalCanceled}, RequestCancelled)
	closed := "The IdentityNow Administrator manually closed this request."
	f(Input{Status: provisioning.StatusFailed, Warnings: closed}, RequestCancelled)
	f(Input{Status: provisioning.StatusSuccess, Warnings: closed}, "")
	f(Input{Status: provisioning.StatusCommitted, Approval: provisioning.ApprovalCanceled}, "")
	f(Input{Status: provisioning.StatusPending, RawStatus: "Manual Task Created", Approval: provisioning.ApprovalPending}, "")
	f(Input{Status: provisioning.StatusFailed, Error: timeout, Approval: provisioning.ApprovalApproved}, TemporarySourceFault)
	f(Input{Status: provisioning.StatusRetrying, Error: timeout}, TemporarySourceFault)
	f(Input{Status: provisioning.StatusPending, RawStatus: "Manual Task Created"}, ManualWork)
	f(Input{Status: provisioning.StatusPending, TicketID: "RITM0012345"}, ManualWork)
	f(Input{Status: provisioning.StatusPending, Error: timeout}, "")
	f(Input{Status: provisioning.StatusSuccess, Error: timeout}, "")
	f(Input{Status: provisioning.StatusCommitted, Error: timeout}, "")
	f(Input{Status: provisioning.StatusNotVerifiable}, "")
	f(Input{Status: provisioning.StatusFailed}, Unclassified)
}

func TestSplit(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		require.Equal(t, want, slices.Collect(split(text)))
	}
	f("one error", "one error")
	f("first\nsecond", "first", "second")
	f(`Status : failed\nAn unexpected error occurred`, "Status : failed", "An unexpected error occurred")
	f("the first of them; and here is the second error", "the first of them", "and here is the second error")
	f("short; tail", "short; tail")
	f("CN=Ada, OU=People; DC=corp", "CN=Ada, OU=People; DC=corp")
	f("denied (Service: IAM; Status Code: 403; Error Code: X; Request ID: 1)", "denied (Service: IAM; Status Code: 403; Error Code: X; Request ID: 1)")
	f(`could not add CORP\nina.ruiz to the group`, `could not add CORP\nina.ruiz to the group`)
}

func TestFingerprint(t *testing.T) {
	same := func(a, b string) {
		t.Helper()
		require.Equal(t, Normalize(a), Normalize(b))
	}
	differ := func(a, b string) {
		t.Helper()
		require.NotEqual(t, Normalize(a), Normalize(b))
	}
	same(`Mailbox of "Ada King" is 12345 bytes too large`, `Mailbox of "Bo Lee" is 999 bytes too large`)
	same("no room for ada@acme.example at 10.0.0.7 since 2026-11-27T10:00:00Z", "no room for bo@acme.example at 10.9.0.7 since 2026-11-26 09:13:07")
	same("widget 2c9180835d2e5168015d32f890ca1581 jammed", "widget 6f76aa1f-0000-4b7e-9f6e-0123456789ab jammed")
	same("could not move CN=Ada King,OU=People,DC=corp,DC=example", "could not move CN=Bo,OU=Old,DC=corp,DC=example")
	differ("ORA-12345: odd", "ORA-12346: odd")
	differ("error code 34", "error code 35")
	differ("HTTP/1.1 418 odd", "HTTP/1.1 419 odd")
	differ(`{"error":{"message":"The widget is upside down"}}`, `{"error":{"message":"The gadget is full"}}`)
	same(`{"message":"Widget 12345 is full","traceId":"a"}`, `{"message":"Widget 99999 is full","traceId":"b"}`)

	c := newBuiltin(t)
	fingerprint := func(source, text string) string {
		return c.Classify(Input{Status: provisioning.StatusFailed, SourceID: source, Operation: provisioning.OperationAdd, Error: text}).Fingerprint
	}
	require.Equal(t, fingerprint("s1", "ORA-01017: a"), fingerprint("s1", "ORA-28000: b"), "one signature")
	require.Equal(t, fingerprint("s1", "widget 1234 jammed"), fingerprint("s1", "widget 4321 jammed"))
	require.NotEqual(t, fingerprint("s1", "ORA-01017: a"), fingerprint("s2", "ORA-01017: a"))
	require.Regexp(t, `^v1:[0-9a-f]{16}$`, fingerprint("s1", "x"))
}

// TestPrefilterLosesNothing: the classifier finds what running every pattern would.
func TestPrefilterLosesNothing(t *testing.T) {
	c := newBuiltin(t)
	words := regexp.MustCompile(`\S+`)
	var pieces []string
	for i := range c.signatures {
		pieces = append(pieces, words.FindAllString(c.signatures[i].Example, -1)...)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 12).Draw(t, "words"), " ")
		if rapid.Bool().Draw(t, "example") {
			text += " " + rapid.SampledFrom(c.signatures).Draw(t, "signature").Example
		}
		var want string
		for i := range c.signatures {
			if s := &c.signatures[i]; s.re.MatchString(text) && (!s.bare || isBareStatus(text)) {
				want = s.ID
				break
			}
		}
		got := ""
		if s := c.Match(text); s != nil {
			got = s.ID
		}
		require.Equal(t, want, got, text)
	})
}

func TestParseNamesEveryWrongLine(t *testing.T) {
	_, err := Parse(strings.NewReader(columns + "\n" +
		"Bad id\tauth_failed\t*\tx\tx\tno\tdo\tus\n" +
		"a\tno_such\t*\tx\tx\tno\tdo\tus\n" +
		"b\tauth_failed\t*\t(\tx\tmaybe\tdo\tus\n" +
		"c\tauth_failed\t*\tx\ty\tno\tdo\tus\n" +
		"d\tauth_failed\n"))
	for _, want := range []string{"line 2", "line 3", `category "no_such"`, "line 4", "pattern:", `retryable "maybe"`, "line 5", "does not match its example", "line 6: has 2 columns, want 8"} {
		require.ErrorContains(t, err, want)
	}
	_, err = Parse(strings.NewReader("id\n"))
	require.ErrorContains(t, err, "heading")
}

func TestMerge(t *testing.T) {
	own := []Signature{
		{ID: "ours", Category: InvalidData, Connector: "*", Pattern: "Read timed out on payroll", Example: "Read timed out on payroll", Retry: RetryNo, Action: "Call payroll."},
		{ID: "read_timeout", Category: ConnectionFailed, Connector: "*", Pattern: "Read timed out", Example: "Read timed out", Retry: RetryYes, Action: "Wait."},
	}
	c, err := New(Merge(Builtin(), own))
	require.NoError(t, err)
	require.Equal(t, "ours", c.Match("Read timed out on payroll").ID)
	require.Equal(t, ConnectionFailed, c.Match("Read timed out").Category)
	require.Len(t, c.Signatures(), len(Builtin())+1)
}

func FuzzClassify(f *testing.F) {
	c, err := New(Builtin())
	require.NoError(f, err)
	for i, s := range Builtin() {
		if i%8 == 0 {
			f.Add(s.Example)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := c.Classify(Input{Status: provisioning.StatusFailed, Error: text})
		_, ok := got.Category.Info()
		require.True(t, ok)
		_ = Normalize(text)
	})
}

func BenchmarkClassify(b *testing.B) {
	c := newBuiltin(b)
	run := func(name string, texts []string) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				c.Classify(Input{Status: provisioning.StatusFailed, Error: texts[i%len(texts)], SourceID: "2c9180835d2e5168015d32f890ca1581"})
			}
		})
	}
	var known, unknown, ever []string
	for _, s := range Builtin() {
		known = append(known, s.Example)
	}
	for i := range 64 {
		unknown = append(unknown, fmt.Sprintf("Widget %d of the account of user%d jammed while the drawer was moved to the other side of room %d", i, i, 100+i))
	}
	run("known", known)
	for i := range 3 * rememberedTexts {
		ever = append(ever, fmt.Sprintf("%s for %d", known[i%len(known)], i))
	}
	run("unknown", unknown)
	run("always_new", ever)
}
