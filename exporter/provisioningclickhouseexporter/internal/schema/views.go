package schema

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Views are the statements that are run at each start after the migrations: views that depend
// on settings.
func (t Target) Views() ([]string, error) {
	return Migration{SQL: read("sql/completeness.sql")}.Statements(t)
}

// createViews writes the views unless they are those of this program: ClickHouse may be left
// without a view that is replaced while its disk is full.
func createViews(ctx context.Context, server Server, t Target) error {
	statements, err := t.Views()
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(strings.Join(statements, ";")))
	digest := hex.EncodeToString(sum[:])
	has, err := server.Strings(ctx, fmt.Sprintf("SELECT name FROM system.tables WHERE database = %s AND comment = %s", literal(t.Database), literal(digest)))
	if err != nil {
		return fmt.Errorf("read the views of completeness: %w", err)
	}
	if len(has) == len(statements) {
		return nil
	}
	for _, statement := range statements {
		if err := server.Exec(ctx, statement+" COMMENT "+literal(digest)); err != nil {
			return fmt.Errorf("create the views of completeness: %w", err)
		}
	}
	return nil
}

// FirstHour is the first hour of the vendor's clock whose observations have all not reached
// the TTL. They were received after the hour began; an hour is allowed for a vendor's clock
// that is ahead.
func (t Target) FirstHour() string {
	if t.TTL <= 0 {
		return "toDateTime(0, 'UTC')"
	}
	return "toStartOfHour(now('UTC') - toIntervalSecond(" + strconv.FormatInt(int64(t.TTL/time.Second), 10) + ")) + toIntervalHour(2)"
}
