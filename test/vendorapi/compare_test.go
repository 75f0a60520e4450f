package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const ours = `
paths:
  /things:
    x-published: things-v1.yaml
    get:
      parameters:
        - {in: query, name: limit, schema: {type: integer}}
        - {in: query, name: filters, schema: {type: string}, x-operators: {made: [ge, eq]}}
        - {in: query, name: sorters, schema: {type: string}, x-fields: [made]}
        - {in: query, name: color, schema: {type: string}}
      responses: {'200': {content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Thing'}}}}}}
components:
  schemas:
    Thing:
      x-published: thing.yaml
      type: object
      properties:
        id: {type: string}
        made: {type: string, format: date-time, nullable: true}
        state: {type: string, enum: [NEW, OLD]}
        part: {type: object, properties: {size: {type: integer}}}
        owner: {$ref: '#/components/schemas/Owner'}
        local: {type: string, x-unpublished: true}
    Owner: {x-published: owner.yaml, type: object}
`

const (
	things = `
get:
  parameters:
    - $ref: ../../shared/limit.yaml
    - {in: query, name: filters, schema: {type: string}, description: 'Supported: **made**: *ge, eq*'}
    - {in: query, name: sorters, schema: {type: string}, description: 'These fields: **made**'}
    - {in: query, name: color, schema: {type: string}}
  responses: {'200': {content: {application/json: {schema: {type: array, items: {$ref: ../schemas/thing.yaml}}}}}}
`
	thing = `
type: object
properties:
  id: {type: string}
  made: {type: string, format: date-time, nullable: true}
  state: {enum: [NEW, OLD]}
  part: {type: object, properties: {size: {type: integer}}}
  owner: {$ref: ./owner.yaml}
`
)

// compareWith compares ours with a copy that holds the files.
func compareWith(t *testing.T, files map[string]string) *comparison {
	t.Helper()
	dir := t.TempDir()
	own := filepath.Join(t.TempDir(), "ours.yaml")
	require.NoError(t, os.WriteFile(own, []byte(ours), 0o600))
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	vendor, err := openCopy(dir)
	require.NoError(t, err)
	c, err := compare(own, vendor)
	require.NoError(t, err)
	return c
}

func TestNoDifference(t *testing.T) {
	c := compareWith(t, map[string]string{"path-things-v1.yaml": things, "schema-thing.yaml": thing})
	require.Empty(t, c.differences)
	require.ElementsMatch(t, []string{"limit.yaml", "owner.yaml"}, c.absent)
	require.Len(t, c.vendor.digest(), 64)
}

func TestEachDifferenceIsReported(t *testing.T) {
	c := compareWith(t, map[string]string{
		"path-things-v1.yaml": `
get:
  parameters:
    - {in: query, name: limit, schema: {type: string}}
    - {in: query, name: filters, schema: {type: string}, description: 'Supported: **made**: *ge, lt*'}
    - {in: query, name: sorters, schema: {type: string}, description: 'These fields: **id**'}
  responses: {'200': {content: {application/json: {schema: {type: object}}}}}
`,
		"schema-thing.yaml": `
type: object
properties:
  made: {type: string}
  state: {type: string, enum: [NEW, BROKEN]}
  part: {type: object, properties: {size: {type: number}}}
  owner: {type: object}
`,
	})
	require.ElementsMatch(t, []string{
		"GET /things parameter limit: type is integer, the vendor's string",
		"GET /things parameter filters field made: the vendor has no operator eq",
		"GET /things parameter filters field made: the vendor also has the operator lt",
		"GET /things parameter sorters: the vendor has no field made",
		"GET /things parameter sorters: the vendor also has the field id",
		"GET /things: the vendor has no parameter color",
		"GET /things 200: type is array, the vendor's object",
		"Thing: the vendor has no field id",
		"Thing.made: format is date-time, the vendor's <nil>",
		"Thing.made: nullable is true, the vendor's <nil>",
		"Thing.state: the vendor has no value OLD",
		"Thing.state: the vendor also has the value BROKEN",
		"Thing.part.size: type is integer, the vendor's number",
	}, c.differences)
}

func TestACopyThatCannotBeRead(t *testing.T) {
	_, err := openCopy(t.TempDir())
	require.ErrorContains(t, err, "holds no YAML files")
	require.ErrorContains(t, run("ours.yaml", ""), "DIR=")
}
