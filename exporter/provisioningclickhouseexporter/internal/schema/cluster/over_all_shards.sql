-- Applied on each node of a cluster after the migrations, whose tables and views hold the
-- rows of the node's own shard. These tables cover all shards and have the stable names.
-- Rows are sharded by group, so all rows of an id are on one shard, and FINAL and GROUP BY
-- within a shard are complete.
{{- define "shards" -}}
Distributed({{.Literal .Cluster.Name}}, {{.Literal .Database}}
{{- end}}
CREATE OR REPLACE TABLE {{.Table "provisioning_observations_all"}} AS {{.Table "provisioning_observations"}}
ENGINE = {{template "shards" .}}, 'provisioning_observations', cityHash64(group_id));

CREATE OR REPLACE TABLE {{.Table "provisioning_groups_all"}} AS {{.Table "provisioning_groups"}}
ENGINE = {{template "shards" .}}, 'provisioning_groups', cityHash64(group_id));

CREATE OR REPLACE TABLE {{.Table "provisioning_quarantine_all"}} AS {{.Table "provisioning_quarantine"}}
ENGINE = {{template "shards" .}}, 'provisioning_quarantine', cityHash64(event_id));

CREATE OR REPLACE TABLE {{.Table "provisioning_reconciliations_all"}} AS {{.Table "provisioning_reconciliations"}}
ENGINE = {{template "shards" .}}, 'provisioning_reconciliations', cityHash64(event_id));

CREATE OR REPLACE TABLE {{.Table "reconciliations"}} AS {{.Table "reconciliations_local"}}
ENGINE = {{template "shards" .}}, 'reconciliations_local', cityHash64(event_id));

CREATE OR REPLACE TABLE {{.Table "observations"}} AS {{.Table "observations_local"}}
ENGINE = {{template "shards" .}}, 'observations_local', cityHash64(group_id));

CREATE OR REPLACE TABLE {{.Table "activities"}} AS {{.Table "activities_local"}}
ENGINE = {{template "shards" .}}, 'activities_local', cityHash64(group_id));

CREATE OR REPLACE TABLE {{.Table "groups"}} AS {{.Table "groups_local"}}
ENGINE = {{template "shards" .}}, 'groups_local', cityHash64(group_id));

CREATE OR REPLACE TABLE {{.Table "passwords_changed"}} AS {{.Table "passwords_changed_local"}}
ENGINE = {{template "shards" .}}, 'passwords_changed_local', cityHash64(group_id));

CREATE OR REPLACE TABLE {{.Table "quarantine"}} AS {{.Table "quarantine_local"}}
ENGINE = {{template "shards" .}}, 'quarantine_local', cityHash64(event_id));

CREATE OR REPLACE TABLE {{.Table "transitions"}} AS {{.Table "transitions_local"}}
ENGINE = {{template "shards" .}}, 'transitions_local');

CREATE OR REPLACE TABLE {{.Table "errors"}} AS {{.Table "errors_local"}}
ENGINE = {{template "shards" .}}, 'errors_local');

CREATE OR REPLACE TABLE {{.Table "dimensions"}} AS {{.Table "dimensions_local"}}
ENGINE = {{template "shards" .}}, 'dimensions_local');

CREATE OR REPLACE TABLE {{.Table "lookup"}} AS {{.Table "lookup_local"}}
ENGINE = {{template "shards" .}}, 'lookup_local');

CREATE OR REPLACE TABLE {{.Table "provisioning_reports_all"}} AS {{.Table "provisioning_reports"}}
ENGINE = {{template "shards" .}}, 'provisioning_reports');

-- A status of an hour has groups on every shard, so their sets are merged.
CREATE OR REPLACE VIEW {{.Table "status_hourly"}} AS
SELECT
    hour, tenant, source_name, kind, operation, cause, status, outcome,
    max(observations) AS observations, max(activities) AS activities, max(groups) AS groups
FROM (
    SELECT
        hour, tenant, source_name, kind, operation, cause, status, outcome,
        toUInt64(0) AS observations, count() AS activities, uniqExact(group_number) AS groups
    FROM {{.Table "transitions"}}
    GROUP BY hour, tenant, source_name, kind, operation, cause, status, outcome
    UNION ALL
    SELECT
        hour, tenant, source_name, kind, operation, cause, status, outcome,
        uniqExactMerge(observations), toUInt64(0), toUInt64(0)
    FROM {{.Table "provisioning_reports_all"}}
    GROUP BY hour, tenant, source_name, kind, operation, cause, status, outcome
)
GROUP BY hour, tenant, source_name, kind, operation, cause, status, outcome;

{{template "failures" .}}
