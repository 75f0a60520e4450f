-- One row for each activity that entered a status within an hour. All columns are the key,
-- so a row inserted twice is one row and counting rows counts activities. 32 bits tell the
-- activities of one group apart.
CREATE TABLE IF NOT EXISTS {{.Table "provisioning_transitions"}}
(
    hour         {{template "hour"}},
    tenant       {{template "word"}},
    status       {{template "word"}},
    outcome      {{template "word"}},
    kind         {{template "word"}},
    source_name  {{template "word"}},
    operation    {{template "word"}},
    cause        {{template "word"}},
    group_number Int64 CODEC(Delta(8), ZSTD(1)),
    activity     UInt32 CODEC(NONE)
)
ENGINE = {{.Engine "provisioning_transitions" "ReplacingMergeTree"}}
PARTITION BY toDate(hour)
ORDER BY (hour, tenant, status, outcome, kind, source_name, operation, cause, group_number, activity)
SETTINGS {{.Settings}}, {{.MergeWhenIdle}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{.Table "provisioning_transitions_from_observations"}}
TO {{.Table "provisioning_transitions"}}
AS SELECT
    toStartOfHour(occurred_at) AS hour, tenant, status, outcome, kind, {{template "source"}} AS source_name,
    operation, cause, group_number, toUInt32(sipHash64(activity_id)) AS activity
FROM {{.Table "provisioning_observations"}}
WHERE status != previous_status AND folded_into = '';

CREATE OR REPLACE VIEW {{.View "transitions"}} AS
SELECT * FROM {{.Table "provisioning_transitions"}} FINAL;
