package errorclass

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProposedRowMatchesItsKind(t *testing.T) {
	f := func(text, other string) {
		t.Helper()
		s, err := Propose(text, "", InvalidData)
		require.NoError(t, err)
		c, err := Extend(strings.NewReader(columns + "\n" + s.Line() + "\n"))
		require.NoError(t, err)
		for _, text := range []string{text, other} {
			got := c.Match(text)
			require.NotNil(t, got, text)
			require.Equal(t, s.ID, got.ID)
		}
		require.Nil(t, c.Match("nothing of the kind"))
	}
	f("Widget 12345 of \"Ada King\" jammed (tray 7)", "Widget 99999 of \"Bo Lee\" jammed (tray 7)")
	f("no room for ada@acme.example\nsince 2026-11-27", "no room for bo@acme.example since 2025-01-01")
	f(`drawer C:\new\n of 10.0.0.7 is full`, `drawer C:\new\n of 10.0.0.8 is full`)
}

func TestProposeRefusesWhatMakesNoPattern(t *testing.T) {
	_, err := Propose("", "", InvalidData)
	require.ErrorContains(t, err, "empty")
	_, err = Propose("12345", "", InvalidData)
	require.ErrorContains(t, err, "no pattern")
	_, err = Propose("x", "", "nonsense")
	require.ErrorContains(t, err, "nonsense")
}
