package sailpoint

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/provtrail/provtrail/provisioning"
)

// typical is a REST activity of two items, 1.3 KB.
var typical = []byte(`{"id":"7a71172b8b16f0e31b6e19860aca1c6f","name":"7a71172b8b16f0e31b6e19860aca1c6f","created":"2026-07-11T18:45:37.098Z","modified":"2026-07-12T20:22:28.104Z","completed":null,"completionStatus":"SUCCESS","type":"appRequest","requesterIdentitySummary":{"id":"44f604493339136a5b9fdb422973e97d","name":"grace.hopper","identityId":"44f604493339136a5b9fdb422973e97d","completed":true},"targetIdentitySummary":{"id":"2c9180835d2e5168015d32f890ca0001","name":"ada.lovelace","identityId":"2c9180835d2e5168015d32f890ca0001","completed":true},"errors":null,"warnings":null,"items":[{"id":"48c545831b264409a81befcabb0e3c01","name":"48c545831b264409a81befcabb0e3c01","requested":"2026-07-11T18:45:37.098Z","approvalStatus":"FINISHED","provisioningStatus":"COMMITED","requesterComment":null,"reviewerIdentitySummary":null,"reviewerComment":null,"operation":"ADD","attribute":"memberOf","value":"CN=Sales,OU=Groups,DC=example,DC=org","nativeIdentity":"CN=Ada Lovelace,OU=Sales,DC=example,DC=org","sourceId":"0b49094903828db6f748031fbe2b09d8"},{"id":"48c545831b264409a81befcabb0e3c02","name":"48c545831b264409a81befcabb0e3c02","requested":"2026-07-11T18:45:37.098Z","approvalStatus":"FINISHED","provisioningStatus":"FINISHED","operation":"ADD","attribute":"memberOf","value":"CN=Service-Counter,OU=Groups,DC=example,DC=org","nativeIdentity":"CN=Ada Lovelace,OU=Sales,DC=example,DC=org","sourceId":"0b49094903828db6f748031fbe2b09d8"}],"executionStatus":"COMPLETED","clientMetadata":null}`)

// BenchmarkParse reads documents into observations.
func BenchmarkParse(b *testing.B) {
	documents := map[string][]byte{"rest_1300B": typical}
	for _, name := range []string{"search", "events", "trigger"} {
		data, err := os.ReadFile("testdata/" + name + ".json")
		if err != nil {
			b.Fatal(err)
		}
		var small bytes.Buffer
		if err := json.Compact(&small, data); err != nil {
			b.Fatal(err)
		}
		documents[name] = small.Bytes()
	}
	for name, data := range documents {
		b.Run(name, func(b *testing.B) {
			p := &Parser{Tenant: "acme", Feed: provisioning.FeedFile}
			var to Result
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				to.Reset()
				p.Parse(data, 1, &to)
			}
			b.ReportMetric(float64(len(to.Observations)), "observations/op")
		})
	}
}

// BenchmarkDecode compares the JSON library with encoding/json on the same type.
func BenchmarkDecode(b *testing.B) {
	b.Run("sonic", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var d document
			if err := decode(string(typical), &d); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding_json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var d document
			if err := json.Unmarshal(typical, &d); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("redact", func(b *testing.B) {
		b.ReportAllocs()
		text := string(typical)
		for b.Loop() {
			if _, err := (*Redactor)(nil).redact(text, strict); err != nil {
				b.Fatal(err)
			}
		}
	})
}
