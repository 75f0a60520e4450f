-- The current summary of every group.
CREATE TABLE IF NOT EXISTS {{.Table "provisioning_groups"}}
(
    tenant               {{template "word"}},
    group_id             {{template "text"}},
    group_number         Int64 CODEC(Delta(8), LZ4),
    group_status         {{template "word"}},
    activities           {{template "number"}},
    failed_count         {{template "number"}},
    retrying_count       {{template "number"}},
    pending_count        {{template "number"}},
    not_verifiable_count {{template "number"}},
    committed_count      {{template "number"}},
    success_count        {{template "number"}},
    unknown_count        {{template "number"}},
    sources              Array(String) CODEC(ZSTD(1)),
    cause                {{template "word"}},
    identity_id          {{template "text"}},
    identity_name        {{template "text"}},
    requester_name       {{template "text"}},
    first_at             {{template "fast time"}},
    last_at              {{template "fast time"}},
    observed_at          {{template "time"}},
    version              UInt64 CODEC(T64, LZ4),
    -- With group_number 85 bits of hashes: FINAL compares integers, not texts.
    id_hash              UInt32 MATERIALIZED toUInt32(sipHash64(tenant, group_id)) CODEC(NONE),

    INDEX by_group group_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_identity identity_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_number toString(group_number) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_name lowerUTF8(identity_name) TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {{.Engine "provisioning_groups" "ReplacingMergeTree" "version"}}
ORDER BY (group_number, id_hash)
SETTINGS {{.Settings}}, index_granularity = 1024, min_compress_block_size = 16384, {{.MergeWhenIdle}};

CREATE OR REPLACE VIEW {{.View "groups"}} AS
SELECT *, dateDiff('millisecond', first_at, last_at) AS duration_ms
FROM {{.Table "provisioning_groups"}} FINAL;
