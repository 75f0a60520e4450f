package sailpoint

import (
	"strings"

	"github.com/bytedance/sonic"
	"github.com/bytedance/sonic/ast"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Identity is which document of the vendor it is. What is absent or cannot be read is zero.
type Identity struct {
	ID        string
	CreatedAt pcommon.Timestamp // never changes, however often the document does
}

// Identify reads the identity of a document of the API, also of one that is damaged behind it.
func Identify(document []byte) (i Identity) {
	member := func(name string) string {
		node, err := sonic.GetWithOptions(document, ast.SearchOptions{ValidateJSON: true}, name)
		if err != nil {
			return ""
		}
		value, err := node.StrictString()
		if err != nil {
			return ""
		}
		return strings.Clone(value) // it points into the document
	}
	i.ID = cut(strings.ToValidUTF8(member("id"), "\ufffd"), maxID)
	if at, err := parseTime(member("created")); err == nil {
		i.CreatedAt = at
	}
	return i
}

// maxID bounds an id; the vendor's have at most 64 characters.
const maxID = 1024
