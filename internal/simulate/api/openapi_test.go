package api_test

import (
	"encoding/json"
	"net/url"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
)

// specification is an OpenAPI document made of the vendor's published files in
// testdata/openapi. What those refer to and is not published with them (error
// bodies, page parameters) is open.
const specification = `
openapi: 3.0.3
info: {title: SailPoint, version: v1}
paths:
  /account-activities/v1: {$ref: 'path-account-activities-v1.yaml'}
components:
  schemas:
    AccountActivity: {$ref: 'schema-accountactivity.yaml'}
    ActivityDocument: {$ref: 'schema-search-accountactivitydocument.yaml'}
    EventDocument: {$ref: 'schema-search-eventdocument.yaml'}
    ProvisioningCompleted: {$ref: 'trigger-provisioningcompleted.schema.yaml'}
`

func loadSpecification(t testing.TB) *openapi3.T {
	t.Helper()
	loader := openapi3.NewLoader()
	loader.IsExternalRefsAllowed = true
	loader.ReadFromURIFunc = func(_ *openapi3.Loader, uri *url.URL) ([]byte, error) {
		name := path.Base(uri.Path)
		for _, candidate := range []string{name, "schema-" + name} {
			if data, err := os.ReadFile(path.Join("testdata/openapi", candidate)); err == nil {
				return data, nil
			}
		}
		switch name {
		case "limit.yaml", "offset.yaml":
			return []byte("in: query\nname: " + strings.TrimSuffix(name, ".yaml") + "\nschema: {type: integer, minimum: 0}\n"), nil
		case "count.yaml":
			return []byte("in: query\nname: count\nschema: {type: boolean}\n"), nil
		}
		return []byte("description: not published here\n"), nil
	}
	doc, err := loader.LoadFromDataWithPath([]byte(specification), &url.URL{Path: "testdata/openapi/specification.yaml"})
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context(), openapi3.DisableExamplesValidation(), openapi3.DisableSchemaDefaultsValidation()))
	return doc
}

// conforms checks a value against a schema, and that the schema knows each field
// of the value but those every search document has.
func conforms(t testing.TB, schema *openapi3.Schema, value any, extra ...string) {
	t.Helper()
	data, err := json.Marshal(value)
	require.NoError(t, err)
	var plain any
	require.NoError(t, json.Unmarshal(data, &plain))
	require.NoError(t, schema.VisitJSON(plain, openapi3.MultiErrors(), openapi3.EnableFormatValidation()), string(data))
	known := map[string]bool{}
	for _, e := range extra {
		known[e] = true
	}
	for name := range plain.(map[string]any) {
		require.True(t, known[name] || schema.Properties[name] != nil, "field %s is not in the vendor's schema", name)
	}
}
