CREATE TABLE IF NOT EXISTS `provtrail`.`provisioning_observations`
(
    tenant           LowCardinality(String),
    record           LowCardinality(String),
    event_id         String CODEC(ZSTD(1)),
    feed             LowCardinality(String),
    dialect          LowCardinality(String),
    group_id         String CODEC(ZSTD(1)),
    group_number     Int64 CODEC(ZSTD(1)),
    group_status     LowCardinality(String),
    activity_id      String CODEC(ZSTD(1)),
    status           LowCardinality(String),
    previous_status  LowCardinality(String),
    observed_status  LowCardinality(String),
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
    original         String CODEC(ZSTD(6)) SETTINGS (min_compress_block_size = 4194304, max_compress_block_size = 8388608),

    INDEX by_group    group_id    TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_activity activity_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_identity identity_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_account  account_id  TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/provtrail/provisioning_observations', '{replica}', version)
PARTITION BY toDate(occurred_at)
ORDER BY (toStartOfHour(occurred_at), tenant, group_id, event_id)
TTL toDateTime(observed_at) + toIntervalSecond(604800)
SETTINGS replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, materialize_ttl_recalculate_only = 1, ttl_only_drop_parts = 1;

CREATE TABLE IF NOT EXISTS `provtrail`.`provisioning_activities`
(
    tenant           LowCardinality(String),
    record           LowCardinality(String),
    event_id         String CODEC(ZSTD(1)),
    feed             LowCardinality(String),
    dialect          LowCardinality(String),
    group_id         String CODEC(ZSTD(1)),
    group_number     Int64 CODEC(ZSTD(1)),
    group_status     LowCardinality(String),
    activity_id      String CODEC(ZSTD(1)),
    status           LowCardinality(String),
    previous_status  LowCardinality(String),
    observed_status  LowCardinality(String),
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/provtrail/provisioning_activities', '{replica}', version, folded)
ORDER BY (group_number, activity_id)
TTL toDateTime(observed_at) + toIntervalSecond(604800)
SETTINGS replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, materialize_ttl_recalculate_only = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS `provtrail`.`provisioning_activities_from_observations`
TO `provtrail`.`provisioning_activities`
AS SELECT * EXCEPT ('^(current|original|said)$'), toUInt8(folded_into != '') AS folded
FROM `provtrail`.`provisioning_observations`
WHERE current;

CREATE TABLE IF NOT EXISTS `provtrail`.`provisioning_groups`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/provtrail/provisioning_groups', '{replica}', version)
ORDER BY (group_number, tenant, group_id)
TTL toDateTime(observed_at) + toIntervalSecond(604800)
SETTINGS replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, materialize_ttl_recalculate_only = 1;

CREATE TABLE IF NOT EXISTS `provtrail`.`provisioning_quarantine`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/provtrail/provisioning_quarantine', '{replica}')
ORDER BY event_id
TTL toDateTime(observed_at) + toIntervalSecond(2592000)
SETTINGS replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, materialize_ttl_recalculate_only = 1;

CREATE TABLE IF NOT EXISTS `provtrail`.`provisioning_hourly`
(
    hour         DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    tenant       LowCardinality(String),
    source_name  LowCardinality(String),
    kind         LowCardinality(String),
    operation    LowCardinality(String),
    cause        LowCardinality(String),
    status       LowCardinality(String),
    observations AggregateFunction(uniqExact, UInt64) CODEC(ZSTD(1)),
    activities   AggregateFunction(uniqExact, UInt64) CODEC(ZSTD(1)),
    groups       AggregateFunction(uniqExact, UInt64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/provtrail/provisioning_hourly', '{replica}')
PARTITION BY toYYYYMM(hour)
ORDER BY (hour, tenant, status, kind, source_name, operation, cause)
TTL hour + toIntervalSecond(7776000)
SETTINGS replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, materialize_ttl_recalculate_only = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS `provtrail`.`provisioning_hourly_from_observations`
TO `provtrail`.`provisioning_hourly`
AS SELECT
    toStartOfHour(o.occurred_at) AS hour, o.tenant AS tenant,
    if(o.source_name = '', o.source_id, o.source_name) AS source_name,
    o.kind AS kind, o.operation AS operation, o.cause AS cause, o.status AS status,
    uniqExactIfState(sipHash64(o.event_id), o.record = 'observation') AS observations,
    uniqExactIfState(sipHash64(o.activity_id), o.status != o.previous_status) AS activities,
    uniqExactIfState(sipHash64(o.group_id), o.status != o.previous_status) AS groups
FROM `provtrail`.`provisioning_observations` AS o
WHERE o.folded_into = ''
GROUP BY hour, tenant, source_name, kind, operation, cause, status;

INSERT INTO `provtrail`.`provisioning_hourly` SELECT
    toStartOfHour(o.occurred_at) AS hour, o.tenant AS tenant,
    if(o.source_name = '', o.source_id, o.source_name) AS source_name,
    o.kind AS kind, o.operation AS operation, o.cause AS cause, o.status AS status,
    uniqExactIfState(sipHash64(o.event_id), o.record = 'observation') AS observations,
    uniqExactIfState(sipHash64(o.activity_id), o.status != o.previous_status) AS activities,
    uniqExactIfState(sipHash64(o.group_id), o.status != o.previous_status) AS groups
FROM `provtrail`.`provisioning_observations` AS o
WHERE o.folded_into = ''
GROUP BY hour, tenant, source_name, kind, operation, cause, status;

CREATE OR REPLACE VIEW `provtrail`.`observations_local` AS
SELECT * FROM `provtrail`.`provisioning_observations` FINAL;

CREATE OR REPLACE VIEW `provtrail`.`activities_local` AS
SELECT * EXCEPT (folded), if(source_name = '', source_id, source_name) AS source
FROM `provtrail`.`provisioning_activities` FINAL;

CREATE OR REPLACE VIEW `provtrail`.`groups_local` AS
SELECT *, dateDiff('millisecond', first_at, last_at) AS duration_ms
FROM `provtrail`.`provisioning_groups` FINAL;

CREATE OR REPLACE VIEW `provtrail`.`quarantine_local` AS
SELECT * FROM `provtrail`.`provisioning_quarantine` FINAL;

CREATE OR REPLACE VIEW `provtrail`.`passwords_changed_local` AS
SELECT
    a.tenant AS tenant, a.group_id AS group_id, any(a.group_number) AS group_number,
    if(match(a.source_id, '^[0-9a-fA-F-]{32,36}$') OR a.source_name = '', a.source_id, a.source_name) AS source_key,
    lower(a.account_id) AS account,
    argMax(if(a.source_name = '', a.source_id, a.source_name), (a.occurred_at, a.activity_id)) AS source,
    argMax(a.identity_id, (a.occurred_at, a.activity_id)) AS identity_id,
    argMax(a.identity_name, (a.occurred_at, a.activity_id)) AS identity_name,
    argMax(a.requester_name, (a.occurred_at, a.activity_id)) AS requester_name,
    argMin(a.status, (indexOf(['Failed', 'Retrying', 'Pending', 'Not Verifiable', 'Committed', 'Success', ''], toString(a.status)), a.activity_id)) AS status,
    multiIf(
        countIf(a.failed_on = 'both') > 0 OR (countIf(a.failed_on = 'identitynow') > 0 AND countIf(a.failed_on = 'source') > 0), 'both',
        countIf(a.failed_on = 'identitynow') > 0, 'identitynow',
        countIf(a.failed_on = 'source') > 0, 'source', 'none') AS failed_on,
    argMax(a.error_message, (a.error_message != '', a.occurred_at, a.activity_id)) AS error_message,
    max(a.attempts) AS attempts,
    min(a.requested_at) AS requested_at,
    max(a.occurred_at) AS occurred_at
FROM `provtrail`.`provisioning_activities` AS a FINAL
WHERE a.kind = 'password'
GROUP BY tenant, group_id, source_key, account;

CREATE OR REPLACE VIEW `provtrail`.`status_hourly_local` AS
SELECT
    hour, tenant, source_name, kind, operation, cause, status,
    uniqExactMerge(observations) AS observations,
    uniqExactMerge(activities) AS activities,
    uniqExactMerge(groups) AS groups
FROM `provtrail`.`provisioning_hourly`
GROUP BY hour, tenant, source_name, kind, operation, cause, status;

ALTER TABLE `provtrail`.`provisioning_observations`
ADD COLUMN IF NOT EXISTS said String CODEC(ZSTD(1)) AFTER folded_into;

CREATE OR REPLACE VIEW `provtrail`.`observations_local` AS
SELECT * FROM `provtrail`.`provisioning_observations` FINAL;

ALTER TABLE `provtrail`.`provisioning_activities` MODIFY SETTING min_age_to_force_merge_seconds = 600;

ALTER TABLE `provtrail`.`provisioning_groups` MODIFY SETTING min_age_to_force_merge_seconds = 600;

ALTER TABLE `provtrail`.`provisioning_observations` MODIFY SETTING min_age_to_force_merge_seconds = 600, min_age_to_force_merge_on_partition_only = 1;

ALTER TABLE `provtrail`.`provisioning_hourly` MODIFY SETTING min_age_to_force_merge_seconds = 600, min_age_to_force_merge_on_partition_only = 1;

ALTER TABLE `provtrail`.`provisioning_observations` ADD INDEX IF NOT EXISTS by_number toString(group_number) TYPE bloom_filter(0.01) GRANULARITY 1,
ADD INDEX IF NOT EXISTS by_name lowerUTF8(identity_name) TYPE bloom_filter(0.01) GRANULARITY 1;

ALTER TABLE `provtrail`.`provisioning_activities` ADD INDEX IF NOT EXISTS by_number toString(group_number) TYPE bloom_filter(0.01) GRANULARITY 1,
ADD INDEX IF NOT EXISTS by_name lowerUTF8(identity_name) TYPE bloom_filter(0.01) GRANULARITY 1;

ALTER TABLE `provtrail`.`provisioning_groups` ADD INDEX IF NOT EXISTS by_number toString(group_number) TYPE bloom_filter(0.01) GRANULARITY 1,
ADD INDEX IF NOT EXISTS by_name lowerUTF8(identity_name) TYPE bloom_filter(0.01) GRANULARITY 1;

CREATE OR REPLACE TABLE `provtrail`.`provisioning_observations_all` AS `provtrail`.`provisioning_observations`
ENGINE = Distributed('main', 'provtrail', 'provisioning_observations', cityHash64(group_id));

CREATE OR REPLACE TABLE `provtrail`.`provisioning_groups_all` AS `provtrail`.`provisioning_groups`
ENGINE = Distributed('main', 'provtrail', 'provisioning_groups', cityHash64(group_id));

CREATE OR REPLACE TABLE `provtrail`.`provisioning_quarantine_all` AS `provtrail`.`provisioning_quarantine`
ENGINE = Distributed('main', 'provtrail', 'provisioning_quarantine', cityHash64(event_id));

CREATE OR REPLACE TABLE `provtrail`.`provisioning_hourly_all` AS `provtrail`.`provisioning_hourly`
ENGINE = Distributed('main', 'provtrail', 'provisioning_hourly');

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

CREATE OR REPLACE VIEW `provtrail`.`status_hourly` AS
SELECT
    hour, tenant, source_name, kind, operation, cause, status,
    uniqExactMerge(observations) AS observations,
    uniqExactMerge(activities) AS activities,
    uniqExactMerge(groups) AS groups
FROM `provtrail`.`provisioning_hourly_all`
GROUP BY hour, tenant, source_name, kind, operation, cause, status;

