package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/bits"
)

// MarshalText writes the hash in hexadecimal.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText reads what MarshalText wrote.
func (h *Hash) UnmarshalText(text []byte) error {
	if hex.DecodedLen(len(text)) != len(h) {
		return fmt.Errorf("%q is no SHA-256", text)
	}
	_, err := hex.Decode(h[:], text)
	return err
}

// String is the hash in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

func join(left, right Hash) Hash {
	var both [1 + 2*sha256.Size]byte
	both[0] = 1 // a leaf begins with 0: none can be taken for a node
	copy(both[1:], left[:])
	copy(both[1+sha256.Size:], right[:])
	return sha256.Sum256(both[:])
}

// tree is the Merkle tree of RFC 6962 over the rows of a file, as far as its root
// takes: one hash for each full subtree.
type tree struct {
	full []Hash
	n    uint64
}

func (t *tree) add(leaf Hash) {
	for n := t.n; n&1 == 1; n >>= 1 {
		leaf = join(t.full[len(t.full)-1], leaf)
		t.full = t.full[:len(t.full)-1]
	}
	t.full = append(t.full, leaf)
	t.n++
}

func (t *tree) root() (root Hash) {
	if t.n == 0 {
		return sha256.Sum256(nil)
	}
	root = t.full[len(t.full)-1]
	for i := len(t.full) - 2; i >= 0; i-- {
		root = join(t.full[i], root)
	}
	return root
}

// MerkleRoot is the root over the leaves of a file's rows in their order.
func MerkleRoot(leaves []Hash) Hash {
	var t tree
	for _, l := range leaves {
		t.add(l)
	}
	return t.root()
}

// MerklePath is what proves that the row is one of them: the hashes beside the way
// from its leaf to the root.
func MerklePath(leaves []Hash, row int) (path []Hash) {
	if len(leaves) < 2 {
		return nil
	}
	half := 1 << (bits.Len(uint(len(leaves)-1)) - 1)
	if row < half {
		return append(MerklePath(leaves[:half], row), MerkleRoot(leaves[half:]))
	}
	return append(MerklePath(leaves[half:], row-half), MerkleRoot(leaves[:half]))
}

// MerkleProves says that a leaf is row number row of the rows under the root.
func MerkleProves(root, leaf Hash, row, rows int64, path []Hash) bool {
	if row < 0 || row >= rows {
		return false
	}
	got, ok := climb(leaf, uint64(row), uint64(rows), path)
	return ok && got == root
}

func climb(leaf Hash, row, rows uint64, path []Hash) (Hash, bool) {
	if rows < 2 {
		return leaf, len(path) == 0
	}
	if len(path) == 0 {
		return leaf, false
	}
	half := uint64(1) << (bits.Len64(rows-1) - 1)
	beside := path[len(path)-1]
	if row < half {
		below, ok := climb(leaf, row, half, path[:len(path)-1])
		return join(below, beside), ok
	}
	below, ok := climb(leaf, row-half, rows-half, path[:len(path)-1])
	return join(beside, below), ok
}
