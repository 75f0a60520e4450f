// Package queuestorage keeps the Collector's persistent queue from losing data where its
// storage fails. The queue itself
//
//   - drops an item when the storage refuses to record that it is being sent, as a full
//     disk does;
//   - starts empty when its metadata cannot be read or decoded;
//   - at the start deletes the items whose sending was interrupted and then appends them
//     again: a crash between the two loses them.
//
// [Wrap] puts a client between the queue and its storage that repeats refused operations,
// deletes such items only together with a later operation, and stores every value in an
// envelope: damaged metadata stops the queue instead of emptying it. It stores together what
// need not be stored at once.
package queuestorage
