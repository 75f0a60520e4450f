package provisioningprocessor

import (
	"testing"

	"github.com/provtrail/provtrail/internal/envelope"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestMetaSurvivesItsEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.Int64()
		want := meta{
			epoch: rapid.Uint32().Draw(t, "epoch"), lastInterruption: rapid.Uint64().Draw(t, "interruption"),
			clean: rapid.Bool().Draw(t, "clean"),
			totals: rapid.MapOfN(rapid.String(), rapid.Custom(func(t *rapid.T) counts {
				return counts{open: number.Draw(t, "open"), stalled: number.Draw(t, "stalled"), overdue: number.Draw(t, "overdue")}
			}), 0, 5).Draw(t, "totals"),
		}
		b := want.encode()
		got, err := decodeMeta(b)
		require.NoError(t, err)
		require.Equal(t, want, got)
		_, err = decodeMeta(b[:rapid.IntRange(0, len(b)-1).Draw(t, "cut")])
		require.ErrorIs(t, err, errMeta)
	})
}

func FuzzDecodeMeta(f *testing.F) {
	m := meta{epoch: 3, lastInterruption: 4, totals: totals{"AD": {open: 1, stalled: -1}}}
	f.Add(m.encode()[envelope.Size:])
	f.Add([]byte{0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decodeMeta(envelope.Seal(metaVersion, b))
		if err != nil {
			require.ErrorIs(t, err, errMeta)
			return
		}
		again, err := decodeMeta(m.encode())
		require.NoError(t, err)
		require.Equal(t, m, again)
	})
}

func TestTotalsAreSums(t *testing.T) {
	a := totals{"AD": {open: 2, stalled: 1}, "SAP": {overdue: 1}}
	sum := a.plus(totals{"AD": {open: 1}, "SAP": {overdue: -1}, "LDAP": {open: 4}})
	require.Equal(t, totals{"AD": {open: 3, stalled: 1}, "LDAP": {open: 4}}, sum)
	require.Equal(t, totals{"AD": {open: 2, stalled: 1}, "SAP": {overdue: 1}}, a, "readers of it need no lock")
}
