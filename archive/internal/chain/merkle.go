package chain

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// Hash is a SHA-256.
type Hash [sha256.Size]byte

// MarshalText writes the hash in hexadecimal.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText is the inverse of MarshalText.
func (h *Hash) UnmarshalText(text []byte) error {
	if hex.DecodedLen(len(text)) != len(h) {
		return fmt.Errorf("%q is not a SHA-256 in hexadecimal", text)
	}
	_, err := hex.Decode(h[:], text)
	return err
}

// String returns the hash in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

var hasher = rfc6962.DefaultHasher

// RootBuilder computes the root of the Merkle tree (RFC 6962) over leaves that are
// added one after another. It keeps one hash for each full subtree.
type RootBuilder struct{ leaves *compact.Range }

// Add adds the next leaf.
func (b *RootBuilder) Add(leaf Hash) {
	if b.leaves == nil {
		b.leaves = (&compact.RangeFactory{Hash: hasher.HashChildren}).NewEmptyRange(0)
	}
	if err := b.leaves.Append(leaf[:], nil); err != nil {
		panic(err) // only a range that does not begin at 0 fails
	}
}

// Root returns the root over the leaves so far.
func (b *RootBuilder) Root() Hash {
	if b.leaves == nil {
		return Hash(hasher.EmptyRoot())
	}
	root, err := b.leaves.GetRootHash(nil)
	if err != nil {
		panic(err) // as in Add
	}
	return Hash(root)
}

// Tree is a Merkle tree (RFC 6962) with all its full subtrees.
type Tree struct{ levels [][][]byte }

// NewTree returns the tree over the leaves of a file's rows in their order.
func NewTree(leaves []Hash) *Tree {
	level := make([][]byte, len(leaves))
	for i := range leaves {
		level[i] = leaves[i][:]
	}
	t := &Tree{levels: [][][]byte{level}}
	for len(level) > 1 {
		above := make([][]byte, len(level)/2)
		for i := range above {
			above[i] = hasher.HashChildren(level[2*i], level[2*i+1])
		}
		t.levels = append(t.levels, above)
		level = above
	}
	return t
}

// Root returns the root of the tree.
func (t *Tree) Root() Hash {
	n := uint64(len(t.levels[0]))
	if n == 0 {
		return Hash(hasher.EmptyRoot())
	}
	nodes := compact.RangeNodes(0, n, nil)
	root := t.node(nodes[len(nodes)-1])
	for i := len(nodes) - 2; i >= 0; i-- {
		root = hasher.HashChildren(t.node(nodes[i]), root)
	}
	return Hash(root)
}

func (t *Tree) node(id compact.NodeID) []byte { return t.levels[id.Level][id.Index] }

// Path returns the hashes that prove that a row is one of the leaves.
func (t *Tree) Path(row int) ([]Hash, error) {
	nodes, err := proof.Inclusion(uint64(row), uint64(len(t.levels[0])))
	if err != nil {
		return nil, err
	}
	hashes := make([][]byte, len(nodes.IDs))
	for i, id := range nodes.IDs {
		hashes[i] = t.node(id)
	}
	if hashes, err = nodes.Rehash(hashes, hasher.HashChildren); err != nil {
		return nil, err
	}
	var path []Hash
	for _, h := range hashes {
		path = append(path, Hash(h))
	}
	return path, nil
}

// Proves reports whether a path proves that a leaf is row number row of the rows under
// the root.
func Proves(root, leaf Hash, row, rows int64, path []Hash) bool {
	if row < 0 || row >= rows {
		return false
	}
	hashes := make([][]byte, len(path))
	for i := range path {
		hashes[i] = path[i][:]
	}
	return proof.VerifyInclusion(hasher, uint64(row), uint64(rows), leaf[:], hashes, root[:]) == nil
}
