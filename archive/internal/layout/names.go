package layout

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"path"
	"strings"
	"time"
)

// Names of directories and files.
const (
	QuarantineDir      = "quarantine"
	ReconciliationsDir = "reconciliations"
	ChainDir           = "_chain"
	TempDir            = "_tmp"
	KeptDir            = "_open"  // second names of the files of hours that are not sealed yet
	HoldsDir           = "_holds" // requests to place or release holds, until a seal states them

	LockName   = "_lock"         // held by the writer
	GapsName   = "_gaps.json"    // gaps of hours that are not sealed yet
	IntentName = "_sealing.json" // files that the seal in progress replaces
	// PersonalName names the key store with which the files are encrypted.
	PersonalName = "_personal.json"
	GenesisName  = ChainDir + "/genesis" + sealSuffix

	// Extension of data files.
	Extension = ".parquet"

	tenantPrefix = "tenant="
	sealSuffix   = ".seal"

	// noTenant is Hive's name for an absent value.
	noTenant = "__HIVE_DEFAULT_PARTITION__"
	// maxTenant keeps the name of a directory below the 255 bytes that file systems allow.
	maxTenant = 160
)

// TenantDir returns the directory of a tenant: always one path element directly in
// the archive. All bytes but letters, digits and "._-" are written as %XX, which
// Hive-style readers decode; a long name ends in a digest.
func TenantDir(tenant string) string {
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

// Tenant is the inverse of TenantDir; of a long name it is what the directory keeps.
func Tenant(dir string) string {
	name := strings.TrimPrefix(dir, tenantPrefix)
	if name == noTenant {
		return ""
	}
	if tenant, err := url.PathUnescape(name); err == nil {
		return tenant
	}
	return name
}

// IsDataDir reports whether a directory of the archive holds rows.
func IsDataDir(dir string) bool {
	return dir == QuarantineDir || dir == ReconciliationsDir || strings.HasPrefix(dir, tenantPrefix)
}

// IsTenantDir reports whether a directory of the archive holds activity records.
func IsTenantDir(dir string) bool { return strings.HasPrefix(dir, tenantPrefix) }

// Partition is one hour of a directory.
type Partition struct {
	Dir  string // tenant=<tenant>, quarantine or reconciliations
	Hour Hour
}

// Path returns the path of the partition.
func (p Partition) Path() string { return path.Join(p.Dir, p.Hour.Dir()) }

// DataFile is a file of the archive that holds rows.
type DataFile struct {
	Name     string // path within the archive, with slashes
	Dir      string // tenant=<tenant>, quarantine or reconciliations
	Hour     Hour
	Size     int64 // bytes
	Modified time.Time
}

// Activities reports whether the file holds activity records.
func (f DataFile) Activities() bool { return IsTenantDir(f.Dir) }

// Quarantine reports whether the file holds quarantined data.
func (f DataFile) Quarantine() bool { return f.Dir == QuarantineDir }

// Reconciliations reports whether the file holds statements of reconciliation.
func (f DataFile) Reconciliations() bool { return f.Dir == ReconciliationsDir }

// ParseData reads the name of a data file. A file has exactly one name.
func ParseData(name string) (DataFile, bool) {
	dir, rest, _ := strings.Cut(name, "/")
	if !IsDataDir(dir) || path.Clean(name) != name {
		return DataFile{}, false
	}
	hour, ok := parseHourDir(path.Dir(rest))
	if !ok || !strings.HasSuffix(rest, Extension) {
		return DataFile{}, false
	}
	return DataFile{Name: name, Dir: dir, Hour: hour}, true
}

// SealName returns the path of an hour's seal.
func SealName(h Hour) string {
	return path.Join(ChainDir, h.Start().Format("date=2006-01-02"), h.Start().Format("hour=15")+sealSuffix)
}

// ParseSeal reads the name of an hour's seal.
func ParseSeal(name string) (Hour, bool) {
	dir, ok := strings.CutPrefix(name, ChainDir+"/")
	if !ok {
		return 0, false
	}
	dir, ok = strings.CutSuffix(dir, sealSuffix)
	if !ok {
		return 0, false
	}
	return parseHourDir(dir)
}

// IsSeal reports whether a name is that of a seal.
func IsSeal(name string) bool {
	_, ok := ParseSeal(name)
	return ok || name == GenesisName
}

// Published reports whether a file is for readers: a data file or a seal.
func Published(name string) bool {
	_, ok := ParseData(name)
	return ok || IsSeal(name)
}

// IsWorking reports whether a file is a working file of the writer.
func IsWorking(name string) bool {
	return name == LockName || name == GapsName || name == IntentName || name == PersonalName ||
		strings.HasPrefix(name, TempDir+"/") || strings.HasPrefix(name, KeptDir+"/") || strings.HasPrefix(name, HoldsDir+"/")
}
