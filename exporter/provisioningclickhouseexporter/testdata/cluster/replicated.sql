CREATE TABLE IF NOT EXISTS `provtrail`.`provisioning_observations`
(
    tenant              LowCardinality(String) CODEC(ZSTD(1)),
    record_type         LowCardinality(String) CODEC(ZSTD(1)),
    event_id            String CODEC(ZSTD(1)),
    feed                LowCardinality(String) CODEC(ZSTD(1)),
    dialect             LowCardinality(String) CODEC(ZSTD(1)),
    group_id            String CODEC(ZSTD(3)),
    group_number        Int64 CODEC(ZSTD(1)),
    group_status        LowCardinality(String) CODEC(ZSTD(1)),
    activity_id         String CODEC(ZSTD(3)) SETTINGS (min_compress_block_size = 1048576, max_compress_block_size = 2097152),
    status              LowCardinality(String) CODEC(ZSTD(1)),
    outcome             LowCardinality(String) CODEC(ZSTD(1)),
    previous_status     LowCardinality(String) CODEC(ZSTD(1)),
    reported_status     LowCardinality(String) CODEC(ZSTD(1)),
    raw_status          LowCardinality(String) CODEC(ZSTD(1)),
    odd                 Bool CODEC(ZSTD(1)),
    kind                LowCardinality(String) CODEC(ZSTD(1)),
    operation           LowCardinality(String) CODEC(ZSTD(1)),
    cause               LowCardinality(String) CODEC(ZSTD(1)),
    raw_cause           LowCardinality(String) CODEC(ZSTD(1)),
    source_id           LowCardinality(String) CODEC(ZSTD(1)),
    source_name         LowCardinality(String) CODEC(ZSTD(1)),
    account_id          String CODEC(ZSTD(3)),
    account_level       Bool CODEC(ZSTD(1)),
    attribute_name      LowCardinality(String) CODEC(ZSTD(1)),
    attribute_value     String CODEC(ZSTD(3)),
    identity_id         String CODEC(ZSTD(3)),
    identity_name       String CODEC(ZSTD(3)),
    requester_id        String CODEC(ZSTD(3)),
    requester_name      String CODEC(ZSTD(3)),
    approver_name       String CODEC(ZSTD(3)),
    approval_status     LowCardinality(String) CODEC(ZSTD(1)),
    raw_approval_status LowCardinality(String) CODEC(ZSTD(1)),
    error_message       String CODEC(ZSTD(3)),
    error_category      LowCardinality(String) CODEC(ZSTD(1)),
    error_signature     LowCardinality(String) CODEC(ZSTD(1)),
    error_fingerprint   String CODEC(ZSTD(1)),
    warnings            String CODEC(ZSTD(3)),
    failed_on           LowCardinality(String) CODEC(ZSTD(1)),
    failed_side         LowCardinality(String) CODEC(ZSTD(1)),
    ticket_id           String CODEC(ZSTD(1)),
    requested_item_name String CODEC(ZSTD(3)),
    requested_item_type LowCardinality(String) CODEC(ZSTD(1)),
    requester_comment   String CODEC(ZSTD(3)),
    reviewer_comment    String CODEC(ZSTD(3)),
    client_metadata     String CODEC(ZSTD(3)),
    vendor_id           String CODEC(ZSTD(3)) SETTINGS (min_compress_block_size = 4194304, max_compress_block_size = 8388608),
    vendor_created_at   Nullable(DateTime64(6, 'UTC')) CODEC(GCD, ZSTD(1)),
    item_id             String CODEC(ZSTD(3)) SETTINGS (min_compress_block_size = 4194304, max_compress_block_size = 8388608),
    attempts            Int64 CODEC(ZSTD(3)),
    stalled             Bool CODEC(ZSTD(1)),
    overdue             Bool CODEC(ZSTD(1)),
    requested_at        Nullable(DateTime64(6, 'UTC')) CODEC(GCD, ZSTD(1)),
    remove_at           Nullable(DateTime64(6, 'UTC')) CODEC(GCD, ZSTD(1)),
    occurred_at         DateTime64(6, 'UTC') CODEC(GCD, ZSTD(1)),
    timed               Bool CODEC(ZSTD(1)),
    observed_at         DateTime64(6, 'UTC') CODEC(GCD, ZSTD(1)),
    status_since        Nullable(DateTime64(6, 'UTC')) CODEC(GCD, ZSTD(1)),
    first_pending_at    Nullable(DateTime64(6, 'UTC')) CODEC(GCD, ZSTD(1)),
    first_retrying_at   Nullable(DateTime64(6, 'UTC')) CODEC(GCD, ZSTD(1)),
    first_not_verifiable_at Nullable(DateTime64(6, 'UTC')) CODEC(GCD, ZSTD(1)),
    committed_at        Nullable(DateTime64(6, 'UTC')) CODEC(GCD, ZSTD(1)),
    finished_at         Nullable(DateTime64(6, 'UTC')) CODEC(GCD, ZSTD(1)),
    first_failed_at     Nullable(DateTime64(6, 'UTC')) CODEC(GCD, ZSTD(1)),
    failed_at           Nullable(DateTime64(6, 'UTC')) CODEC(GCD, ZSTD(1)),
    pending_ms          Int64 CODEC(ZSTD(3)),
    retrying_ms         Int64 CODEC(ZSTD(3)),
    committed_ms        Int64 CODEC(ZSTD(3)),
    failed_ms           Int64 CODEC(ZSTD(3)),
    state_seq           Int64 CODEC(ZSTD(3)),
    version             UInt64 CODEC(ZSTD(3)),
    folded_into         String CODEC(ZSTD(1)),
    withdrawn           String CODEC(ZSTD(1)),
    reported_overrides  String CODEC(ZSTD(1)),
    reason              String CODEC(ZSTD(1)),
    current             Bool CODEC(ZSTD(1)),
    original            LowCardinality(String) CODEC(ZSTD(1)),

    INDEX by_group group_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_activity activity_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_identity identity_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_account account_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_number toString(group_number) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_name lowerUTF8(identity_name) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_receipt observed_at TYPE minmax GRANULARITY 1,
    INDEX by_creation vendor_created_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/provtrail/provisioning_observations', '{replica}', version)
PARTITION BY toDate(occurred_at)
ORDER BY (toStartOfHour(occurred_at), tenant, group_id, event_id)
SETTINGS replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_bytes_for_wide_part = 134217728, merge_selector_base = 16, min_age_to_force_merge_seconds = 14400, min_age_to_force_merge_on_partition_only = 1;

CREATE OR REPLACE VIEW `provtrail`.`observations_local` AS
SELECT *, if(source_name = '', source_id, source_name) AS source, sipHash64(activity_id) AS activity
FROM `provtrail`.`provisioning_observations` FINAL;

CREATE TABLE IF NOT EXISTS `provtrail`.`provisioning_activities`
(
    tenant              LowCardinality(String) CODEC(LZ4) SETTINGS (min_compress_block_size = 16384),
    record_type         LowCardinality(String) CODEC(ZSTD(1)),
    event_id            String CODEC(ZSTD(1)),
    feed                LowCardinality(String) CODEC(ZSTD(1)),
    dialect             LowCardinality(String) CODEC(ZSTD(1)),
    group_id            String CODEC(ZSTD(1)),
    group_number        Int64 CODEC(Delta(8), LZ4) SETTINGS (min_compress_block_size = 16384),
    group_status        LowCardinality(String) CODEC(ZSTD(1)),
    activity_id         String CODEC(ZSTD(1)),
    status              LowCardinality(String) CODEC(LZ4) SETTINGS (min_compress_block_size = 16384),
    outcome             LowCardinality(String) CODEC(LZ4) SETTINGS (min_compress_block_size = 16384),
    previous_status     LowCardinality(String) CODEC(ZSTD(1)),
    reported_status     LowCardinality(String) CODEC(ZSTD(1)),
    raw_status          LowCardinality(String) CODEC(ZSTD(1)),
    odd                 Bool SETTINGS (min_compress_block_size = 16384),
    kind                LowCardinality(String) CODEC(LZ4) SETTINGS (min_compress_block_size = 16384),
    operation           LowCardinality(String) CODEC(LZ4) SETTINGS (min_compress_block_size = 16384),
    cause               LowCardinality(String) CODEC(LZ4) SETTINGS (min_compress_block_size = 16384),
    raw_cause           LowCardinality(String) CODEC(ZSTD(1)),
    source_id           LowCardinality(String) CODEC(ZSTD(1)),
    source_name         LowCardinality(String) CODEC(ZSTD(1)),
    account_id          String CODEC(ZSTD(1)),
    account_level       Bool,
    attribute_name      LowCardinality(String) CODEC(ZSTD(1)),
    attribute_value     String CODEC(ZSTD(1)),
    identity_id         String CODEC(ZSTD(1)),
    identity_name       String CODEC(ZSTD(1)),
    requester_id        String CODEC(ZSTD(1)),
    requester_name      String CODEC(ZSTD(1)),
    approver_name       String CODEC(ZSTD(1)),
    approval_status     LowCardinality(String) CODEC(ZSTD(1)),
    raw_approval_status LowCardinality(String) CODEC(ZSTD(1)),
    error_message       String CODEC(ZSTD(1)),
    error_category      LowCardinality(String) CODEC(LZ4) SETTINGS (min_compress_block_size = 16384),
    error_signature     LowCardinality(String) CODEC(ZSTD(1)),
    error_fingerprint   String CODEC(ZSTD(1)),
    warnings            String CODEC(ZSTD(1)),
    failed_on           LowCardinality(String) CODEC(LZ4) SETTINGS (min_compress_block_size = 16384),
    failed_side         LowCardinality(String) CODEC(ZSTD(1)),
    ticket_id           String CODEC(ZSTD(1)),
    requested_item_name String CODEC(ZSTD(1)),
    requested_item_type LowCardinality(String) CODEC(ZSTD(1)),
    requester_comment   String CODEC(ZSTD(1)),
    reviewer_comment    String CODEC(ZSTD(1)),
    client_metadata     String CODEC(ZSTD(1)),
    vendor_id           String CODEC(ZSTD(1)),
    vendor_created_at   Nullable(DateTime64(6, 'UTC')) CODEC(GCD, ZSTD(1)),
    item_id             String CODEC(ZSTD(1)),
    attempts            Int64 CODEC(T64, ZSTD(1)),
    stalled             Bool SETTINGS (min_compress_block_size = 16384),
    overdue             Bool SETTINGS (min_compress_block_size = 16384),
    requested_at        Nullable(DateTime64(6, 'UTC')) CODEC(T64, LZ4) SETTINGS (min_compress_block_size = 16384),
    remove_at           Nullable(DateTime64(6, 'UTC')) CODEC(GCD, ZSTD(1)),
    occurred_at         DateTime64(6, 'UTC') CODEC(T64) SETTINGS (min_compress_block_size = 16384),
    timed               Bool,
    observed_at         DateTime64(6, 'UTC') CODEC(T64) SETTINGS (min_compress_block_size = 16384),
    status_since        Nullable(DateTime64(6, 'UTC')) CODEC(T64, LZ4) SETTINGS (min_compress_block_size = 16384),
    first_pending_at    Nullable(DateTime64(6, 'UTC')) CODEC(GCD, ZSTD(1)),
    first_retrying_at   Nullable(DateTime64(6, 'UTC')) CODEC(GCD, ZSTD(1)),
    first_not_verifiable_at Nullable(DateTime64(6, 'UTC')) CODEC(GCD, ZSTD(1)),
    committed_at        Nullable(DateTime64(6, 'UTC')) CODEC(T64, LZ4) SETTINGS (min_compress_block_size = 16384),
    finished_at         Nullable(DateTime64(6, 'UTC')) CODEC(T64, LZ4) SETTINGS (min_compress_block_size = 16384),
    first_failed_at     Nullable(DateTime64(6, 'UTC')) CODEC(GCD, ZSTD(1)),
    failed_at           Nullable(DateTime64(6, 'UTC')) CODEC(GCD, ZSTD(1)),
    pending_ms          Int64 CODEC(T64, ZSTD(1)),
    retrying_ms         Int64 CODEC(T64, ZSTD(1)),
    committed_ms        Int64 CODEC(T64, ZSTD(1)),
    failed_ms           Int64 CODEC(T64, ZSTD(1)),
    state_seq           Int64 CODEC(T64, ZSTD(1)),
    version             UInt64 CODEC(T64, LZ4) SETTINGS (min_compress_block_size = 16384),
    folded_into         String CODEC(ZSTD(1)),
    source              LowCardinality(String) MATERIALIZED if(source_name = '', source_id, source_name) CODEC(LZ4) SETTINGS (min_compress_block_size = 16384),
    activity            UInt64 MATERIALIZED sipHash64(activity_id) CODEC(NONE) SETTINGS (min_compress_block_size = 16384),
    attempt             UInt64 MATERIALIZED if(kind = 'password', sipHash64(tenant, group_id, if(match(source_id, '^[0-9a-fA-F-]{32,36}$') OR source_name = '', source_id, source_name), lower(account_id)), 0) CODEC(LZ4) SETTINGS (min_compress_block_size = 16384),
    account_key         UInt64 MATERIALIZED if(account_id = '', 0, sipHash64(lower(account_id))) CODEC(LZ4) SETTINGS (min_compress_block_size = 16384),
    folded              UInt8 MATERIALIZED folded_into != '' SETTINGS (min_compress_block_size = 16384),
    done_at             DateTime64(6, 'UTC') MATERIALIZED if(status IN ('Committed', 'Success', 'Not Verifiable'), coalesce(committed_at, finished_at, occurred_at), toDateTime64(0, 6, 'UTC')) CODEC(T64) SETTINGS (min_compress_block_size = 16384),
    change_key          UInt64 MATERIALIZED sipHash64(tenant, if(identity_id = '', lower(account_id), identity_id), if(match(source_id, '^[0-9a-fA-F-]{32,36}$') OR source_name = '', source_id, source_name), attribute_name, attribute_value,
        multiIf(attribute_name = '', operation, operation IN ('Remove', 'Delete', 'Disable', 'Lock'), 'take away', 'give')) CODEC(NONE) SETTINGS (min_compress_block_size = 16384),

    INDEX by_group group_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_number toString(group_number) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_activity activity_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_identity identity_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_name lowerUTF8(identity_name) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_account account_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_change change_key TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/provtrail/provisioning_activities', '{replica}', version, folded)
PRIMARY KEY (group_number, activity)
ORDER BY (group_number, activity, operation)
SETTINGS replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_bytes_for_wide_part = 134217728, merge_selector_base = 16, index_granularity = 1024, min_compress_block_size = 4096,
    min_age_to_force_merge_seconds = 14400, min_age_to_force_merge_on_partition_only = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS `provtrail`.`provisioning_activities_from_observations`
TO `provtrail`.`provisioning_activities`
AS SELECT
    tenant, record_type, event_id, feed, dialect, group_id, group_number, group_status, activity_id,
    status, outcome, previous_status, reported_status, raw_status, odd, kind, operation, cause, raw_cause, source_id,
    source_name, account_id, account_level, attribute_name, attribute_value, identity_id, identity_name,
    requester_id, requester_name, approver_name, approval_status, raw_approval_status, error_message,
    error_category, error_signature, error_fingerprint, warnings, failed_on, failed_side, ticket_id,
    requested_item_name, requested_item_type, requester_comment, reviewer_comment, client_metadata,
    vendor_id, vendor_created_at, item_id, attempts, stalled, overdue, requested_at, remove_at, occurred_at, timed,
    observed_at, status_since, first_pending_at, first_retrying_at, first_not_verifiable_at, committed_at, finished_at, first_failed_at, failed_at,
    pending_ms, retrying_ms, committed_ms, failed_ms, state_seq, version, folded_into
FROM `provtrail`.`provisioning_observations`
WHERE current;

CREATE OR REPLACE VIEW `provtrail`.`activities_local` AS
SELECT *, source, activity, change_key, account_key, done_at FROM `provtrail`.`provisioning_activities` FINAL;

CREATE OR REPLACE VIEW `provtrail`.`lookup_local` AS
SELECT *, source, activity, change_key, account_key, done_at FROM `provtrail`.`provisioning_activities`;

CREATE OR REPLACE VIEW `provtrail`.`passwords_changed_local` AS
SELECT
    any(a.tenant) AS tenant, any(a.group_id) AS group_id, a.group_number AS group_number,
    any(if(match(source_id, '^[0-9a-fA-F-]{32,36}$') OR source_name = '', source_id, source_name)) AS source_key,
    any(lower(a.account_id)) AS account,
    argMax(a.source, (a.occurred_at, a.activity_id)) AS source,
    argMax(a.identity_id, (a.occurred_at, a.activity_id)) AS identity_id,
    argMax(a.identity_name, (a.occurred_at, a.activity_id)) AS identity_name,
    argMax(a.requester_name, (a.occurred_at, a.activity_id)) AS requester_name,
    argMin(a.status, (indexOf(['Failed', 'Retrying', 'Pending', 'Not Verifiable', 'Committed', 'Success', ''], toString(a.status)), a.activity_id)) AS status,
    ['none', 'identitynow', 'source', 'both'][1 + groupBitOr(toUInt8((a.failed_on IN ('identitynow', 'both')) + 2 * (a.failed_on IN ('source', 'both'))))] AS failed_on,
    argMax(a.error_message, (a.error_message != '', a.occurred_at, a.activity_id)) AS error_message,
    max(a.attempts) AS attempts,
    min(a.requested_at) AS requested_at,
    max(a.occurred_at) AS occurred_at
FROM `provtrail`.`provisioning_activities` AS a FINAL
WHERE a.kind = 'password'
GROUP BY a.group_number, a.attempt;

CREATE TABLE IF NOT EXISTS `provtrail`.`provisioning_groups`
(
    tenant               LowCardinality(String) CODEC(ZSTD(1)),
    group_id             String CODEC(ZSTD(1)),
    group_number         Int64 CODEC(Delta(8), LZ4),
    group_status         LowCardinality(String) CODEC(ZSTD(1)),
    activities           Int64 CODEC(T64, ZSTD(1)),
    failed_count         Int64 CODEC(T64, ZSTD(1)),
    retrying_count       Int64 CODEC(T64, ZSTD(1)),
    pending_count        Int64 CODEC(T64, ZSTD(1)),
    not_verifiable_count Int64 CODEC(T64, ZSTD(1)),
    committed_count      Int64 CODEC(T64, ZSTD(1)),
    success_count        Int64 CODEC(T64, ZSTD(1)),
    unknown_count        Int64 CODEC(T64, ZSTD(1)),
    sources              Array(String) CODEC(ZSTD(1)),
    cause                LowCardinality(String) CODEC(ZSTD(1)),
    identity_id          String CODEC(ZSTD(1)),
    identity_name        String CODEC(ZSTD(1)),
    requester_name       String CODEC(ZSTD(1)),
    first_at             DateTime64(6, 'UTC') CODEC(T64) SETTINGS (min_compress_block_size = 16384),
    last_at              DateTime64(6, 'UTC') CODEC(T64) SETTINGS (min_compress_block_size = 16384),
    observed_at          DateTime64(6, 'UTC') CODEC(GCD, ZSTD(1)),
    version              UInt64 CODEC(T64, LZ4),
    id_hash              UInt32 MATERIALIZED toUInt32(sipHash64(tenant, group_id)) CODEC(NONE),

    INDEX by_group group_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_identity identity_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_number toString(group_number) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_name lowerUTF8(identity_name) TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/provtrail/provisioning_groups', '{replica}', version)
ORDER BY (group_number, id_hash)
SETTINGS replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_bytes_for_wide_part = 134217728, merge_selector_base = 16, index_granularity = 1024, min_compress_block_size = 16384, min_age_to_force_merge_seconds = 14400, min_age_to_force_merge_on_partition_only = 1;

CREATE OR REPLACE VIEW `provtrail`.`groups_local` AS
SELECT *, dateDiff('millisecond', first_at, last_at) AS duration_ms
FROM `provtrail`.`provisioning_groups` FINAL;

CREATE TABLE IF NOT EXISTS `provtrail`.`provisioning_transitions`
(
    hour         DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    tenant       LowCardinality(String) CODEC(ZSTD(1)),
    status       LowCardinality(String) CODEC(ZSTD(1)),
    group_number Int64 CODEC(Delta(8), ZSTD(1)),
    activity     UInt32 CODEC(NONE),
    at           DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    outcome      LowCardinality(String) CODEC(ZSTD(1)),
    kind         LowCardinality(String) CODEC(ZSTD(1)),
    source_name  LowCardinality(String) CODEC(ZSTD(1)),
    operation    LowCardinality(String) CODEC(ZSTD(1)),
    cause        LowCardinality(String) CODEC(ZSTD(1)),
    version      UInt64 CODEC(T64, ZSTD(1)),
    folded       UInt8 CODEC(ZSTD(1))
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/provtrail/provisioning_transitions', '{replica}', version, folded)
PARTITION BY toYYYYMM(hour)
ORDER BY (hour, tenant, status, group_number, activity)
SETTINGS replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_bytes_for_wide_part = 134217728, merge_selector_base = 16, min_age_to_force_merge_seconds = 14400, min_age_to_force_merge_on_partition_only = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS `provtrail`.`provisioning_transitions_from_observations`
TO `provtrail`.`provisioning_transitions`
AS SELECT
    toStartOfHour(entered.2) AS hour, tenant, entered.1 AS status, group_number, activity, entered.2 AS at, entered.3 AS outcome,
    kind, source_name, operation, cause, version, entered.4 AS folded
FROM (
    SELECT
        tenant, group_number, toUInt32(sipHash64(activity_id)) AS activity, kind, if(source_name = '', source_id, source_name) AS source_name, operation, cause, version,
        arrayConcat(
            arrayMap(e -> (e.1, toDateTime(assumeNotNull(e.2), 'UTC'), if(e.1 = status, outcome, ''), folded_into != ''), arrayFilter(e -> isNotNull(e.2), [
                ('Pending', first_pending_at), ('Retrying', first_retrying_at), ('Failed', first_failed_at),
                ('Committed', committed_at), ('Success', finished_at), ('Not Verifiable', first_not_verifiable_at)])),
            arrayMap(w -> (w[1], toDateTime(toUInt32OrZero(w[2]), 'UTC'), '', true), extractAllGroupsVertical(withdrawn, '([^,]+) ([0-9]+)'))) AS transitions
    FROM `provtrail`.`provisioning_observations`
    WHERE current
)
ARRAY JOIN transitions AS entered;

CREATE OR REPLACE VIEW `provtrail`.`transitions_local` AS
SELECT * FROM `provtrail`.`provisioning_transitions` FINAL;

CREATE TABLE IF NOT EXISTS `provtrail`.`provisioning_reports`
(
    hour         DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    tenant       LowCardinality(String) CODEC(ZSTD(1)),
    source_name  LowCardinality(String) CODEC(ZSTD(1)),
    kind         LowCardinality(String) CODEC(ZSTD(1)),
    operation    LowCardinality(String) CODEC(ZSTD(1)),
    cause        LowCardinality(String) CODEC(ZSTD(1)),
    status       LowCardinality(String) CODEC(ZSTD(1)),
    outcome      LowCardinality(String) CODEC(ZSTD(1)),
    observations AggregateFunction(uniqExact, UInt32) CODEC(ZSTD(1))
)
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/provtrail/provisioning_reports', '{replica}')
PARTITION BY toYYYYMM(hour)
ORDER BY (hour, tenant, status, outcome, kind, source_name, operation, cause)
SETTINGS replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_bytes_for_wide_part = 134217728, merge_selector_base = 16, min_age_to_force_merge_seconds = 14400, min_age_to_force_merge_on_partition_only = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS `provtrail`.`provisioning_reports_from_observations`
TO `provtrail`.`provisioning_reports`
AS SELECT
    toStartOfHour(o.occurred_at) AS hour, o.tenant AS tenant,
    if(o.source_name = '', o.source_id, o.source_name) AS source_name,
    o.kind AS kind, o.operation AS operation, o.cause AS cause, o.status AS status, o.outcome AS outcome,
    uniqExactIfState(toUInt32(sipHash64(o.event_id)), o.record_type = 'observation') AS observations
FROM `provtrail`.`provisioning_observations` AS o
WHERE o.folded_into = ''
GROUP BY hour, tenant, source_name, kind, operation, cause, status, outcome;

CREATE OR REPLACE VIEW `provtrail`.`dimensions_local` AS
SELECT hour, tenant, source_name AS source, kind, operation, cause, status FROM `provtrail`.`provisioning_reports`;

CREATE OR REPLACE VIEW `provtrail`.`status_hourly_local` AS
SELECT
    hour, tenant, source_name, kind, operation, cause, status, outcome,
    max(observations) AS observations, max(activities) AS activities, max(groups) AS groups
FROM (
    SELECT
        hour, tenant, source_name, kind, operation, cause, status, outcome,
        toUInt64(0) AS observations, count() AS activities, uniqExact(group_number) AS groups
    FROM `provtrail`.`provisioning_transitions` FINAL
    GROUP BY hour, tenant, source_name, kind, operation, cause, status, outcome
    UNION ALL
    SELECT
        hour, tenant, source_name, kind, operation, cause, status, outcome,
        uniqExactMerge(observations), toUInt64(0), toUInt64(0)
    FROM `provtrail`.`provisioning_reports`
    GROUP BY hour, tenant, source_name, kind, operation, cause, status, outcome
)
GROUP BY hour, tenant, source_name, kind, operation, cause, status, outcome;

CREATE TABLE IF NOT EXISTS `provtrail`.`provisioning_errors`
(
    occurred_at   DateTime64(6, 'UTC') CODEC(GCD, ZSTD(1)),
    since         DateTime64(6, 'UTC') CODEC(GCD, ZSTD(1)),
    tenant        LowCardinality(String) CODEC(ZSTD(1)),
    source        LowCardinality(String) CODEC(ZSTD(1)),
    kind          LowCardinality(String) CODEC(ZSTD(1)),
    operation     LowCardinality(String) CODEC(ZSTD(1)),
    cause         LowCardinality(String) CODEC(ZSTD(1)),
    error         LowCardinality(String) CODEC(ZSTD(1)),
    error_message String CODEC(ZSTD(1)),
    category      LowCardinality(String) CODEC(ZSTD(1)),
    signature     LowCardinality(String) CODEC(ZSTD(1)),
    fingerprint   LowCardinality(String) CODEC(ZSTD(1)),
    group_id      String CODEC(ZSTD(1)),
    group_number  Int64 CODEC(ZSTD(1)),
    activity      UInt64 CODEC(NONE),
    identity      UInt64 CODEC(ZSTD(1)),
    change_key    UInt64 CODEC(NONE),
    account_key   UInt64 CODEC(ZSTD(1)),
    version       UInt64 CODEC(T64, ZSTD(1))
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/provtrail/provisioning_errors', '{replica}', version)
PARTITION BY toDate(occurred_at)
ORDER BY (toStartOfHour(occurred_at), tenant, source, error, activity, occurred_at)
SETTINGS replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_bytes_for_wide_part = 134217728, merge_selector_base = 16, min_age_to_force_merge_seconds = 14400, min_age_to_force_merge_on_partition_only = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS `provtrail`.`provisioning_errors_from_observations`
TO `provtrail`.`provisioning_errors`
AS SELECT
    occurred_at, ifNull(status_since, occurred_at) AS since, tenant, if(source_name = '', source_id, source_name) AS source, kind, operation, cause,
    replaceRegexpAll(replaceRegexpAll(replaceRegexpAll(replaceRegexpAll(error_message,
        '[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}', '<id>'),
        '"[^"]*"|\'[^\']*\'', '<text>'),
        '(?i)\\b(cn|ou|dc|uid)=[^,;\\s]+(,\\s*(cn|ou|dc|uid)=[^,;\\s]+)*', '<dn>'),
        '\\b(0x)?[0-9][0-9a-fA-F]*\\b', '<n>') AS error,
    error_message, error_category AS category, error_signature AS signature, error_fingerprint AS fingerprint,
    group_id, group_number, sipHash64(activity_id) AS activity, sipHash64(identity_id) AS identity,
    sipHash64(tenant, if(identity_id = '', lower(account_id), identity_id), if(match(source_id, '^[0-9a-fA-F-]{32,36}$') OR source_name = '', source_id, source_name), attribute_name, attribute_value,
        multiIf(attribute_name = '', operation, operation IN ('Remove', 'Delete', 'Disable', 'Lock'), 'take away', 'give')) AS change_key, if(account_id = '', 0, sipHash64(lower(account_id))) AS account_key, version
FROM `provtrail`.`provisioning_observations`
WHERE status = 'Failed' AND outcome != 'declined';

CREATE OR REPLACE VIEW `provtrail`.`errors_local` AS
SELECT * FROM `provtrail`.`provisioning_errors` FINAL;

CREATE TABLE IF NOT EXISTS `provtrail`.`provisioning_quarantine`
(
    tenant      LowCardinality(String) CODEC(ZSTD(1)),
    event_id    String CODEC(ZSTD(1)),
    feed        LowCardinality(String) CODEC(ZSTD(1)),
    reason      String CODEC(ZSTD(1)),
    file        String CODEC(ZSTD(1)),
    position    Int64,
    field       LowCardinality(String) CODEC(ZSTD(1)),
    vendor_id   String CODEC(ZSTD(1)),
    vendor_created_at Nullable(DateTime64(6, 'UTC')) CODEC(GCD, ZSTD(1)),
    size        Int64,
    observed_at DateTime64(6, 'UTC') CODEC(GCD, ZSTD(1)),
    original    String CODEC(ZSTD(3))
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/provtrail/provisioning_quarantine', '{replica}')
ORDER BY event_id
SETTINGS replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_bytes_for_wide_part = 134217728, merge_selector_base = 16;

CREATE OR REPLACE VIEW `provtrail`.`quarantine_local` AS
SELECT * FROM `provtrail`.`provisioning_quarantine` FINAL;

CREATE TABLE IF NOT EXISTS `provtrail`.`provisioning_reconciliations`
(
    tenant          LowCardinality(String) CODEC(ZSTD(1)),
    event_id        String CODEC(ZSTD(1)),
    feed            LowCardinality(String) CODEC(ZSTD(1)),
    hour            DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    observed_at     DateTime64(6, 'UTC') CODEC(GCD, ZSTD(1)),
    pass            Int64 CODEC(T64, ZSTD(1)),
    verdict         LowCardinality(String) CODEC(ZSTD(1)),
    vendor_count    Int64 CODEC(T64, ZSTD(1)),
    method          LowCardinality(String) CODEC(ZSTD(1)),
    observed        Int64 CODEC(T64, ZSTD(1)),
    ignored         Int64 CODEC(T64, ZSTD(1)),
    quarantined     Int64 CODEC(T64, ZSTD(1)),
    ignored_reasons String CODEC(ZSTD(1)),
    digest          String CODEC(ZSTD(1)),
    missing         Int64 CODEC(T64, ZSTD(1)),
    missing_ids     Array(String) CODEC(ZSTD(1)),
    reason          String CODEC(ZSTD(1))
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/provtrail/provisioning_reconciliations', '{replica}')
ORDER BY (hour, tenant, feed, event_id)
SETTINGS replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_bytes_for_wide_part = 134217728, merge_selector_base = 16;

CREATE OR REPLACE VIEW `provtrail`.`reconciliations_local` AS
SELECT * FROM `provtrail`.`provisioning_reconciliations` FINAL;

CREATE OR REPLACE TABLE `provtrail`.`provisioning_observations_all` AS `provtrail`.`provisioning_observations`
ENGINE = Distributed('main', 'provtrail', 'provisioning_observations', cityHash64(group_id));

CREATE OR REPLACE TABLE `provtrail`.`provisioning_groups_all` AS `provtrail`.`provisioning_groups`
ENGINE = Distributed('main', 'provtrail', 'provisioning_groups', cityHash64(group_id));

CREATE OR REPLACE TABLE `provtrail`.`provisioning_quarantine_all` AS `provtrail`.`provisioning_quarantine`
ENGINE = Distributed('main', 'provtrail', 'provisioning_quarantine', cityHash64(event_id));

CREATE OR REPLACE TABLE `provtrail`.`provisioning_reconciliations_all` AS `provtrail`.`provisioning_reconciliations`
ENGINE = Distributed('main', 'provtrail', 'provisioning_reconciliations', cityHash64(event_id));

CREATE OR REPLACE TABLE `provtrail`.`reconciliations` AS `provtrail`.`reconciliations_local`
ENGINE = Distributed('main', 'provtrail', 'reconciliations_local', cityHash64(event_id));

CREATE OR REPLACE TABLE `provtrail`.`observations` AS `provtrail`.`observations_local`
ENGINE = Distributed('main', 'provtrail', 'observations_local', cityHash64(group_id));

CREATE OR REPLACE TABLE `provtrail`.`activities` AS `provtrail`.`activities_local`
ENGINE = Distributed('main', 'provtrail', 'activities_local', cityHash64(group_id));

CREATE OR REPLACE TABLE `provtrail`.`groups` AS `provtrail`.`groups_local`
ENGINE = Distributed('main', 'provtrail', 'groups_local', cityHash64(group_id));

CREATE OR REPLACE TABLE `provtrail`.`passwords_changed` AS `provtrail`.`passwords_changed_local`
ENGINE = Distributed('main', 'provtrail', 'passwords_changed_local', cityHash64(group_id));

CREATE OR REPLACE TABLE `provtrail`.`quarantine` AS `provtrail`.`quarantine_local`
ENGINE = Distributed('main', 'provtrail', 'quarantine_local', cityHash64(event_id));

CREATE OR REPLACE TABLE `provtrail`.`transitions` AS `provtrail`.`transitions_local`
ENGINE = Distributed('main', 'provtrail', 'transitions_local');

CREATE OR REPLACE TABLE `provtrail`.`errors` AS `provtrail`.`errors_local`
ENGINE = Distributed('main', 'provtrail', 'errors_local');

CREATE OR REPLACE TABLE `provtrail`.`dimensions` AS `provtrail`.`dimensions_local`
ENGINE = Distributed('main', 'provtrail', 'dimensions_local');

CREATE OR REPLACE TABLE `provtrail`.`lookup` AS `provtrail`.`lookup_local`
ENGINE = Distributed('main', 'provtrail', 'lookup_local');

CREATE OR REPLACE TABLE `provtrail`.`provisioning_reports_all` AS `provtrail`.`provisioning_reports`
ENGINE = Distributed('main', 'provtrail', 'provisioning_reports');

CREATE OR REPLACE VIEW `provtrail`.`status_hourly` AS
SELECT
    hour, tenant, source_name, kind, operation, cause, status, outcome,
    max(observations) AS observations, max(activities) AS activities, max(groups) AS groups
FROM (
    SELECT
        hour, tenant, source_name, kind, operation, cause, status, outcome,
        toUInt64(0) AS observations, count() AS activities, uniqExact(group_number) AS groups
    FROM `provtrail`.`transitions`
    GROUP BY hour, tenant, source_name, kind, operation, cause, status, outcome
    UNION ALL
    SELECT
        hour, tenant, source_name, kind, operation, cause, status, outcome,
        uniqExactMerge(observations), toUInt64(0), toUInt64(0)
    FROM `provtrail`.`provisioning_reports_all`
    GROUP BY hour, tenant, source_name, kind, operation, cause, status, outcome
)
GROUP BY hour, tenant, source_name, kind, operation, cause, status, outcome;

CREATE OR REPLACE VIEW `provtrail`.`failures` AS
SELECT
    f.*,
    arrayFirst(r -> r.1 > f.since AND r.2 != f.group_number
        AND (r.3 = f.account_key OR r.3 = 0 OR f.account_key = 0 OR f.operation = 'Create'), c.successes) AS repair,
    repair.2 AS repaired_by, if(repair.2 = 0, NULL, repair.1) AS repaired_at
FROM (
    SELECT * FROM `provtrail`.`errors`
    WHERE occurred_at >= {since:DateTime64(3, 'UTC')} AND occurred_at <= {until:DateTime64(3, 'UTC')} AND ({group:String} = '' OR group_id = {group:String} OR toString(group_number) = {group:String})
    ORDER BY version DESC, error
    LIMIT 1 BY activity, occurred_at
) AS f
INNER JOIN (
    SELECT
        change_key,
        groupArrayIf((activity, occurred_at), status = 'Failed' AND outcome = 'fault') AS standing,
        arraySort(groupArrayIf((done_at, group_number, account_key), done_at > 0)) AS successes
    FROM `provtrail`.`activities`
    WHERE occurred_at >= {since:DateTime64(3, 'UTC')} AND occurred_at <= {until:DateTime64(3, 'UTC')}
      AND activity GLOBAL IN (SELECT activity FROM `provtrail`.`lookup` WHERE change_key GLOBAL IN (SELECT change_key FROM `provtrail`.`errors` WHERE occurred_at >= {since:DateTime64(3, 'UTC')} AND occurred_at <= {until:DateTime64(3, 'UTC')} AND ({group:String} = '' OR group_id = {group:String} OR toString(group_number) = {group:String})))
      AND ({group:String} = '' OR group_number GLOBAL IN (
        SELECT group_number FROM `provtrail`.`lookup` WHERE {group:String} != '' AND change_key GLOBAL IN (SELECT change_key FROM `provtrail`.`errors` WHERE occurred_at >= {since:DateTime64(3, 'UTC')} AND occurred_at <= {until:DateTime64(3, 'UTC')} AND ({group:String} = '' OR group_id = {group:String} OR toString(group_number) = {group:String}))))
    GROUP BY change_key
) AS c USING (change_key)
WHERE has(c.standing, (f.activity, f.occurred_at))
SETTINGS optimize_move_to_prewhere_if_final = 1, use_index_for_in_with_subqueries_max_values = 10000;

CREATE OR REPLACE VIEW `provtrail`.`completeness` AS
SELECT
    s.tenant AS tenant, s.feed AS feed, s.hour AS hour, s.observed_at AS observed_at, s.verdict AS verdict,
    s.vendor_count AS vendor_count, s.observed AS observed, s.ignored AS ignored, s.quarantined AS quarantined,
    d.documents AS stored, q.documents AS stored_quarantined,
    toBool(s.digest = leftPad(lower(hex(d.digest)), 16, '0')) AS digest_agrees,
    s.missing
        + if(digest_agrees, 0, greatest(s.observed - toInt64(stored), toInt64(s.observed = stored)))
        + greatest(s.quarantined - toInt64(stored_quarantined), 0) AS missing,
    toBool((s.verdict = 'agreed' OR s.verdict = 'fewer' AND s.missing = 0) AND digest_agrees AND stored_quarantined >= s.quarantined) AS complete,
    s.missing_ids AS missing_ids, s.reason AS reason
FROM (
    SELECT * FROM `provtrail`.`reconciliations`
    WHERE hour >= toStartOfHour(now('UTC') - toIntervalSecond(604800)) + toIntervalHour(2)
    ORDER BY observed_at DESC
    LIMIT 1 BY tenant, feed, hour
) AS s
LEFT JOIN (
    WITH reinterpretAsUInt64(reverse(substring(SHA256(if(feed = 'events', event_id, vendor_id)), 1, 8))) AS document
    SELECT
        tenant, feed, toStartOfHour(assumeNotNull(vendor_created_at)) AS hour,
        uniqExact(document) AS documents, groupBitXorDistinct(document) AS digest
    FROM `provtrail`.`provisioning_observations_all`
    WHERE vendor_created_at >= toStartOfHour(now('UTC') - toIntervalSecond(604800)) + toIntervalHour(2) AND (vendor_id != '' OR feed = 'events') AND record_type != 'state'
    GROUP BY tenant, feed, hour
) AS d USING (tenant, feed, hour)
LEFT JOIN (
    SELECT
        tenant, feed, toStartOfHour(assumeNotNull(vendor_created_at)) AS hour,
        uniqExact(if(vendor_id = '', event_id, vendor_id)) AS documents
    FROM `provtrail`.`provisioning_quarantine_all`
    WHERE vendor_created_at >= toStartOfHour(now('UTC') - toIntervalSecond(604800)) + toIntervalHour(2)
    GROUP BY tenant, feed, hour
) AS q USING (tenant, feed, hour);

CREATE OR REPLACE VIEW `provtrail`.`complete_until` AS
SELECT tenant, feed, since, if(run = 0, NULL, since + toIntervalHour(run)) AS complete_until, stated_until, missing
FROM (
    SELECT
        tenant, feed, min(hour) AS since, max(hour) + toIntervalHour(1) AS stated_until, sum(missing) AS missing,
        arraySort(groupArrayIf(hour, complete)) AS whole,
        indexOf(arrayPushBack(arrayMap((h, i) -> h = since + toIntervalHour(i - 1), whole, arrayEnumerate(whole)), false), false) - 1 AS run
    FROM `provtrail`.`completeness`
    WHERE hour >= (SELECT max(hour) - toIntervalHour(167) FROM `provtrail`.`reconciliations`)
    GROUP BY tenant, feed
);

