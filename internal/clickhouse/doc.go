// Package clickhouse runs a real ClickHouse server as a child process.
//
// The engine is either a clickhouse binary or the library libchdb, which holds the
// whole of clickhouse-local. The library is loaded by this same program, executed
// again (see [RunChildIfAsked]), and never by the calling process itself: a crash of
// the engine, or its memory, must not take the caller along.
//
//	caller ──stdin pipe──> child: clickhouse-local listening on loopback
//	       <─stderr, JSON lines──
//
// The child lives exactly as long as the pipe is open: clickhouse-local reads its
// last query's input from it. Closing the pipe is the clean stop, and the kernel
// closes it too when the caller is killed.
//
// An [Engine] owns a data directory and its addresses; [Engine.Start] starts one
// [Process] on them, as often as needed.
package clickhouse
