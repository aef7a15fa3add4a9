{{/*
Groups of rules from a file that `npm run generate` writes (monitoring/src), with the values of the release in place of its
placeholders: (dict "file" "files/rules/model.yaml" "root" $). The file is no template of Helm: its annotations are templates of
Prometheus.
*/}}
{{- define "pawl.rules" -}}
{{- $values := .root.Values.prometheusRule -}}
{{- $text := .root.Files.Get .file -}}
{{- $puts := dict
  "<model>" .root.Values.model.name
  "<namespace>" .root.Release.Namespace
  "<availabilityObjective>" $values.availabilityObjective
  "<latencyObjective>" $values.latencyObjective
  "<latencyLimit>" $values.latencyLimit
  "<abstentionLimit>" $values.abstentionLimit
  "<runbook>" $values.runbook
-}}
{{- range $placeholder, $value := $puts -}}
{{- $text = $text | replace $placeholder (toString $value) -}}
{{- end -}}
{{- (fromYaml $text).groups | toYaml -}}
{{- end -}}
