-- Every provisioning.activity record. The partition and the sort key are functions
-- of what event_id is a hash of, so all copies of an event meet in one partition and
-- merge into one row. (Where the vendor gives no time, that of first receipt stands
-- in for it, and timed is false.)
CREATE TABLE IF NOT EXISTS {{.Table "provisioning_observations"}}
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
    current          Bool,
    -- Big blocks: the documents of a group resemble each other.
    original         String CODEC(ZSTD(6)) SETTINGS (min_compress_block_size = 4194304, max_compress_block_size = 8388608),

    INDEX by_group    group_id    TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_activity activity_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_identity identity_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_account  account_id  TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {{.Engine "provisioning_observations" "ReplacingMergeTree" "version"}}
PARTITION BY toDate(occurred_at)
ORDER BY (toStartOfHour(occurred_at), tenant, group_id, event_id)
{{.Expire "observed_at" .TTL}}
SETTINGS {{.Settings}}, ttl_only_drop_parts = 1;

CREATE TABLE IF NOT EXISTS {{.Table "provisioning_groups"}}
(
    tenant               LowCardinality(String),
    group_id             String CODEC(ZSTD(1)),
    group_number         Int64 CODEC(ZSTD(1)),
    group_status         LowCardinality(String),
    activities           Int64 CODEC(T64, ZSTD(1)),
    failed_count         Int64 CODEC(T64, ZSTD(1)),
    retrying_count       Int64 CODEC(T64, ZSTD(1)),
    pending_count        Int64 CODEC(T64, ZSTD(1)),
    not_verifiable_count Int64 CODEC(T64, ZSTD(1)),
    committed_count      Int64 CODEC(T64, ZSTD(1)),
    success_count        Int64 CODEC(T64, ZSTD(1)),
    unknown_count        Int64 CODEC(T64, ZSTD(1)),
    sources              Array(String) CODEC(ZSTD(1)),
    cause                LowCardinality(String),
    identity_id          String CODEC(ZSTD(1)),
    identity_name        String CODEC(ZSTD(1)),
    requester_name       String CODEC(ZSTD(1)),
    first_at             DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    last_at              DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    observed_at          DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    version              UInt64 CODEC(T64, ZSTD(1)),

    INDEX by_group    group_id    TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_identity identity_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {{.Engine "provisioning_groups" "ReplacingMergeTree" "version"}}
ORDER BY (group_number, tenant, group_id)
{{.Expire "observed_at" .TTL}}
SETTINGS {{.Settings}};

-- Neither a time nor a partition stands before event_id: the same text read again
-- at another time is the same row.
CREATE TABLE IF NOT EXISTS {{.Table "provisioning_quarantine"}}
(
    tenant      LowCardinality(String),
    event_id    String CODEC(ZSTD(1)),
    feed        LowCardinality(String),
    reason      String CODEC(ZSTD(1)),
    file        String CODEC(ZSTD(1)),
    position    Int64,
    field       LowCardinality(String),
    size        Int64,
    observed_at DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    original    String CODEC(ZSTD(3))
)
ENGINE = {{.Engine "provisioning_quarantine" "ReplacingMergeTree"}}
ORDER BY event_id
{{.Expire "observed_at" .QuarantineTTL}}
SETTINGS {{.Settings}};
