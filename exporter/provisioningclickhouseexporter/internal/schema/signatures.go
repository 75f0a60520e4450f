package schema

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/provtrail/provtrail/provisioning/errorclass"
)

const signatures = "provisioning_error_signatures"

// signaturesTable is the statement that replaces the table of known errors at once, so that
// no query sees a part of it. Panels join the table by (category, signature); the row
// without a signature is for errors of the category that no signature of the table knows.
func signaturesTable(t Target, known []errorclass.Signature) (statement, digest string) {
	var rows strings.Builder
	row := func(of errorclass.Info, signature string, retry errorclass.Retry, action string) {
		if rows.Len() > 0 {
			rows.WriteString(", ")
		}
		fmt.Fprintf(&rows, "(%s, %s, %s, %s, %s, %s)", literal(string(of.Category)), literal(signature), literal(of.Title),
			literal(of.Actor), literal(string(retry)), literal(action))
	}
	for _, info := range errorclass.Categories {
		row(info, "", info.Retry, info.Action)
	}
	for i := range known {
		if info, ok := known[i].Category.Info(); ok {
			row(info, known[i].ID, known[i].Retry, known[i].Action)
		}
	}
	sum := sha256.Sum256([]byte(rows.String()))
	digest = hex.EncodeToString(sum[:])
	const columns = "category LowCardinality(String), signature String, title LowCardinality(String), who_acts LowCardinality(String), " +
		"retryable LowCardinality(String), next_action String"
	return fmt.Sprintf("CREATE OR REPLACE TABLE %s (%s) ENGINE = ReplacingMergeTree ORDER BY (category, signature) SETTINGS %s COMMENT %s AS SELECT * FROM values(%s, %s)",
		t.Table(signatures), columns, durable, literal(digest), literal(columns), rows.String()), digest
}

// fillSignatures writes the table of known errors unless it is that of this program.
func fillSignatures(ctx context.Context, server Server, t Target) error {
	statement, digest := signaturesTable(t, errorclass.Builtin())
	has, err := server.Strings(ctx, fmt.Sprintf("SELECT comment FROM system.tables WHERE database = %s AND name = %s", literal(t.Database), literal(signatures)))
	if err != nil {
		return fmt.Errorf("read what %s holds: %w", t.Table(signatures), err)
	}
	if len(has) == 1 && has[0] == digest {
		return nil
	}
	if err := server.Exec(ctx, statement); err != nil {
		return fmt.Errorf("write %s: %w", t.Table(signatures), err)
	}
	return nil
}
