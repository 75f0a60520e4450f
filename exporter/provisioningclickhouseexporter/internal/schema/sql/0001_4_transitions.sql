-- One row for each activity that entered a status within an hour, the first time it did. Every
-- state of an activity brings all its transitions: which it has is only known once its
-- documents are there, in whatever order they come, and takes back those that it moved to
-- another hour. A row inserted twice is one row, so counting rows counts activities; those of
-- an activity that went into a finer one vanish under FINAL. 32 bits tell the activities of
-- one group apart.
CREATE TABLE IF NOT EXISTS {{.Table "provisioning_transitions"}}
(
    hour         {{template "hour"}},
    tenant       {{template "word"}},
    status       {{template "word"}},
    group_number Int64 CODEC(Delta(8), ZSTD(1)),
    activity     UInt32 CODEC(NONE),
    at           {{template "hour"}},
    outcome      {{template "word"}},
    kind         {{template "word"}},
    source_name  {{template "word"}},
    operation    {{template "word"}},
    cause        {{template "word"}},
    version      UInt64 CODEC(T64, ZSTD(1)),
    folded       UInt8 CODEC(ZSTD(1))
)
ENGINE = {{.Engine "provisioning_transitions" "ReplacingMergeTree" "version" "folded"}}
PARTITION BY toYYYYMM(hour)
ORDER BY (hour, tenant, status, group_number, activity)
SETTINGS {{.Settings}}, {{.MergeWhenIdle}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{.Table "provisioning_transitions_from_observations"}}
TO {{.Table "provisioning_transitions"}}
AS SELECT
    toStartOfHour(entered.2) AS hour, tenant, entered.1 AS status, group_number, activity, entered.2 AS at, entered.3 AS outcome,
    kind, source_name, operation, cause, version, entered.4 AS folded
FROM (
    SELECT
        tenant, group_number, toUInt32(sipHash64(activity_id)) AS activity, kind, {{template "source"}} AS source_name, operation, cause, version,
        arrayConcat(
            arrayMap(e -> (e.1, toDateTime(assumeNotNull(e.2), 'UTC'), if(e.1 = status, outcome, ''), folded_into != ''), arrayFilter(e -> isNotNull(e.2), [
                ('Pending', first_pending_at), ('Retrying', first_retrying_at), ('Failed', first_failed_at),
                ('Committed', committed_at), ('Success', finished_at), ('Not Verifiable', first_not_verifiable_at)])),
            arrayMap(w -> (w[1], toDateTime(toUInt32OrZero(w[2]), 'UTC'), '', true), extractAllGroupsVertical(withdrawn, '([^,]+) ([0-9]+)'))) AS transitions
    FROM {{.Table "provisioning_observations"}}
    WHERE current
)
ARRAY JOIN transitions AS entered;

CREATE OR REPLACE VIEW {{.View "transitions"}} AS
SELECT * FROM {{.Table "provisioning_transitions"}} FINAL;
