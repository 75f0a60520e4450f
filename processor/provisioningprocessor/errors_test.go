package provisioningprocessor

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/stretchr/testify/require"
)

func TestSignaturesOfOnesOwn(t *testing.T) {
	c, err := LoadSignatures("")
	require.NoError(t, err)
	require.Nil(t, c.Match("Widget 42 jammed"))

	path := filepath.Join(t.TempDir(), "own.tsv")
	require.NoError(t, os.WriteFile(path, []byte("id\tcategory\tconnector\tpattern\texample\tretryable\tnext_action\tsource\n"+
		"widget\tconfiguration_error\t*\tWidget \\d+ jammed\tWidget 42 jammed\tno\tOil it.\town\n"), 0o600))
	c, err = LoadSignatures(path)
	require.NoError(t, err)
	require.Equal(t, "widget", c.Match("Widget 7 jammed").ID)

	_, err = LoadSignatures(path + ".none")
	require.ErrorContains(t, err, "error_signatures: open")
	require.NoError(t, os.WriteFile(path, []byte("nonsense\n"), 0o600))
	_, err = LoadSignatures(path)
	require.ErrorContains(t, err, "own.tsv: line 1")
}

func TestRecordsSayWhatKindOfErrorItWas(t *testing.T) {
	s := newSink()
	c := mustOpen(t, nil, s)
	failed := observe("g1", provisioning.StatusFailed, 5, func(o *provisioning.Observation) {
		o.ErrorMessage = "ORA-01017: invalid username/password; logon denied"
	})
	rejected := observe("g2", provisioning.StatusPending, 5, func(o *provisioning.Observation) { o.ApprovalStatus = provisioning.ApprovalRejected })
	made := observe("g3", provisioning.StatusSuccess, 5)
	require.NoError(t, c.ConsumeLogs(t.Context(), logsOf([]provisioning.Observation{failed, rejected, made})))
	require.NoError(t, c.Shutdown(t.Context()))

	f := func(id provisioning.ID, status provisioning.Status, outcome provisioning.Outcome, category, signature string) {
		t.Helper()
		r, ok := s.observations[id]
		require.True(t, ok)
		require.Equal(t, status, r.Status)
		require.Equal(t, outcome, r.Outcome)
		require.Equal(t, category, r.ErrorCategory)
		require.Equal(t, signature, r.ErrorSignature)
		require.Equal(t, category == "", r.ErrorFingerprint == "")
	}
	f(failed.EventID, provisioning.StatusFailed, provisioning.OutcomeFault, "auth_failed", "oracle_logon")
	f(rejected.EventID, provisioning.StatusFailed, provisioning.OutcomeDeclined, "approval_rejected", "")
	f(made.EventID, provisioning.StatusSuccess, "", "", "")
}
