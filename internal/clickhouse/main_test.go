package clickhouse

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
	"go.uber.org/zap"
)

// parentEnv makes this test binary a parent that can be killed: see TestKilledParent.
const parentEnv = "PROVTRAIL_TEST_CLICKHOUSE_PARENT"

func TestMain(m *testing.M) {
	RunChildIfAsked()
	if dir := os.Getenv(parentEnv); dir != "" {
		beParent(dir)
	}
	goleak.VerifyTestMain(m)
}

// beParent starts ClickHouse, prints its process id and address, and waits to be killed.
func beParent(dir string) {
	engine, err := Open(context.Background(), testConfig(dir), zap.NewNop())
	if err != nil {
		panic(err)
	}
	process, err := engine.Start(context.Background())
	if err != nil {
		panic(err)
	}
	fmt.Println(process.Pid(), engine.NativeAddr())
	select {}
}

func testConfig(dir string) Config {
	cfg := DefaultConfig()
	cfg.Directory = dir
	cfg.NativeEndpoint = "127.0.0.1:0"
	cfg.HTTPEndpoint = "127.0.0.1:0"
	cfg.Unrestricted, cfg.Database = true, ""
	return cfg
}
