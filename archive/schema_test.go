package archive

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files")

// TestSchemaIsGolden fails when a column changes: then SchemaVersion must grow.
func TestSchemaIsGolden(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir, noon)
	require.NoError(t, write(a.Write(t.Context(), Batch{Records: records(0, 1)})))
	files, err := Files(t.Context(), dir)
	require.NoError(t, err)
	f, err := os.Open(filepath.Join(dir, files[0].Name))
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	p, err := parquet.OpenFile(f, files[0].Size)
	require.NoError(t, err)

	var b strings.Builder
	table, _ := p.Lookup(metaTable)
	version, _ := p.Lookup(metaVersion)
	fmt.Fprintf(&b, "%s version %s, sorted by", table, version)
	for _, s := range p.RowGroups()[0].SortingColumns() {
		fmt.Fprintf(&b, " %s", strings.Join(s.Path(), "."))
	}
	b.WriteString("\n")
	for i, field := range p.Schema().Fields() {
		chunk := p.RowGroups()[0].ColumnChunks()[i]
		meta := p.Metadata().RowGroups[0].Columns[i].MetaData
		optional := ""
		if field.Optional() {
			optional = " null"
		}
		bloom := ""
		if chunk.BloomFilter() != nil {
			bloom = " bloom"
		}
		if index, err := chunk.ColumnIndex(); field.Name() != "original" { // nobody compares documents
			require.NoError(t, err)
			require.NotNil(t, index, "page index of %s", field.Name())
		}
		fmt.Fprintf(&b, "%s %s%s %s %s%s\n", field.Name(), field.Type(), optional, meta.Codec, meta.Encoding, bloom)
	}
	golden := filepath.Join("testdata", fmt.Sprintf("schema-v%d.txt", SchemaVersion))
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(b.String()), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String())
}
