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
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/name: {{ include "pawl.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
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

{{- define "pawl.clusterPort" -}}
{{- if ne (int .Values.service.port) 80 -}}:{{ .Values.service.port }}{{- end -}}
{{- end -}}

{{/* Mistakes that a schema cannot see. */}}
{{- define "pawl.validate" -}}
{{- if .Values.controller.enabled -}}
{{- range $field := list "uri" "digest" "version" -}}
{{- if index $.Values.model $field -}}
{{- fail (printf "model.%s is set, but controller.enabled is true: the controller decides which weights are served. Offer them as a ModelVersion, or set controller.enabled=false." $field) -}}
{{- end -}}
{{- end -}}
{{- else -}}
{{- if not .Values.model.uri -}}
{{- fail "controller.enabled is false: model.uri must say which bundle to serve." -}}
{{- end -}}
{{- if eq .Values.rollout.artifact.mount "image" -}}
{{- if not (hasPrefix "oci://" .Values.model.uri) -}}
{{- fail "rollout.artifact.mount is image: model.uri must be an oci:// address." -}}
{{- end -}}
{{- else if and (not .Values.model.digest) (not (hasPrefix "file:" .Values.model.uri)) -}}
{{- fail "controller.enabled is false: model.digest must be set with model.uri; the fetched bundle is named by it." -}}
{{- end -}}
{{- end -}}
{{- if and .Values.gateway.enabled (not .Values.gateway.parentRefs) -}}
{{- fail "gateway.enabled is true: gateway.parentRefs must name the Gateway." -}}
{{- end -}}
{{- if and .Values.existingPolicy.configMap (or .Values.acceptance.images .Values.publicKey) -}}
{{- fail "existingPolicy.configMap is set: acceptance.images and publicKey belong into that ConfigMap." -}}
{{- end -}}
{{- end -}}

{{/* A cluster has one CRD, and Helm lets one release own it. */}}
{{- define "pawl.validateCrd" -}}
{{- with lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" "modelversions.pawl.dev" -}}
{{- $owner := default dict .metadata.annotations -}}
{{- $name := index $owner "meta.helm.sh/release-name" -}}
{{- $namespace := index $owner "meta.helm.sh/release-namespace" -}}
{{- if or (ne (toString $name) $.Release.Name) (ne (toString $namespace) $.Release.Namespace) -}}
{{- fail (printf "The CustomResourceDefinition modelversions.pawl.dev is there already (of release %s in namespace %s). Set crds.install=false: a cluster needs one." (default "none" $name) (default "none" $namespace)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
