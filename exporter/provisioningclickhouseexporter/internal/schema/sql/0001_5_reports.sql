-- The observations that left an activity in a status, by hour: sets of 32-bit hashes, so
-- that a row inserted twice changes nothing. Among n observations of a row, n^2 / 2^33 are
-- expected to share a hash with another one: one of 100,000.
CREATE TABLE IF NOT EXISTS {{.Table "provisioning_reports"}}
(
    hour         {{template "hour"}},
    tenant       {{template "word"}},
    source_name  {{template "word"}},
    kind         {{template "word"}},
    operation    {{template "word"}},
    cause        {{template "word"}},
    status       {{template "word"}},
    outcome      {{template "word"}},
    observations AggregateFunction(uniqExact, UInt32) CODEC(ZSTD(1))
)
ENGINE = {{.Engine "provisioning_reports" "AggregatingMergeTree"}}
PARTITION BY toYYYYMM(hour)
ORDER BY (hour, tenant, status, outcome, kind, source_name, operation, cause)
SETTINGS {{.Settings}}, {{.MergeWhenIdle}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{.Table "provisioning_reports_from_observations"}}
TO {{.Table "provisioning_reports"}}
AS SELECT
    toStartOfHour(o.occurred_at) AS hour, o.tenant AS tenant,
    if(o.source_name = '', o.source_id, o.source_name) AS source_name,
    o.kind AS kind, o.operation AS operation, o.cause AS cause, o.status AS status, o.outcome AS outcome,
    uniqExactIfState(toUInt32(sipHash64(o.event_id)), o.record_type = 'observation') AS observations
FROM {{.Table "provisioning_observations"}} AS o
WHERE o.folded_into = ''
GROUP BY hour, tenant, source_name, kind, operation, cause, status, outcome;

-- The words that occur in each hour, for lists to choose from.
CREATE OR REPLACE VIEW {{.View "dimensions"}} AS
SELECT hour, tenant, source_name AS source, kind, operation, cause, status FROM {{.Table "provisioning_reports"}};

-- How many activities and groups entered each status in each hour, and how many
-- observations left an activity in it.
CREATE OR REPLACE VIEW {{.View "status_hourly"}} AS
SELECT
    hour, tenant, source_name, kind, operation, cause, status, outcome,
    max(observations) AS observations, max(activities) AS activities, max(groups) AS groups
FROM (
    SELECT
        hour, tenant, source_name, kind, operation, cause, status, outcome,
        toUInt64(0) AS observations, count() AS activities, uniqExact(group_number) AS groups
    FROM {{.Table "provisioning_transitions"}} FINAL
    GROUP BY hour, tenant, source_name, kind, operation, cause, status, outcome
    UNION ALL
    SELECT
        hour, tenant, source_name, kind, operation, cause, status, outcome,
        uniqExactMerge(observations), toUInt64(0), toUInt64(0)
    FROM {{.Table "provisioning_reports"}}
    GROUP BY hour, tenant, source_name, kind, operation, cause, status, outcome
)
GROUP BY hour, tenant, source_name, kind, operation, cause, status, outcome;
