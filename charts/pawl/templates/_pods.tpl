{{/* Labels that people give to pods: (dict "labels" .Values.podLabels "root" $). Those of the pods win over commonLabels. */}}
{{- define "pawl.podLabels" -}}
{{- with merge (deepCopy .labels) .root.Values.commonLabels -}}
{{ toYaml . }}
{{- end -}}
{{- end -}}

{{/* The constraints of the values. One without labelSelector counts the pods of both tracks. */}}
{{- define "pawl.topologySpreadConstraints" -}}
{{- $selector := dict "matchLabels" (include "pawl.modelSelector" . | fromYaml) -}}
{{- $constraints := list -}}
{{- range .Values.topologySpreadConstraints -}}
{{- $constraints = append $constraints (hasKey . "labelSelector" | ternary . (set (deepCopy .) "labelSelector" $selector)) -}}
{{- end -}}
{{ toYaml $constraints }}
{{- end -}}

{{/* How pods that fetch bundles find the stores' names: serving pods and the controller. */}}
{{- define "pawl.nameResolution" -}}
{{- with .Values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
