{{- /* Column types and expressions that the migrations share. A "fast" column is one that
panels read of every row: LZ4 takes less CPU than ZSTD, and larger blocks less than the small
ones of columns of which panels read single rows. */ -}}
{{- define "fast block"}}SETTINGS (min_compress_block_size = 16384){{end -}}
{{- define "word"}}LowCardinality(String) CODEC(ZSTD(1)){{end -}}
{{- define "fast word"}}LowCardinality(String) CODEC(LZ4) {{template "fast block"}}{{end -}}
{{- define "text"}}String CODEC(ZSTD(1)){{end -}}
{{- define "long text"}}String CODEC(ZSTD(3)){{end -}}
{{- define "time"}}DateTime64(6, 'UTC') CODEC(GCD, ZSTD(1)){{end -}}
{{- define "optional time"}}Nullable(DateTime64(6, 'UTC')) CODEC(GCD, ZSTD(1)){{end -}}
{{- define "fast time"}}DateTime64(6, 'UTC') CODEC(T64) {{template "fast block"}}{{end -}}
{{- define "fast optional time"}}Nullable(DateTime64(6, 'UTC')) CODEC(T64, LZ4) {{template "fast block"}}{{end -}}
{{- define "hour"}}DateTime('UTC') CODEC(Delta(4), ZSTD(1)){{end -}}
{{- define "number"}}Int64 CODEC(T64, ZSTD(1)){{end -}}
{{- define "source"}}if(source_name = '', source_id, source_name){{end -}}
{{- define "span"}}occurred_at >= {since:DateTime64(3, 'UTC')} AND occurred_at <= {until:DateTime64(3, 'UTC')}{{end -}}
{{- define "failed changes"}}SELECT change_key FROM {{.Table "errors"}} WHERE {{template "span"}} AND ({group:String} = '' OR group_id = {group:String} OR toString(group_number) = {group:String}){{end -}}
{{- define "in"}}{{if .Cluster}}GLOBAL {{end}}IN{{end -}}
{{- define "failures"}}
-- failures(since = ..., until = ..., group = ...): the errors at which activities stand, each
-- with the number of the first other group that made the same change after it (repaired_by, 0
-- for none). group is a group's id or number, empty for all. A success with another account
-- overtakes only the creation of an account. What fails at one time may be reported twice, and
-- by a record that comes later than the activity's newest. The changes that failed are few: so the
-- activities that ask for them are looked up before FINAL merges, by a condition on its key.
-- A large set is no index, only a filter. GLOBAL: the groups may be on different shards.
CREATE OR REPLACE VIEW {{.Table "failures"}} AS
SELECT
    f.*,
    arrayFirst(r -> r.1 > f.since AND r.2 != f.group_number
        AND (r.3 = f.account_key OR r.3 = 0 OR f.account_key = 0 OR f.operation = 'Create'), c.successes) AS repair,
    repair.2 AS repaired_by, if(repair.2 = 0, NULL, repair.1) AS repaired_at
FROM (
    SELECT * FROM {{.Table "errors"}}
    WHERE {{template "span"}} AND ({group:String} = '' OR group_id = {group:String} OR toString(group_number) = {group:String})
    ORDER BY version DESC, error
    LIMIT 1 BY activity, occurred_at
) AS f
INNER JOIN (
    SELECT
        change_key,
        groupArrayIf((activity, occurred_at), status = 'Failed' AND outcome = 'fault') AS standing,
        arraySort(groupArrayIf((done_at, group_number, account_key), done_at > 0)) AS successes
    FROM {{.Table "activities"}}
    WHERE {{template "span"}}
      AND activity {{template "in" .}} (SELECT activity FROM {{.Table "lookup"}} WHERE change_key {{template "in" .}} ({{template "failed changes" .}}))
      AND ({group:String} = '' OR group_number {{template "in" .}} (
        SELECT group_number FROM {{.Table "lookup"}} WHERE {group:String} != '' AND change_key {{template "in" .}} ({{template "failed changes" .}})))
    GROUP BY change_key
) AS c USING (change_key)
WHERE has(c.standing, (f.activity, f.occurred_at))
SETTINGS optimize_move_to_prewhere_if_final = 1, use_index_for_in_with_subqueries_max_values = 10000;
{{end -}}
