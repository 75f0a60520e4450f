package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Hour is an hour of UTC, counted from 1970: the unit in which the archive is
// partitioned and sealed.
type Hour int64

// HourOf is the hour in which t lies.
func HourOf(t time.Time) Hour { return Hour(t.Unix() / 3600) }

func hourOf(at pcommon.Timestamp) Hour { return Hour(at / pcommon.Timestamp(time.Hour)) }

// Start is the first instant of the hour.
func (h Hour) Start() time.Time { return time.Unix(int64(h)*3600, 0).UTC() }

// String is the hour as RFC 3339 writes it, without minutes.
func (h Hour) String() string { return h.Start().Format("2006-01-02T15Z") }

// Dir is the hour's folder within a table's.
func (h Hour) Dir() string { return h.Start().Format("date=2006-01-02/hour=15") }

// parseHourDir reads what Dir writes and nothing else.
func parseHourDir(dir string) (Hour, bool) {
	t, err := time.Parse("date=2006-01-02/hour=15", dir)
	if err != nil || t.Format("date=2006-01-02/hour=15") != dir {
		return 0, false
	}
	return HourOf(t), true
}

const (
	tenantPrefix  = "tenant="
	quarantineDir = "quarantine"
	tempDir       = "_tmp" // Spark and Hive pass over names that begin with _
	extension     = ".parquet"

	// noTenant is Hive's name for an absent value.
	noTenant = "__HIVE_DEFAULT_PARTITION__"
	// maxTenant keeps a folder's name below the 255 bytes file systems allow.
	maxTenant = 160
)

// tenantDir is the folder of a tenant. Whatever the name is made of, the folder is
// one path element below the archive: all but letters, digits and "._-" are
// written as %XX, which Hive-style readers undo.
func tenantDir(tenant string) string {
	if tenant == "" {
		return tenantPrefix + noTenant
	}
	var b strings.Builder
	b.WriteString(tenantPrefix)
	for i := range len(tenant) {
		switch c := tenant[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	if b.Len() > maxTenant {
		sum := sha256.Sum256([]byte(tenant))
		return b.String()[:maxTenant] + "~" + hex.EncodeToString(sum[:8])
	}
	return b.String()
}

// partition is the folder of an hour of one table; a path within the archive, with
// slashes.
type partition struct {
	dir  string // tenant=acme or quarantine
	hour Hour
}

func (p partition) path() string { return path.Join(p.dir, p.hour.Dir()) }
