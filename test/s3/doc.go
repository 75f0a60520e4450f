// Package s3 keeps an archive in a real S3-compatible server. It is a module of its
// own so that users of the collector do not carry that server.
package s3
