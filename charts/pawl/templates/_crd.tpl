{{/* Whether this release brings the CRD, which only ModelVersions need. */}}
{{- define "pawl.bringsCrd" -}}
{{- if and .Values.crds.install .Values.controller.enabled (not (include "pawl.crdOwner" .)) -}}true{{- end -}}
{{- end -}}

{{/* Who else has the CRD of this cluster, in words; empty: nobody. A cluster has one, and Helm lets one release own it. */}}
{{- define "pawl.crdOwner" -}}
{{- if not .Values.crds.adopt -}}
{{- with lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" "modelversions.pawl.dev" -}}
{{- $owner := default dict .metadata.annotations -}}
{{- $name := default "" (index $owner "meta.helm.sh/release-name") -}}
{{- $namespace := default "" (index $owner "meta.helm.sh/release-namespace") -}}
{{- if or (ne $name $.Release.Name) (ne $namespace $.Release.Namespace) -}}
{{- if $name -}}the release {{ $name }} of the namespace {{ $namespace }}{{- else -}}no release{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
