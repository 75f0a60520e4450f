// Package secretfile reads a secret that a configuration gives as itself or as a file.
package secretfile

import (
	"fmt"
	"os"
	"strings"

	"go.opentelemetry.io/collector/config/configopaque"
)

// Password is value, or where that is empty what is in file, without white space around
// it. key is the file's key in the configuration, for errors.
func Password(value configopaque.String, key, file string) (string, error) {
	if value != "" || file == "" {
		return string(value), nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w: name a file with the password, or set the password itself", key, err)
	}
	password := strings.TrimSpace(string(text))
	if password == "" {
		return "", fmt.Errorf("%s: %s is empty", key, file)
	}
	return password, nil
}
