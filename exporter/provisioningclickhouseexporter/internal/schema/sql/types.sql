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
