-- Each time an activity failed, and why, decisions left out. The message is also stored
-- without ids, quoted names and numbers, so that one cause is one text: removing them from
-- every message that a panel reads is slow.
CREATE TABLE IF NOT EXISTS {{.Table "provisioning_errors"}}
(
    occurred_at   {{template "time"}},
    since         {{template "time"}},
    tenant        {{template "word"}},
    source        {{template "word"}},
    kind          {{template "word"}},
    operation     {{template "word"}},
    cause         {{template "word"}},
    error         {{template "word"}},
    error_message {{template "text"}},
    category      {{template "word"}},
    signature     {{template "word"}},
    fingerprint   {{template "word"}},
    group_id      {{template "text"}},
    group_number  Int64 CODEC(ZSTD(1)),
    activity      UInt64 CODEC(NONE),
    identity      UInt64 CODEC(ZSTD(1)),
    change_key    UInt64 CODEC(NONE),
    account_key   UInt64 CODEC(ZSTD(1)),
    -- Of two records of one error the newer one knows more, in whatever order they come.
    version       UInt64 CODEC(T64, ZSTD(1))
)
ENGINE = {{.Engine "provisioning_errors" "ReplacingMergeTree" "version"}}
PARTITION BY toDate(occurred_at)
ORDER BY (toStartOfHour(occurred_at), tenant, source, error, activity, occurred_at)
SETTINGS {{.Settings}}, {{.MergeWhenIdle}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{.Table "provisioning_errors_from_observations"}}
TO {{.Table "provisioning_errors"}}
AS SELECT
    occurred_at, ifNull(status_since, occurred_at) AS since, tenant, {{template "source"}} AS source, kind, operation, cause,
    replaceRegexpAll(replaceRegexpAll(replaceRegexpAll(replaceRegexpAll(error_message,
        '[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}', '<id>'),
        '"[^"]*"|\'[^\']*\'', '<text>'),
        '(?i)\\b(cn|ou|dc|uid)=[^,;\\s]+(,\\s*(cn|ou|dc|uid)=[^,;\\s]+)*', '<dn>'),
        '\\b(0x)?[0-9][0-9a-fA-F]*\\b', '<n>') AS error,
    error_message, error_category AS category, error_signature AS signature, error_fingerprint AS fingerprint,
    group_id, group_number, sipHash64(activity_id) AS activity, sipHash64(identity_id) AS identity,
    {{template "change key"}} AS change_key, {{template "account key"}} AS account_key, version
FROM {{.Table "provisioning_observations"}}
WHERE status = 'Failed' AND outcome != 'declined';

CREATE OR REPLACE VIEW {{.View "errors"}} AS
SELECT * FROM {{.Table "provisioning_errors"}} FINAL;
{{if not .Cluster}}
{{template "failures" .}}
{{end}}
