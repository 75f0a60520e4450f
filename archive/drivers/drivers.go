// Package drivers brings the object storage an archive may lie in: Amazon S3 and what
// speaks its protocol (s3://bucket) and, in a build with the tag full, Google Cloud
// Storage (gs://bucket) and Azure Blob Storage (azblob://container). Import it for its
// effect.
package drivers

import _ "gocloud.dev/blob/s3blob" // s3://
