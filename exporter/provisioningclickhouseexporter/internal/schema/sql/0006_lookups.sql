-- Panels look for a group by its id or its number, as text, and for a person by id or
-- name in any case. An index helps such an OR only if each side of it has one.
{{- define "both" -}}
ADD INDEX IF NOT EXISTS by_number toString(group_number) TYPE bloom_filter(0.01) GRANULARITY 1,
ADD INDEX IF NOT EXISTS by_name lowerUTF8(identity_name) TYPE bloom_filter(0.01) GRANULARITY 1
{{- end}}
ALTER TABLE {{.Table "provisioning_observations"}} {{template "both"}};
ALTER TABLE {{.Table "provisioning_groups"}} {{template "both"}};
