-- provisioning_activities and what filled it, in versions 1 to 6.
CREATE TABLE IF NOT EXISTS provisioning_activities
(
    tenant           LowCardinality(String),
    record_type      LowCardinality(String),
    event_id         String CODEC(ZSTD(1)),
    feed             LowCardinality(String),
    dialect          LowCardinality(String),
    group_id         String CODEC(ZSTD(1)),
    group_number     Int64 CODEC(ZSTD(1)),
    group_status     LowCardinality(String),
    activity_id      String CODEC(ZSTD(1)),
    status           LowCardinality(String),
    previous_status  LowCardinality(String),
    reported_status  LowCardinality(String),
    raw_status       LowCardinality(String),
    odd              Bool,
    kind             LowCardinality(String),
    operation        LowCardinality(String),
    cause            LowCardinality(String),
    source_id        LowCardinality(String),
    source_name      LowCardinality(String),
    account_id       String CODEC(ZSTD(1)),
    account_level    Bool,
    attribute_name   LowCardinality(String),
    attribute_value  String CODEC(ZSTD(1)),
    identity_id      String CODEC(ZSTD(1)),
    identity_name    String CODEC(ZSTD(1)),
    requester_id     String CODEC(ZSTD(1)),
    requester_name   String CODEC(ZSTD(1)),
    approver_name    String CODEC(ZSTD(1)),
    approval_status  LowCardinality(String),
    error_message    String CODEC(ZSTD(1)),
    failed_on        LowCardinality(String),
    failed_side      LowCardinality(String),
    ticket_id        String CODEC(ZSTD(1)),
    vendor_id        String CODEC(ZSTD(1)),
    item_id          String CODEC(ZSTD(1)),
    attempts         Int64 CODEC(T64, ZSTD(1)),
    stalled          Bool,
    overdue          Bool,
    requested_at     Nullable(DateTime64(6, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    occurred_at      DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    timed            Bool,
    observed_at      DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    status_since     Nullable(DateTime64(6, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    first_pending_at Nullable(DateTime64(6, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    committed_at     Nullable(DateTime64(6, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    finished_at      Nullable(DateTime64(6, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    first_failed_at  Nullable(DateTime64(6, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    failed_at        Nullable(DateTime64(6, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    pending_ms       Int64 CODEC(T64, ZSTD(1)),
    retrying_ms      Int64 CODEC(T64, ZSTD(1)),
    committed_ms     Int64 CODEC(T64, ZSTD(1)),
    failed_ms        Int64 CODEC(T64, ZSTD(1)),
    state_seq        Int64 CODEC(T64, ZSTD(1)),
    version          UInt64 CODEC(T64, ZSTD(1)),
    folded_into      String CODEC(ZSTD(1)),
    folded           UInt8,

    INDEX by_group    group_id    TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_activity activity_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_identity identity_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_account  account_id  TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version, folded)
ORDER BY (group_number, activity_id)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS provisioning_activities_from_observations
TO provisioning_activities
AS SELECT * EXCEPT ('^(current|original|reported_overrides)$'), toUInt8(folded_into != '') AS folded
FROM provisioning_observations
WHERE current;
