{{/* Whether the service itself talks to a store or a collector by TLS or through a proxy: "true" or empty. */}}
{{- define "pawl.observesBeyond" -}}
{{- if or (hasPrefix "s3://" .Values.predictionLog.to) (hasPrefix "https://" .Values.traces.endpoint) -}}
true
{{- end -}}
{{- end -}}

{{/* The log of predictions and traces, as variables of the service. */}}
{{- define "pawl.observationEnv" -}}
{{- with .Values.predictionLog }}
{{- if .to }}
- name: PREDICTION_LOG
  value: {{ .to | quote }}
{{- with .s3Endpoint }}
- name: PREDICTION_LOG_S3_ENDPOINT
  value: {{ . | quote }}
{{- end }}
- name: PREDICTION_LOG_OBJECT_SECONDS
  value: {{ .objectSeconds | int64 | quote }}
- name: PREDICTION_LOG_OBJECT_BYTES
  value: {{ .objectBytes | int64 | quote }}
- name: PREDICTION_LOG_QUEUE_BYTES
  value: {{ .queueBytes | int64 | quote }}
- name: PREDICTION_LOG_TOP_LABELS
  value: {{ .topLabels | int64 | quote }}
{{- end }}
{{- end }}
{{- with .Values.traces }}
{{- if .endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ .endpoint | quote }}
- name: OTEL_TRACES_SAMPLER_ARG
  value: {{ .ratio | quote }}
{{- with .serviceName }}
- name: OTEL_SERVICE_NAME
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- if include "pawl.observesBeyond" . }}
{{- include "pawl.storeWay" . }}
{{- end }}
{{- end -}}

{{/* Secrets with their credentials, as a list of envFrom. */}}
{{- define "pawl.observationEnvFrom" -}}
{{- range uniq (compact (list .Values.predictionLog.envSecret .Values.traces.envSecret)) }}
- secretRef:
    name: {{ . }}
{{- end }}
{{- end -}}

{{/* Ports of their addresses, which are not those of bundle stores: rules of a NetworkPolicy. */}}
{{- define "pawl.observationEgress" -}}
{{- $ports := list -}}
{{- range list .Values.predictionLog.s3Endpoint .Values.traces.endpoint -}}
{{- if . -}}
{{- $port := regexFind ":[0-9]+$" (urlParse .).host | trimPrefix ":" -}}
{{- $ports = append $ports (default (hasPrefix "https:" . | ternary 443 80) (atoi $port)) -}}
{{- end -}}
{{- end -}}
{{- with uniq $ports }}
# Where the prediction log and traces go.
- ports:
    {{- range . }}
    - port: {{ . }}
    {{- end }}
{{- end }}
{{- end -}}
