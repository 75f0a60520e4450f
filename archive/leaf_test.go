package archive

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/provisioning/record"
)

func TestARecordSurvivesJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r, got record.Record
		fill(t, &r)
		line := AppendJSON(nil, &r)
		require.True(t, json.Valid(line), string(line))
		require.NoError(t, ParseJSON(line, &got))
		require.Equal(t, Leaf(&r), Leaf(&got))
		require.Equal(t, string(line), string(AppendJSON(nil, &got)))
	})
}

// TestEachFieldIsInTheLeaf changes one value after another.
func TestEachFieldIsInTheLeaf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r, other record.Record
		fill(t, &r)
		fill(t, &other)
		was, text := Leaf(&r), string(AppendJSON(nil, &r))
		for i := range record.Fields {
			f := &record.Fields[i]
			changed := r
			one := activities.column(f.Column)
			var scratch []byte
			v := one.value(&other, &scratch)
			if f.Column == "occurred_at" {
				changed.OccurredAt = other.OccurredAt
			} else {
				require.NoError(t, one.set(&changed, v.Clone()))
			}
			same := string(AppendJSON(nil, &changed)) == text
			if same != (Leaf(&changed) == was) {
				t.Fatalf("column %s is not in the leaf", f.Column)
			}
		}
	})
}

func TestMerkle(t *testing.T) {
	var leaves []Hash
	for n := range 70 {
		root := MerkleRoot(leaves)
		for row := range leaves {
			path := MerklePath(leaves, row)
			require.True(t, MerkleProves(root, leaves[row], int64(row), int64(n), path))
			require.False(t, MerkleProves(root, Hash{9}, int64(row), int64(n), path))
			require.False(t, MerkleProves(root, leaves[row], int64(row)+1, int64(n), path))
			require.False(t, MerkleProves(root, leaves[row], int64(row), int64(n), append(path, Hash{})))
			if n > 1 {
				require.False(t, MerkleProves(root, leaves[row], int64(row), int64(n), path[1:]))
			}
		}
		leaves = append(leaves, Hash{1, byte(n)})
	}
}

// TestSealsHoldTheRowsRoot reads each sealed file and finds the root of its rows.
func TestSealsHoldTheRowsRoot(t *testing.T) {
	s := rich(t)
	rows := readAll(t, s.dir)
	checked := 0
	for h := HourOf(noon); h <= s.chain.last; h++ {
		for _, f := range s.entry(h).Files {
			list, ok := rows[f.Name]
			if !ok {
				continue
			}
			var leaves []Hash
			for i := range list {
				leaves = append(leaves, Leaf(&list[i]))
			}
			require.Equal(t, MerkleRoot(leaves), *f.Merkle)
			checked++
		}
	}
	require.Equal(t, 10, checked)
}
