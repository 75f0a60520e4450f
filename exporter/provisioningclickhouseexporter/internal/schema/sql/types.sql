{{- /* Column types and expressions that the migrations share. A "fast" column is one that
panels read of every row: LZ4 takes less CPU than ZSTD. */ -}}
{{- define "word"}}LowCardinality(String) CODEC(ZSTD(1)){{end -}}
{{- define "fast word"}}LowCardinality(String) CODEC(LZ4){{end -}}
{{- define "text"}}String CODEC(ZSTD(1)){{end -}}
{{- define "long text"}}String CODEC(ZSTD(3)){{end -}}
{{- define "time"}}DateTime64(6, 'UTC') CODEC(GCD, ZSTD(1)){{end -}}
{{- define "optional time"}}Nullable(DateTime64(6, 'UTC')) CODEC(GCD, ZSTD(1)){{end -}}
{{- define "fast time"}}DateTime64(6, 'UTC') CODEC(GCD, LZ4){{end -}}
{{- define "fast optional time"}}Nullable(DateTime64(6, 'UTC')) CODEC(GCD, LZ4){{end -}}
{{- define "hour"}}DateTime('UTC') CODEC(Delta(4), ZSTD(1)){{end -}}
{{- define "number"}}Int64 CODEC(T64, ZSTD(1)){{end -}}
{{- define "source"}}if(source_name = '', source_id, source_name){{end -}}
{{- define "failures"}}
-- failures(since = ..., until = ..., group = ...): the activities that stand at a fault,
-- each with the number of the first other group that made the same change after it
-- (repaired_by, 0 for none). group is a group's id or number, empty for all. A success with another account overtakes only
-- the creation of an account. GLOBAL: the groups may be on different shards.
CREATE OR REPLACE VIEW {{.Table "failures"}} AS
SELECT
    f.*,
    arrayFirst(r -> r.1 > ifNull(f.status_since, f.occurred_at) AND r.2 != f.group_number
        AND (r.3 = f.account_key OR r.3 = 0 OR f.account_key = 0 OR f.operation = 'Create'), s.successes) AS repair,
    repair.2 AS repaired_by, if(repair.2 = 0, NULL, repair.1) AS repaired_at
FROM (
    SELECT * FROM {{.Table "activities"}}
    WHERE status = 'Failed' AND outcome = 'fault'
      AND occurred_at >= {since:DateTime64(3, 'UTC')} AND occurred_at <= {until:DateTime64(3, 'UTC')}
      AND ({group:String} = '' OR group_number IN (SELECT group_number FROM {{.Table "lookup"}} WHERE group_id = {group:String} OR toString(group_number) = {group:String}))
      AND ({group:String} = '' OR group_id = {group:String} OR toString(group_number) = {group:String})
) AS f
LEFT JOIN (
    SELECT change_key, arraySort(groupArray((coalesce(committed_at, finished_at, occurred_at), group_number, account_key))) AS successes
    FROM {{.Table "activities"}}
    WHERE status IN ('Committed', 'Success', 'Not Verifiable')
      AND occurred_at >= {since:DateTime64(3, 'UTC')} AND occurred_at <= {until:DateTime64(3, 'UTC')}
      AND ({group:String} = '' OR group_number GLOBAL IN (
        SELECT group_number FROM {{.Table "lookup"}} WHERE change_key GLOBAL IN (
          SELECT change_key FROM {{.Table "lookup"}} WHERE group_id = {group:String} OR toString(group_number) = {group:String})))
      AND change_key GLOBAL IN (
        SELECT change_key FROM {{.Table "activities"}}
        WHERE status = 'Failed' AND outcome = 'fault'
          AND occurred_at >= {since:DateTime64(3, 'UTC')} AND occurred_at <= {until:DateTime64(3, 'UTC')}
          AND ({group:String} = '' OR group_number IN (SELECT group_number FROM {{.Table "lookup"}} WHERE group_id = {group:String} OR toString(group_number) = {group:String})))
    GROUP BY change_key
) AS s USING (change_key);
{{end -}}
