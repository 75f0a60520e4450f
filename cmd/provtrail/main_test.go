package main

import (
	"testing"

	"github.com/provtrail/provtrail/internal/clickhousetest"
)

func TestMain(m *testing.M) { clickhousetest.Main(m) }
