-- What people query. Names and columns are stable; the tables behind them may change.
CREATE OR REPLACE VIEW {{.View "observations"}} AS
SELECT * FROM {{.Table "provisioning_observations"}} FINAL;

CREATE OR REPLACE VIEW {{.View "activities"}} AS
SELECT * EXCEPT (folded), if(source_name = '', source_id, source_name) AS source
FROM {{.Table "provisioning_activities"}} FINAL;

CREATE OR REPLACE VIEW {{.View "groups"}} AS
SELECT *, dateDiff('millisecond', first_at, last_at) AS duration_ms
FROM {{.Table "provisioning_groups"}} FINAL;

CREATE OR REPLACE VIEW {{.View "quarantine"}} AS
SELECT * FROM {{.Table "provisioning_quarantine"}} FINAL;

-- One row an attempt: a reset that fails on both sides is one attempt. Its status is
-- the worst of its sides.
CREATE OR REPLACE VIEW {{.View "passwords_changed"}} AS
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
FROM {{.Table "provisioning_activities"}} AS a FINAL
WHERE a.kind = 'password'
GROUP BY tenant, group_id, source_key, account;

-- The rollup, readable.
CREATE OR REPLACE VIEW {{.View "status_hourly"}} AS
SELECT
    hour, tenant, source_name, kind, operation, cause, status,
    uniqExactMerge(observations) AS observations,
    uniqExactMerge(activities) AS activities,
    uniqExactMerge(groups) AS groups
FROM {{.Table "provisioning_hourly"}}
GROUP BY hour, tenant, source_name, kind, operation, cause, status;
