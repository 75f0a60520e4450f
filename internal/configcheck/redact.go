package configcheck

import "regexp"

var userinfo = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://[^/?#@\s:]*):[^/?#\s]*@`)

// redactURLs replaces the password in every URL within a configuration.
func redactURLs(value any) any {
	switch v := value.(type) {
	case string:
		return userinfo.ReplaceAllString(v, "$1:REDACTED@")
	case map[string]any:
		for key := range v {
			v[key] = redactURLs(v[key])
		}
	case []any:
		for i := range v {
			v[i] = redactURLs(v[i])
		}
	}
	return value
}
