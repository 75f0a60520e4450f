// Package drivers brings the object storage an archive may lie in: Amazon S3 and
// what speaks its protocol (s3://bucket), Google Cloud Storage (gs://bucket) and
// Azure Blob Storage (azblob://container). Import it for its effect.
package drivers

import (
	_ "gocloud.dev/blob/azureblob" // azblob://
	_ "gocloud.dev/blob/gcsblob"   // gs://
	_ "gocloud.dev/blob/s3blob"    // s3://
)
