-- What people query. Names and columns are stable; the tables behind them may change.
CREATE OR REPLACE VIEW {{.View "observations"}} AS
SELECT * FROM {{.Table "provisioning_observations"}} FINAL;

CREATE OR REPLACE VIEW {{.View "groups"}} AS
SELECT *, dateDiff('millisecond', first_at, last_at) AS duration_ms
FROM {{.Table "provisioning_groups"}} FINAL;

CREATE OR REPLACE VIEW {{.View "quarantine"}} AS
SELECT * FROM {{.Table "provisioning_quarantine"}} FINAL;

-- The rollup, readable.
CREATE OR REPLACE VIEW {{.View "status_hourly"}} AS
SELECT
    hour, tenant, source_name, kind, operation, cause, status,
    uniqExactMerge(observations) AS observations,
    uniqExactMerge(activities) AS activities,
    uniqExactMerge(groups) AS groups
FROM {{.Table "provisioning_hourly"}}
GROUP BY hour, tenant, source_name, kind, operation, cause, status;
