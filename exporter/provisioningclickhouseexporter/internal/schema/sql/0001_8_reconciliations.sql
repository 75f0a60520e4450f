-- Statements of how many documents of a feed the vendor has and how many were delivered, by
-- the hour of the vendor's clock in which the documents were made. The newest of an hour holds.
CREATE TABLE IF NOT EXISTS {{.Table "provisioning_reconciliations"}}
(
    tenant          {{template "word"}},
    event_id        {{template "text"}},
    feed            {{template "word"}},
    hour            {{template "hour"}},
    observed_at     {{template "time"}},
    pass            {{template "number"}},
    verdict         {{template "word"}},
    vendor_count    {{template "number"}},
    method          {{template "word"}},
    observed        {{template "number"}},
    ignored         {{template "number"}},
    quarantined     {{template "number"}},
    ignored_reasons {{template "text"}},
    digest          {{template "text"}},
    missing         {{template "number"}},
    missing_ids     Array(String) CODEC(ZSTD(1)),
    reason          {{template "text"}}
)
ENGINE = {{.Engine "provisioning_reconciliations" "ReplacingMergeTree"}}
ORDER BY (hour, tenant, feed, event_id)
SETTINGS {{.Settings}};

CREATE OR REPLACE VIEW {{.View "reconciliations"}} AS
SELECT * FROM {{.Table "provisioning_reconciliations"}} FINAL;
