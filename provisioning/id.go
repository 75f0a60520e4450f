package provisioning

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// ID is a deterministic identifier: the first 16 bytes of a SHA-256 over
// length-prefixed fields, so that no two different lists of fields collide by
// concatenation. Its text is 32 hex digits.
type ID [16]byte

// String returns 32 hex digits; the zero ID is empty.
func (id ID) String() string {
	if id.IsZero() {
		return ""
	}
	var text [2 * len(id)]byte
	hex.Encode(text[:], id[:])
	return string(text[:])
}

// IsZero reports whether the ID was never set.
func (id ID) IsZero() bool { return id == ID{} }

// ParseID reads what String writes.
func ParseID(text string) (ID, error) {
	var id ID
	if text == "" {
		return id, nil
	}
	if len(text) != hex.EncodedLen(len(id)) {
		return id, fmt.Errorf("id %q has %d characters, want %d hex digits", text, len(text), hex.EncodedLen(len(id)))
	}
	if _, err := hex.Decode(id[:], []byte(text)); err != nil {
		return ID{}, fmt.Errorf("id %q: %w", text, err)
	}
	return id, nil
}

// HashID is the ID of a list of fields. The domain names what is identified and keeps
// the id spaces apart.
func HashID(domain string, fields ...string) ID {
	var stack [512]byte
	buf := appendField(stack[:0], domain)
	for _, f := range fields {
		buf = appendField(buf, f)
	}
	sum := sha256.Sum256(buf)
	return ID(sum[:16])
}

func appendField(buf []byte, field string) []byte {
	buf = binary.AppendUvarint(buf, uint64(len(field)))
	return append(buf, field...)
}

// EventID identifies what the observation reports: read twice, from whatever feed or
// export, it has the same id. Ids of documents do not go in, since an export may lack
// them. A trigger is identified by its invocation where that is known, else by its time;
// where the vendor gives neither, a trigger delivered twice is one observation.
func EventID(o *Observation) ID {
	var at [8]byte
	invocation := ""
	if o.Dialect == DialectTrigger && o.VendorID != "" {
		invocation = o.VendorID
	} else {
		binary.BigEndian.PutUint64(at[:], uint64(o.OccurredAt))
	}
	return HashID("event", o.Tenant, string(o.Dialect), o.GroupID, invocation,
		SourceKey(o.SourceID, o.SourceName), o.AccountID, o.AttributeName, o.AttributeValue, string(o.Operation),
		o.RawStatus, string(o.Side), string(at[:]))
}

// ActivityKey is what makes two observations speak of the same change.
type ActivityKey struct {
	Tenant    string
	GroupID   string
	Source    string // SourceKey of the source
	Account   string
	Attribute string
	Value     string
	Operation Operation
}

// ID returns the activity id of the key. Accounts are compared without case.
func (k ActivityKey) ID() ID {
	return HashID("activity", k.Tenant, k.GroupID, k.Source, strings.ToLower(k.Account), k.Attribute, k.Value, string(k.Operation))
}

// SourceKey identifies a source by its id, or by its name where the id is absent
// or is no id: the vendor also writes names there ("IdentityNow"), while its ids
// are 32 hex digits or UUIDs.
func SourceKey(id, name string) string {
	if IsSourceID(id) || name == "" {
		return id
	}
	return name
}

// IsSourceID reports whether a text is an id as the vendor makes them for sources (32 hex
// digits, with or without hyphens) and not a name in the place of one.
func IsSourceID(id string) bool {
	if len(id) < vendorDigits {
		return false
	}
	digits := 0
	for i := range len(id) {
		switch class := vendorClass[id[i]]; class {
		case 0:
			return false
		default:
			digits += int(class - 1)
		}
	}
	return digits == vendorDigits
}

const vendorDigits = 32

// vendorClass is 2 for hex digits, 1 for what may stand between them, 0 for all else.
var vendorClass = func() (class [256]uint8) {
	for _, c := range "0123456789abcdefABCDEF" {
		class[c] = 2
	}
	class['-'] = 1
	return class
}()

func groupHash(tenant, groupID string) ID { return HashID("group", tenant, groupID) }

// maxGroupNumber bounds group numbers to eleven digits, which people can say and
// spreadsheets show whole.
const maxGroupNumber = 99_999_999_999

// GroupNumber is the short number people see and say: positive, at most eleven digits,
// and the same for the same group on every collector and after every restart. It is a
// label, not a key: among a hundred thousand groups two share a number with a probability
// of one in twenty.
func GroupNumber(tenant, groupID string) int64 {
	h := groupHash(tenant, groupID)
	return 1 + int64(binary.BigEndian.Uint64(h[:8])%maxGroupNumber)
}

// TraceID makes every group a trace.
func TraceID(tenant, groupID string) pcommon.TraceID {
	return pcommon.TraceID(groupHash(tenant, groupID))
}
