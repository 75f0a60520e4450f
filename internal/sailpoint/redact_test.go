package sailpoint

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSecretNames(t *testing.T) {
	for _, name := range []string{
		"password", "Password", "userPassword", "unicodePwd", "user_passwd", "clientSecret", "PIN", "pin", "userPin", "pin_code", "token",
		"accessToken", "api_token", "refresh-token", "credentials", "Credential", "passphrase", "privateKey", "apiKey", "OTP", "*password*",
		"securityAnswer", "Kennwort", "Passwort", "Geheimnis", "parola", "mot_de_passe", "motDePasse", "contraseña", "pw", "authorization", "Authorization", "bearer",
		"sessionKey", "activationCode", "connectionString", "ssn", "пароль", "密码", "userContraseña", "Lösenord", "set-cookie",
	} {
		require.True(t, isSecretName(name), name)
	}
	for _, name := range []string{
		"", "memberOf", "mapping", "shippingAddress", "pwdLastSet", "passwordExpired", "passwordPolicy", "spinner", "tokenized", "compassion",
		"trackingNumber", "opinion", "groups", "detectedRoles", "authorized", "lessons", "größe", "powder", "cookiecutter",
	} {
		require.False(t, isSecretName(name), name)
	}
}

func TestRedact(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		require.Equal(t, want, Redact(in))
	}
	f(`{"a": 1.0e5 , "b":"x\u00e9"}`, `{"a": 1.0e5 , "b":"x\u00e9"}`)
	f(`{ "password" : "x\"y" , "n": 2}`, `{ "password" : "[redacted]" , "n": 2}`)
	f(`{"passw\u006frd":"x"}`, `{"passw\u006frd":"[redacted]"}`)
	f(`{"password":null,"passwordExpired":"2026","pin":1234,"token":{"a":["x"]}}`, `{"password":null,"passwordExpired":"2026","pin":"[redacted]","token":"[redacted]"}`)
	f(`{"value":"x","name":"password","op":"Set"}`, `{"value":"[redacted]","name":"password","op":"Set"}`)
	f(`{"name":"password","value":["x",{"y":"z"}]}`, `{"name":"password","value":"[redacted]"}`)
	f(`{"attributeName":"userPin","attributeValue":"1"}`, `{"attributeName":"userPin","attributeValue":"[redacted]"}`)
	f(`{"attribute":"memberOf","value":"password"}`, `{"attribute":"memberOf","value":"password"}`)
	f(`{"password":"a","password":"b"}`, `{"password":"[redacted]","password":"[redacted]"}`)
	f(`{"info":"{\"password\":\"x\",\"a\":\"<b>\"}"}`, `{"info":"{\"password\":\"[redacted]\",\"a\":\"<b>\"}"}`)
	f(`[{"name":"x","value":"keep"},{"name":"secret","value":"y"}]`, `[{"name":"x","value":"keep"},{"name":"secret","value":"[redacted]"}]`)
	f(`{"name":"password","inner":{"value":"keep","name":"memberOf"},"value":"x"}`, `{"name":"password","inner":{"value":"keep","name":"memberOf"},"value":"[redacted]"}`)
	// Cut off or broken: what may be a secret is one.
	f(`{"password":"hunt`, `{"password":"[redacted]"`)
	f(`{"value":"hunter2","na`, `{"value":"[redacted]","na`)
	f(`{"name":"password","value":"hun`, `{"name":"password","value":"[redacted]"`)
	f(`{"name":"memberOf","value":"CN=A`, `{"name":"memberOf","value":"CN=A`)
	f(`not json "password": "x" at all`, `not json "password": "[redacted]" at all`)
	f("{\x00\"\x00p\x00w\x00d\x00\"\x00:\x00\"\x00h\x00u\x00n\x00t\x00e\x00r\x002\x00\"\x00}\x00", `{"pwd":"[redacted]"}`)
	f(``, ``)
}

// TestRedactKeepsEveryOtherByte: a document without secrets stays as it is, and
// one with secrets holds none of them afterwards and still parses.
func TestRedactKeepsEveryOtherByte(t *testing.T) {
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		return rapid.Custom(func(t *rapid.T) any {
			switch kind := rapid.IntRange(0, 5).Draw(t, "kind"); {
			case kind == 0 && depth > 0:
				return rapid.SliceOfN(value(depth-1), 0, 3).Draw(t, "array")
			case kind <= 2 && depth > 0:
				key := rapid.SampledFrom([]string{"name", "value", "a", "b\"", "attribute", "memberOf", "items"})
				return rapid.MapOfN(key, value(depth-1), 0, 4).Draw(t, "object")
			case kind == 3:
				return rapid.Float64().Draw(t, "number")
			default:
				return rapid.SampledFrom([]string{"", "x", "é\n\"", "{\"a\":1}", "memberOf"}).Draw(t, "string")
			}
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		document, err := json.Marshal(value(4).Draw(t, "document"))
		if err != nil {
			t.Fatal(err)
		}
		text := string(document)
		if got := Redact(text); got != text {
			t.Fatalf("%s\nbecame\n%s", text, got)
		}
		hidden := `{"keep":` + text + `,"password":"hunter2","z":[{"value":"hunter2","name":"pin"},{"token":` + text + `}]}`
		clean := Redact(hidden)
		if strings.Contains(clean, "hunter2") || !json.Valid([]byte(clean)) || !strings.Contains(clean, text) && !strings.Contains(text, clean) {
			t.Fatalf("%s\nbecame\n%s", hidden, clean)
		}
	})
}

func TestSecretsLeaveInNoField(t *testing.T) {
	for _, document := range []string{
		`{"id":"a","items":[{"provisioningStatus":"PENDING","attribute":"password","value":"hunter2"}]}`,
		`{"trackingNumber":"a","id":"b","accountRequests":[{"attributeRequests":[{"name":"userPassword","value":["hunter2","hunter2!"]}]}]}`,
		`{"trackingNumber":"a","accountRequests":[{"accountOperation":"Create","attributeRequests":[{"attributeName":"pin","attributeValue":"hunter2"}]}]}`,
		`{"id":"e","technicalName":"ACCOUNT_MODIFY_FAILED","attributes":{"attributeName":"secret","attributeValue":"hunter2","newPassword":"hunter2"}}`,
		`{"id":7,"items":[{"attribute":"password","value":"hunter2"}]}`,
		`{"id":"a","items":[{"attribute":"password","value":"hunter2"`,
	} {
		r := parse([]byte(document))
		require.Equal(t, 1, len(r.Observations)+len(r.Rejected), document)
		for _, o := range r.Observations {
			require.NotContains(t, o.Original+o.AttributeValue+o.ErrorMessage, "hunter2")
			require.Contains(t, o.Original, Redacted)
		}
		for _, rejected := range r.Rejected {
			require.NotContains(t, rejected.Original+rejected.Reason, "hunter2")
		}
	}
}

// TestMaybeSecretSeesEverySecret: the quick no is never wrong.
func TestMaybeSecretSeesEverySecret(t *testing.T) {
	letters := rapid.SampledFrom([]string{"p", "P", "a", "s", "S", "w", "d", "_", "-", " ", "in", "PIN", "token", "x", "Key", "api", "é", "pass", "word", "Secret"})
	rapid.Check(t, func(t *rapid.T) {
		name := strings.Join(rapid.SliceOfN(letters, 0, 8).Draw(t, "name"), "")
		if word := plainWord(name); !maybeSecret(name) {
			for _, secret := range secretParts {
				require.NotContains(t, word, secret)
			}
			for _, secret := range secretWords {
				require.NotContains(t, word, secret)
			}
		}
	})
}

// TestStringsThatAdjoin: no quick no where a comma is missing.
func TestStringsThatAdjoin(t *testing.T) {
	for _, text := range []string{
		`"""password":"hunter2"`, `{"a":"b""password":"hunter2"}`, `{"""password":"hunter2"}`, `{"name"""{"password":{"""name"{`,
	} {
		require.False(t, (*Redactor)(nil).hasNoSecrets(text), text)
	}
}

// TestHasNoSecretsAgreesWithTheWholeSearch: the quick no agrees with the whole search.
func TestHasNoSecretsAgreesWithTheWholeSearch(t *testing.T) {
	word := rapid.SampledFrom([]string{"name", "value", "attribute", "password", "pin", "x", "attributeName", "userPin", "", "memberOf", `\"`, `{\"password\":\"x\"}`})
	pieces := rapid.SampledFrom([]string{"{", "}", "[", "]", ":", ",", " ", "null", "1", "true"})
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		for range rapid.IntRange(0, 30).Draw(t, "n") {
			if rapid.Bool().Draw(t, "string") {
				b.WriteString(`"` + word.Draw(t, "word") + `"`)
			} else {
				b.WriteString(pieces.Draw(t, "piece"))
			}
		}
		if text := b.String(); (*Redactor)(nil).hasNoSecrets(text) {
			r := redaction{text: text, mode: strict, frames: []frame{{}}}
			_, err := r.scan()
			require.NoError(t, err)
			for len(r.frames) > 1 {
				r.close(len(text))
			}
			require.Empty(t, r.edits, text)
		}
	})
}

func TestSecretsInPlainText(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		require.Equal(t, want, Redact(in))
		document, _ := json.Marshal(map[string]string{"error": in})
		clean, _ := json.Marshal(map[string]string{"error": want})
		got, err := (*Redactor)(nil).redact(string(document), strict)
		require.NoError(t, err)
		require.JSONEq(t, string(clean), got, "in a document")
	}
	f("Server=db;User Id=idn;Password=hunter2;Encrypt=true", "Server=db;User Id=idn;Password=[redacted];Encrypt=true")
	f("DefaultEndpointsProtocol=https;AccountKey=aGVsbG8td29ybGQ=;x=y", "DefaultEndpointsProtocol=https;AccountKey=[redacted];x=y")
	f("GET https://b.example/x?a=1&X-Amz-Signature=0011&b=2 failed", "GET https://b.example/x?a=1&X-Amz-Signature=[redacted]&b=2 failed")
	f("https://b.example/x?sig=0011%3D&se=1", "https://b.example/x?sig=[redacted]&se=1")
	f("https://b.example/x?token=abc", "https://b.example/x?token=[redacted]")
	f("jdbc:oracle://idn:hunter2@db.example/x", "jdbc:oracle://idn:[redacted]@db.example/x")
	f("jdbc:oracle:thin:scott/ti/ger@db.example:1521/x refused", "jdbc:oracle:thin:scott/[redacted]@db.example:1521/x refused")
	f("JDBC:ORACLE:OCI:scott/tiger@db", "JDBC:ORACLE:OCI:scott/[redacted]@db")
	f("Authorization: Bearer eyJhbGciOi.JIUzI1NiIs.x refused", "Authorization: Bearer [redacted] refused")
	f("password: hunter2 was refused", "password: [redacted] was refused")
	f("parola=x, heslo: x1", "parola=[redacted], heslo: [redacted]")
	f("Kennwort=geheim!", "Kennwort=[redacted]")
	f("mot_de_passe=secret1", "mot_de_passe=[redacted]")
	f("user_pwd='hunter 2' refused", "user_pwd=[redacted] refused")

	// No secrets.
	for _, text := range []string{
		"The password policy requires: length, age", "password: too short", "CN=Password Admins,OU=Groups", "the token has expired",
		"see https://docs.example/errors?code-page=1", "trackingNumber=2c91", "basic rules",
	} {
		require.Equal(t, text, Redact(text))
	}
}

// TestPlainTextIsSearchedAsAWhole: the quick no, and the parts that are searched each by
// itself, find what the patterns find in the whole text.
func TestPlainTextIsSearchedAsAWhole(t *testing.T) {
	pieces := rapid.SampledFrom([]string{
		"password", "Passwort", "my_", "x-", "PWD", "api-key", "activation_code", "mot_de_passe", "contrase\u00c3\u00b1a", "credentials", "pin", "pw", "key", "Sig",
		"x-goog-signature", "X-Amz-Security-Token", "Bearer ", "BASIC ", "negotiate ", "a", "CN", "a1b2c3d4e5", "7", "\u00e9",
		"=", "=", ": ", ":", " ", "'", `"`, `\"`, `\`, ",", `",`, ";", "?", "&", `\u0026`, "://", "@", "user:x@", "oracle:thin", "oci8", "oracle:", "/", "\n", "{", "]",
	})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(pieces, 1, 15).Draw(t, "text"), "")
		for i := len(text) - 1; i >= 0; i-- { // members of JSON are not searched
			if text[i] == ':' && isMemberColon(text, i) {
				text = text[:i+1] + " " + text[i+1:]
			}
		}
		want := scheme.ReplaceAllString(knownPatterns.redact(text), "${1}"+Redacted)
		want = userInfo.ReplaceAllString(want, "${1}"+Redacted+"@")
		want = oracleInfo.ReplaceAllString(want, "${1}"+Redacted+"@")
		if got := redactText(text); got != want {
			t.Fatalf("%q became %q, want %q", text, got, want)
		}
	})
}

// TestAddedNames are exact, in any case, wherever a secret may stand.
func TestAddedNames(t *testing.T) {
	secrets := NewRedactor([]string{"Badge No", "geheimzahl"})
	f := func(in, want string) {
		t.Helper()
		require.Equal(t, want, secrets.Redact(in))
		if document, err := secrets.redact(in, strict); json.Valid([]byte(in)) {
			require.NoError(t, err)
			require.Equal(t, want, document)
		}
	}
	f(`{"badge no":"47 11","BADGE NO":4711,"badge":"x","badge nos":"y"}`, `{"badge no":"[redacted]","BADGE NO":"[redacted]","badge":"x","badge nos":"y"}`)
	f(`{"name":"Geheimzahl","value":"4711"}`, `{"name":"Geheimzahl","value":"[redacted]"}`)
	f(`{"error":"Geheimzahl=4711; badge no: 12 refused, notgeheimzahl=5"}`, `{"error":"Geheimzahl=[redacted]; badge no: [redacted] refused, notgeheimzahl=5"}`)
	f(`{"info":"{\"geheimzahl\":\"4711\"}","password":"x1"}`, `{"info":"{\"geheimzahl\":\"[redacted]\"}","password":"[redacted]"}`)
	f(`not json 'geheimzahl': 'x' {"geheimzahl":"hun`, `not json 'geheimzahl': "[redacted]" {"geheimzahl":"[redacted]"`)
	require.Equal(t, `{"geheimzahl":"4711"}`, Redact(`{"geheimzahl":"4711"}`), "only where it was added")

	p := &Parser{Tenant: "acme", Secrets: secrets}
	var r Result
	p.Parse([]byte(`{"id":"a","items":[{"id":"i","attribute":"GEHEIMZAHL","value":"4711"},{"id":"j","attribute":"x","value":"47"}]}`), 1, &r)
	require.Equal(t, []string{Redacted, "47"}, []string{r.Observations[0].AttributeValue, r.Observations[1].AttributeValue})
	require.NotContains(t, r.Observations[0].Original, "4711")
	p.Parse([]byte(`{"geheimzahl":"4711"}`), 1, &r)
	require.NotContains(t, r.Rejected[0].Original, "4711")
}
