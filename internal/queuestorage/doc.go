// Package queuestorage keeps the Collector's persistent queue from losing data where
// its storage fails it. The queue itself
//
//   - throws an item away when the storage refuses to note that it is being sent, as a
//     full disk does;
//   - begins anew when its position cannot be read at the start;
//   - deletes, at the start, the items whose sending was interrupted, and only then
//     puts them at its end: a crash in between loses them.
//
// [Wrap] puts a client between the two that waits for the storage instead, and deletes
// such items in one transaction with what the queue does after it has put them back.
package queuestorage
