package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func runErrors(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	cmd := newErrorsCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetArgs(args)
	err := cmd.Execute()
	return out.String(), err
}

func TestErrorsExplain(t *testing.T) {
	out, err := runErrors(t, "", "explain", "ORA-01017: invalid username/password; logon denied")
	require.NoError(t, err)
	require.Contains(t, out, "auth_failed")
	require.Contains(t, out, "oracle_logon")
	require.Contains(t, out, "next action:")

	out, err = runErrors(t, "Read timed out", "explain", "--json", "-")
	require.NoError(t, err)
	var got map[string]string
	require.NoError(t, json.Unmarshal([]byte(out), &got))
	require.Equal(t, "temporary_source_fault", got["category"])
	require.Equal(t, "yes", got["retryable"])

	out, err = runErrors(t, "", "explain", "the drawer is upside down")
	require.ErrorIs(t, err, errUnknownText)
	require.Contains(t, out, "unclassified")
}

func TestErrorsList(t *testing.T) {
	out, err := runErrors(t, "", "list", "--category", "auth_failed")
	require.NoError(t, err)
	require.Contains(t, out, "oracle_logon")
	require.NotContains(t, out, "read_timeout")
	_, err = runErrors(t, "", "list", "--category", "auth")
	require.ErrorContains(t, err, "auth_failed")
}

func TestErrorsProposeMakesARowThatIsUsed(t *testing.T) {
	row, err := runErrors(t, "", "propose", "Widget 12345 jammed", "--id", "widget", "--category", "configuration_error")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "own.tsv")
	heading := "id\tcategory\tconnector\tpattern\texample\tretryable\tnext_action\tsource\n"
	require.NoError(t, os.WriteFile(path, []byte(heading+row), 0o600))
	out, err := runErrors(t, "", "--signatures", path, "explain", "Widget 777777 jammed")
	require.NoError(t, err)
	require.Contains(t, out, "configuration_error")
}
