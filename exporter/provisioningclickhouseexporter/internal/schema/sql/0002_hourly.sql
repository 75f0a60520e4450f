{{- define "aggregate" -}}
SELECT
    toStartOfHour(o.occurred_at) AS hour, o.tenant AS tenant,
    if(o.source_name = '', o.source_id, o.source_name) AS source_name,
    o.kind AS kind, o.operation AS operation, o.cause AS cause, o.status AS status,
    uniqExactIfState(sipHash64(o.event_id), o.record_type = 'observation') AS observations,
    uniqExactIfState(sipHash64(o.activity_id), o.status != o.previous_status) AS activities,
    uniqExactIfState(sipHash64(o.group_id), o.status != o.previous_status) AS groups
FROM {{.Table "provisioning_observations"}} AS o
WHERE o.folded_into = ''
GROUP BY hour, tenant, source_name, kind, operation, cause, status
{{- end -}}
-- What happened in each hour. Only sets of ids (as 64-bit hashes: half the size) are
-- aggregated, never counts, so a row inserted twice changes nothing.
CREATE TABLE IF NOT EXISTS {{.Table "provisioning_hourly"}}
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
ENGINE = {{.Engine "provisioning_hourly" "AggregatingMergeTree"}}
PARTITION BY toYYYYMM(hour)
ORDER BY (hour, tenant, status, kind, source_name, operation, cause)
{{.Expire "hour" .RollupTTL}}
SETTINGS {{.Settings}};

-- observations: distinct reports that left the activity in this status.
-- activities, groups: distinct ones that entered the status in this hour.
CREATE MATERIALIZED VIEW IF NOT EXISTS {{.Table "provisioning_hourly_from_observations"}}
TO {{.Table "provisioning_hourly"}}
AS {{template "aggregate" .}};

-- What was stored before; rows that came in meanwhile are aggregated twice, which
-- changes nothing.
INSERT INTO {{.Table "provisioning_hourly"}} {{template "aggregate" .}};
