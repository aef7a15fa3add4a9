{{/* The way to the stores: certificates and proxies, as variables of every container that fetches bundles. */}}
{{- define "pawl.storeWay" -}}
{{- if .Values.trustedCertificates.configMap }}
- name: NODE_EXTRA_CA_CERTS
  value: /etc/pawl/ca/ca.crt
{{- end }}
{{- with .Values.proxy }}
{{- $variables := list }}
{{- range $variable, $value := dict "HTTP_PROXY" .httpProxy "HTTPS_PROXY" .httpsProxy }}
{{- if $value }}
{{- $variables = concat $variables (list (list $variable $value) (list (lower $variable) $value)) }}
{{- end }}
{{- end }}
{{- if or .httpProxy .httpsProxy .noProxy }}
{{- /* Kubernetes puts the address of the API server in. */}}
{{- $own := list "localhost" "127.0.0.1" "$(KUBERNETES_SERVICE_HOST)" "kubernetes" "kubernetes.default" "kubernetes.default.svc" ".svc" ".cluster.local" }}
{{- $none := concat $own .noProxy | uniq | join "," }}
{{- $variables = concat $variables (list (list "NO_PROXY" $none) (list "no_proxy" $none)) }}
{{- end }}
{{- range $variables }}
- name: {{ index . 0 }}
  value: {{ index . 1 | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{/* What they mount for it: registry credentials and certificates. */}}
{{- define "pawl.storeMounts" -}}
{{- if .Values.storeCredentials.dockerConfigSecret }}
- name: registry-credentials
  mountPath: /etc/pawl/registry
  readOnly: true
{{- end }}
{{- with include "pawl.certificateMount" . }}
{{- . }}
{{- end }}
{{- end -}}

{{- define "pawl.certificateMount" -}}
{{- if .Values.trustedCertificates.configMap }}
- name: trusted-certificates
  mountPath: /etc/pawl/ca
  readOnly: true
{{- end }}
{{- end -}}

{{- define "pawl.storeVolumes" -}}
{{- with .Values.storeCredentials.dockerConfigSecret }}
- name: registry-credentials
  secret:
    secretName: {{ . }}
    items:
      - key: .dockerconfigjson
        path: config.json
{{- end }}
{{- with .Values.trustedCertificates }}
{{- if .configMap }}
- name: trusted-certificates
  configMap:
    name: {{ .configMap }}
    items:
      - key: {{ .key }}
        path: ca.crt
{{- end }}
{{- end }}
{{- end -}}
