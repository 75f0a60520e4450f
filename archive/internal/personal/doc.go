// Package personal encrypts the personal columns of an archive, with a key for each person
// in a key store outside the archive. Destroying a key erases the person's texts from files
// that cannot change, and from every copy of them.
package personal
