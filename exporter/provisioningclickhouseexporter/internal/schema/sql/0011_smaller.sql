-- What compresses better: docs/clickhouse.md has the figures. Parts that are there already
-- change when they merge.
ALTER TABLE {{.Table "provisioning_observations"}}
{{.Codec "ZSTD(1)" "tenant" "record_type" "feed" "dialect" "group_status" "status" "previous_status" "reported_status" "raw_status" "odd"
    "kind" "operation" "cause" "source_id" "source_name" "account_level" "attribute_name" "approval_status" "failed_on" "failed_side"
    "stalled" "overdue" "timed" "current"}},
{{.Codec "GCD, ZSTD(1)" "requested_at" "occurred_at" "observed_at" "status_since" "first_pending_at" "committed_at" "finished_at"
    "first_failed_at" "failed_at"}},
{{.Codec "ZSTD(3)" "attempts" "pending_ms" "retrying_ms" "committed_ms" "failed_ms" "state_seq" "version"
    "group_id" "identity_id" "identity_name" "requester_id" "requester_name" "approver_name" "account_id" "attribute_value"
    "error_message" "vendor_id" "item_id" "activity_id"}},
{{.Codec "ZSTD(7)" "original"}};

-- Ids that the documents of a group repeat, the first two for nobody to look for: big blocks.
ALTER TABLE {{.Table "provisioning_observations"}}
MODIFY COLUMN vendor_id MODIFY SETTING min_compress_block_size = 4194304, max_compress_block_size = 8388608;

ALTER TABLE {{.Table "provisioning_observations"}}
MODIFY COLUMN item_id MODIFY SETTING min_compress_block_size = 4194304, max_compress_block_size = 8388608;

ALTER TABLE {{.Table "provisioning_observations"}}
MODIFY COLUMN activity_id MODIFY SETTING min_compress_block_size = 1048576, max_compress_block_size = 2097152;

-- What was received lately happened lately, with few exceptions.
ALTER TABLE {{.Table "provisioning_observations"}} ADD INDEX IF NOT EXISTS by_receipt observed_at TYPE minmax GRANULARITY 1;

ALTER TABLE {{.Table "provisioning_groups"}}
{{.Codec "ZSTD(1)" "tenant" "group_status" "cause"}},
{{.Codec "GCD, ZSTD(1)" "first_at" "last_at" "observed_at"}};
