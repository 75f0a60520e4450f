package repository

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const module = "github.com/provtrail/provtrail"

var componentPackage = regexp.MustCompile(`/(receiver|processor|exporter|extension|connector)/.`)

// TestBuilderConfigHasTheComponents: a collector built from builder-config.yaml has the
// components of cmd/provtrail, at the versions of go.mod.
func TestBuilderConfigHasTheComponents(t *testing.T) {
	var manifest map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "builder-config.yaml")), &manifest))
	goMod := read(t, "go.mod")
	var built []string
	for _, section := range []string{"receivers", "processors", "connectors", "exporters", "extensions", "providers"} {
		for _, entry := range manifest[section].([]any) {
			fields := entry.(map[string]any)
			path, version, _ := strings.Cut(fields["gomod"].(string), " ")
			if path != module {
				assert.Contains(t, goMod, "\t"+path+" "+version+"\n", "builder-config.yaml has another version than go.mod")
			}
			if imported, ok := fields["import"]; ok {
				path = imported.(string)
			}
			if section != "providers" {
				built = append(built, path)
			}
		}
	}

	var own []string
	var imports []*ast.ImportSpec
	for _, name := range []string{"components.go", "full.go"} {
		source, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "cmd", "provtrail", name), nil, parser.ImportsOnly)
		require.NoError(t, err)
		imports = append(imports, source.Imports...)
	}
	for _, spec := range imports {
		path, err := strconv.Unquote(spec.Path.Value)
		require.NoError(t, err)
		switch {
		case path == module+"/internal/storagecheck": // wraps the standard one
			own = append(own, "github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage")
		case path == module+"/extension/clickhouseembeddedextension": // needs the main function of cmd/provtrail
		case componentPackage.MatchString(path):
			own = append(own, path)
		}
	}
	slices.Sort(own)
	slices.Sort(built)
	assert.Equal(t, own, built)
}
