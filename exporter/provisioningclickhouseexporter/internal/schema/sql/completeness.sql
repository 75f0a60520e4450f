-- Applied at each start, after the migrations: the views depend on the configured TTL, and in
-- a cluster read all shards.
--
-- For each hour with a statement: the newest statement, what is stored by the store's own
-- count, and whether that is all. An hour is complete where the vendor agreed (or has fewer
-- documents than were delivered, none missing), the stored documents have the digest of the
-- delivered ones, and the quarantine holds what was quarantined. The digest leaves out
-- documents without an id; nothing else can show that the store has them. Several events that
-- say the same are one row, so of the feed events the digest has the ids of the rows. Replaced
-- rows name the same documents, so FINAL is not needed.
CREATE OR REPLACE VIEW {{.Table "completeness"}} AS
SELECT
    s.tenant AS tenant, s.feed AS feed, s.hour AS hour, s.observed_at AS observed_at, s.verdict AS verdict,
    s.vendor_count AS vendor_count, s.observed AS observed, s.ignored AS ignored, s.quarantined AS quarantined,
    d.documents AS stored, q.documents AS stored_quarantined,
    toBool(s.digest = leftPad(lower(hex(d.digest)), 16, '0')) AS digest_agrees,
    s.missing
        + if(digest_agrees, 0, greatest(s.observed - toInt64(stored), toInt64(s.observed = stored)))
        + greatest(s.quarantined - toInt64(stored_quarantined), 0) AS missing,
    toBool((s.verdict = 'agreed' OR s.verdict = 'fewer' AND s.missing = 0) AND digest_agrees AND stored_quarantined >= s.quarantined) AS complete,
    s.missing_ids AS missing_ids, s.reason AS reason
FROM (
    SELECT * FROM {{.Table "reconciliations"}}
    WHERE hour >= {{.FirstHour}}
    ORDER BY observed_at DESC
    LIMIT 1 BY tenant, feed, hour
) AS s
LEFT JOIN (
    WITH reinterpretAsUInt64(reverse(substring(SHA256(if(feed = 'events', event_id, vendor_id)), 1, 8))) AS document
    SELECT
        tenant, feed, toStartOfHour(assumeNotNull(vendor_created_at)) AS hour,
        uniqExact(document) AS documents, groupBitXorDistinct(document) AS digest
    FROM {{.Into "provisioning_observations"}}
    WHERE vendor_created_at >= {{.FirstHour}} AND (vendor_id != '' OR feed = 'events') AND record_type != 'state'
    GROUP BY tenant, feed, hour
) AS d USING (tenant, feed, hour)
LEFT JOIN (
    SELECT
        tenant, feed, toStartOfHour(assumeNotNull(vendor_created_at)) AS hour,
        uniqExact(if(vendor_id = '', event_id, vendor_id)) AS documents
    FROM {{.Into "provisioning_quarantine"}}
    WHERE vendor_created_at >= {{.FirstHour}}
    GROUP BY tenant, feed, hour
) AS q USING (tenant, feed, hour);

-- For each tenant and feed, in the seven days up to the newest statement: complete_until is
-- the end of the last hour before which every hour from since on is complete; NULL where the
-- first is not. An hour without a statement is not complete.
CREATE OR REPLACE VIEW {{.Table "complete_until"}} AS
SELECT tenant, feed, since, if(run = 0, NULL, since + toIntervalHour(run)) AS complete_until, stated_until, missing
FROM (
    SELECT
        tenant, feed, min(hour) AS since, max(hour) + toIntervalHour(1) AS stated_until, sum(missing) AS missing,
        arraySort(groupArrayIf(hour, complete)) AS whole,
        indexOf(arrayPushBack(arrayMap((h, i) -> h = since + toIntervalHour(i - 1), whole, arrayEnumerate(whole)), false), false) - 1 AS run
    FROM {{.Table "completeness"}}
    WHERE hour >= (SELECT max(hour) - toIntervalHour(167) FROM {{.Table "reconciliations"}})
    GROUP BY tenant, feed
);
