-- What could not be read or stored. Neither a time nor a partition precedes event_id: the
-- same text read again at another time is the same row.
CREATE TABLE IF NOT EXISTS {{.Table "provisioning_quarantine"}}
(
    tenant      {{template "word"}},
    event_id    {{template "text"}},
    feed        {{template "word"}},
    reason      {{template "text"}},
    file        {{template "text"}},
    position    Int64,
    field       {{template "word"}},
    vendor_id   {{template "text"}},
    vendor_created_at {{template "optional time"}},
    size        Int64,
    observed_at {{template "time"}},
    original    {{template "long text"}}
)
ENGINE = {{.Engine "provisioning_quarantine" "ReplacingMergeTree"}}
ORDER BY event_id
SETTINGS {{.Settings}};

CREATE OR REPLACE VIEW {{.View "quarantine"}} AS
SELECT * FROM {{.Table "provisioning_quarantine"}} FINAL;
