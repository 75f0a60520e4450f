package layout

import (
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func FuzzTenantDir(f *testing.F) {
	for _, seed := range []string{"acme", "..", "a/b", "\x00", "a%2Fb", strings.Repeat("é", 200)} {
		f.Add(seed)
	}
	root := f.TempDir()
	f.Fuzz(func(t *testing.T, tenant string) {
		dir := TenantDir(tenant)
		require.Equal(t, root, filepath.Dir(filepath.Join(root, dir)))
		require.LessOrEqual(t, len(dir), 255)
		require.Regexp(t, `^tenant=[A-Za-z0-9._%~-]+$`, dir)
		require.True(t, IsDataDir(dir))
	})
}

// FuzzNames: a path that is read as the name of a seal or of data has no other spelling.
func FuzzNames(f *testing.F) {
	f.Add(SealName(HourOf(time.Date(2026, 11, 22, 14, 0, 0, 0, time.UTC))))
	f.Add("tenant=acme/date=2026-11-22/hour=14/a.parquet")
	f.Add("quarantine/date=2026-11-22/hour=14/../../x.parquet")
	f.Add("quarantine/date=2026-11-22/hour=14/x/../y.parquet")
	f.Fuzz(func(t *testing.T, name string) {
		if hour, ok := ParseSeal(name); ok {
			require.Equal(t, name, SealName(hour))
		}
		if data, ok := ParseData(name); ok {
			require.Equal(t, name, data.Name)
			require.Equal(t, path.Clean(name), name)
		}
	})
}
