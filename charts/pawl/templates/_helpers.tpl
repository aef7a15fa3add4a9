{{/* Prefix of resource names. 47 characters, so that the controller's "-canary-<8 hex>" still fits into 63. */}}
{{- define "pawl.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 47 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 47 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 47 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "pawl.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* Labels of every object. Never of a pod template: the chart's version would replace all pods. */}}
{{- define "pawl.labels" -}}
{{- include "pawl.labelsAnd" (dict "labels" dict "root" .) -}}
{{- end -}}

{{/* The same with labels of one object, which win over commonLabels: (dict "labels" .Values.service.labels "root" $). */}}
{{- define "pawl.labelsAnd" -}}
{{- with merge (deepCopy .labels) .root.Values.commonLabels }}
{{- toYaml . }}
{{ end -}}
{{- with .root -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/name: {{ include "pawl.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}
{{- end -}}

{{/* What finds the pods of this release's model, of both tracks. */}}
{{- define "pawl.modelSelector" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
pawl.dev/model: {{ .Values.model.name }}
{{- end -}}

{{/* What finds the stable pods. Immutable in a Deployment, so as little as possible. */}}
{{- define "pawl.stableSelector" -}}
{{ include "pawl.modelSelector" . }}
pawl.dev/track: stable
{{- end -}}

{{- define "pawl.controllerSelector" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: controller
{{- end -}}

{{/* Reference of an image: (dict "image" .Values.image "root" $). */}}
{{- define "pawl.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ default .root.Chart.AppVersion .image.tag }}
{{- end -}}
{{- end -}}

{{- define "pawl.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ default (include "pawl.fullname" .) .Values.serviceAccount.name }}
{{- else -}}
{{ default "default" .Values.serviceAccount.name }}
{{- end -}}
{{- end -}}

{{- define "pawl.controllerName" -}}
{{ include "pawl.fullname" . }}-controller
{{- end -}}

{{- define "pawl.controllerServiceAccountName" -}}
{{ default (include "pawl.controllerName" .) .Values.controller.serviceAccount.name }}
{{- end -}}

{{/* The ConfigMap of policy, acceptance images and public keys. */}}
{{- define "pawl.policyName" -}}
{{ default (printf "%s-rollout" (include "pawl.fullname" .)) .Values.existingPolicy.configMap }}
{{- end -}}

{{- define "pawl.bundledAcceptance" -}}
{{- if and .Values.acceptance.bundled (eq .Values.model.name "catdog") -}}true{{- end -}}
{{- end -}}

{{- define "pawl.hasPublicKey" -}}
{{- if or (and .Values.publicKey (not .Values.existingPolicy.configMap)) (and .Values.existingPolicy.configMap .Values.existingPolicy.hasPublicKey) -}}true{{- end -}}
{{- end -}}

{{/* Whether this release runs the controller. */}}
{{- define "pawl.installsController" -}}
{{- if and .Values.controller.enabled .Values.controller.install -}}true{{- end -}}
{{- end -}}

{{/* The namespaces whose models the controller rolls out, as a YAML list. */}}
{{- define "pawl.watchedNamespaces" -}}
{{ default (list .Release.Namespace) .Values.controller.watchNamespaces | toYaml }}
{{- end -}}

{{- define "pawl.clusterPort" -}}
{{- if ne (int .Values.service.port) 80 -}}:{{ .Values.service.port }}{{- end -}}
{{- end -}}
