{{define "source key"}}if(match(source_id, '^[0-9a-fA-F-]{32,36}$') OR source_name = '', source_id, source_name){{end -}}
{{define "account key"}}if(account_id = '', 0, sipHash64(lower(account_id))){{end -}}
{{define "change key"}}sipHash64(tenant, if(identity_id = '', lower(account_id), identity_id), {{template "source key"}}, attribute_name, attribute_value,
        multiIf(attribute_name = '', operation, operation IN ('Remove', 'Delete', 'Disable', 'Lock'), 'take away', 'give')){{end -}}
-- The current row of every activity. A row with a higher version replaces one with a
-- lower; folded rows (the activity went into a finer one) vanish under FINAL. The key is
-- two integers, because FINAL mostly compares keys while rows come in. The operation follows
-- from them, being part of the activity's id: as a column of the sort key it is asked before
-- FINAL merges.
CREATE TABLE IF NOT EXISTS {{.Table "provisioning_activities"}}
(
    tenant              {{template "fast word"}},
    record_type         {{template "word"}},
    event_id            {{template "text"}},
    feed                {{template "word"}},
    dialect             {{template "word"}},
    group_id            {{template "text"}},
    group_number        Int64 CODEC(Delta(8), LZ4) {{template "fast block"}},
    group_status        {{template "word"}},
    activity_id         {{template "text"}},
    status              {{template "fast word"}},
    outcome             {{template "fast word"}},
    previous_status     {{template "word"}},
    reported_status     {{template "word"}},
    raw_status          {{template "word"}},
    odd                 Bool {{template "fast block"}},
    kind                {{template "fast word"}},
    operation           {{template "fast word"}},
    cause               {{template "fast word"}},
    raw_cause           {{template "word"}},
    source_id           {{template "word"}},
    source_name         {{template "word"}},
    account_id          {{template "text"}},
    account_level       Bool,
    attribute_name      {{template "word"}},
    attribute_value     {{template "text"}},
    identity_id         {{template "text"}},
    identity_name       {{template "text"}},
    requester_id        {{template "text"}},
    requester_name      {{template "text"}},
    approver_name       {{template "text"}},
    approval_status     {{template "word"}},
    raw_approval_status {{template "word"}},
    error_message       {{template "text"}},
    error_category      {{template "fast word"}},
    error_signature     {{template "word"}},
    error_fingerprint   {{template "text"}},
    warnings            {{template "text"}},
    failed_on           {{template "fast word"}},
    failed_side         {{template "word"}},
    ticket_id           {{template "text"}},
    requested_item_name {{template "text"}},
    requested_item_type {{template "word"}},
    requester_comment   {{template "text"}},
    reviewer_comment    {{template "text"}},
    client_metadata     {{template "text"}},
    vendor_id           {{template "text"}},
    vendor_created_at   {{template "optional time"}},
    item_id             {{template "text"}},
    attempts            {{template "number"}},
    stalled             Bool {{template "fast block"}},
    overdue             Bool {{template "fast block"}},
    requested_at        {{template "fast optional time"}},
    remove_at           {{template "optional time"}},
    occurred_at         {{template "fast time"}},
    timed               Bool,
    observed_at         {{template "fast time"}},
    status_since        {{template "fast optional time"}},
    first_pending_at    {{template "optional time"}},
    first_retrying_at   {{template "optional time"}},
    first_not_verifiable_at {{template "optional time"}},
    committed_at        {{template "fast optional time"}},
    finished_at         {{template "fast optional time"}},
    first_failed_at     {{template "optional time"}},
    failed_at           {{template "optional time"}},
    pending_ms          {{template "number"}},
    retrying_ms         {{template "number"}},
    committed_ms        {{template "number"}},
    failed_ms           {{template "number"}},
    state_seq           {{template "number"}},
    version             UInt64 CODEC(T64, LZ4) {{template "fast block"}},
    folded_into         {{template "text"}},
    source              LowCardinality(String) MATERIALIZED {{template "source"}} CODEC(LZ4) {{template "fast block"}},
    activity            UInt64 MATERIALIZED sipHash64(activity_id) CODEC(NONE) {{template "fast block"}},
    -- The same for both sides of a password change; 0 for other kinds.
    attempt             UInt64 MATERIALIZED if(kind = 'password', sipHash64(tenant, group_id, {{template "source key"}}, lower(account_id)), 0) CODEC(LZ4) {{template "fast block"}},
    -- The account, however its name is written; 0 where none is named.
    account_key         UInt64 MATERIALIZED {{template "account key"}} CODEC(LZ4) {{template "fast block"}},
    folded              UInt8 MATERIALIZED folded_into != '' {{template "fast block"}},
    -- When the change was made on the source; 1970 while it is not.
    done_at             DateTime64(6, 'UTC') MATERIALIZED if(status IN ('Committed', 'Success', 'Not Verifiable'), coalesce(committed_at, finished_at, occurred_at), toDateTime64(0, 6, 'UTC')) CODEC(T64) {{template "fast block"}},
    -- The same for two activities that ask for the same change, whatever group they are in.
    change_key          UInt64 MATERIALIZED {{template "change key"}} CODEC(NONE) {{template "fast block"}},

    INDEX by_group group_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_number toString(group_number) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_activity activity_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_identity identity_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_name lowerUTF8(identity_name) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_account account_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_change change_key TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {{.Engine "provisioning_activities" "ReplacingMergeTree" "version" "folded"}}
PRIMARY KEY (group_number, activity)
ORDER BY (group_number, activity, operation)
-- The activities of one person, and the newest ones, lie anywhere: with small granules and
-- blocks finding them reads little.
SETTINGS {{.Settings}}, index_granularity = 1024, min_compress_block_size = 4096,
    {{.MergeWhenIdle}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{.Table "provisioning_activities_from_observations"}}
TO {{.Table "provisioning_activities"}}
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
FROM {{.Table "provisioning_observations"}}
WHERE current;

CREATE OR REPLACE VIEW {{.View "activities"}} AS
SELECT *, source, activity, change_key, account_key, done_at FROM {{.Table "provisioning_activities"}} FINAL;

-- The same with replaced rows. FINAL cannot use a condition on other columns than its key,
-- group_number and activity, before it has merged: so a query looks these up first.
CREATE OR REPLACE VIEW {{.View "lookup"}} AS
SELECT *, source, activity, change_key, account_key, done_at FROM {{.Table "provisioning_activities"}};
-- One row for each attempt: a reset that fails on both sides is one attempt. Its status is
-- the worst of its sides.
CREATE OR REPLACE VIEW {{.View "passwords_changed"}} AS
SELECT
    any(a.tenant) AS tenant, any(a.group_id) AS group_id, a.group_number AS group_number,
    any({{template "source key"}}) AS source_key,
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
FROM {{.Table "provisioning_activities"}} AS a FINAL
WHERE a.kind = 'password'
GROUP BY a.group_number, a.attempt;
