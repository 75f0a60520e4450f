-- Every activity record. The partition and the sort key are functions of what event_id is
-- a hash of, so all copies of an event are in one partition and merge into one row. Where
-- the vendor gives no time, occurred_at is the time of first receipt and timed is false.
CREATE TABLE IF NOT EXISTS {{.Table "provisioning_observations"}}
(
    tenant             {{template "word"}},
    record_type        {{template "word"}},
    event_id           {{template "text"}},
    feed               {{template "word"}},
    dialect            {{template "word"}},
    group_id           {{template "long text"}},
    group_number       Int64 CODEC(ZSTD(1)),
    group_status       {{template "word"}},
    -- Large blocks for what the documents of a group repeat.
    activity_id        {{template "long text"}} SETTINGS (min_compress_block_size = 1048576, max_compress_block_size = 2097152),
    status             {{template "word"}},
    previous_status    {{template "word"}},
    reported_status    {{template "word"}},
    raw_status         {{template "word"}},
    odd                Bool CODEC(ZSTD(1)),
    kind               {{template "word"}},
    operation          {{template "word"}},
    cause              {{template "word"}},
    source_id          {{template "word"}},
    source_name        {{template "word"}},
    account_id         {{template "long text"}},
    account_level      Bool CODEC(ZSTD(1)),
    attribute_name     {{template "word"}},
    attribute_value    {{template "long text"}},
    identity_id        {{template "long text"}},
    identity_name      {{template "long text"}},
    requester_id       {{template "long text"}},
    requester_name     {{template "long text"}},
    approver_name      {{template "long text"}},
    approval_status    {{template "word"}},
    error_message      {{template "long text"}},
    failed_on          {{template "word"}},
    failed_side        {{template "word"}},
    ticket_id          {{template "text"}},
    vendor_id          {{template "long text"}} SETTINGS (min_compress_block_size = 4194304, max_compress_block_size = 8388608),
    item_id            {{template "long text"}} SETTINGS (min_compress_block_size = 4194304, max_compress_block_size = 8388608),
    attempts           Int64 CODEC(ZSTD(3)),
    stalled            Bool CODEC(ZSTD(1)),
    overdue            Bool CODEC(ZSTD(1)),
    requested_at       {{template "optional time"}},
    occurred_at        {{template "time"}},
    timed              Bool CODEC(ZSTD(1)),
    observed_at        {{template "time"}},
    status_since       {{template "optional time"}},
    first_pending_at   {{template "optional time"}},
    committed_at       {{template "optional time"}},
    finished_at        {{template "optional time"}},
    first_failed_at    {{template "optional time"}},
    failed_at          {{template "optional time"}},
    pending_ms         Int64 CODEC(ZSTD(3)),
    retrying_ms        Int64 CODEC(ZSTD(3)),
    committed_ms       Int64 CODEC(ZSTD(3)),
    failed_ms          Int64 CODEC(ZSTD(3)),
    state_seq          Int64 CODEC(ZSTD(3)),
    version            UInt64 CODEC(ZSTD(3)),
    folded_into        {{template "text"}},
    reported_overrides {{template "text"}},
    current            Bool CODEC(ZSTD(1)),
    original           String CODEC(ZSTD(7)) SETTINGS (min_compress_block_size = 4194304, max_compress_block_size = 8388608),

    INDEX by_group group_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_activity activity_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_identity identity_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_account account_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_number toString(group_number) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_name lowerUTF8(identity_name) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_receipt observed_at TYPE minmax GRANULARITY 1
)
ENGINE = {{.Engine "provisioning_observations" "ReplacingMergeTree" "version"}}
PARTITION BY toDate(occurred_at)
ORDER BY (toStartOfHour(occurred_at), tenant, group_id, event_id)
{{.Expire "observed_at" .TTL}}
SETTINGS {{.Settings}}, ttl_only_drop_parts = 1, {{.MergeWhenIdle}};

CREATE OR REPLACE VIEW {{.View "observations"}} AS
SELECT *, {{template "source"}} AS source, sipHash64(activity_id) AS activity
FROM {{.Table "provisioning_observations"}} FINAL;
