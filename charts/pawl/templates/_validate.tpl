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
{{- with .Values.autoscaling -}}
{{- if and .enabled (not (or .targetCPUUtilizationPercentage .targetQueueDepth .metrics)) -}}
{{- fail "autoscaling.enabled is true, but nothing says by what: set targetCPUUtilizationPercentage, targetQueueDepth or metrics." -}}
{{- end -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- fail "httpRoute.enabled is true: httpRoute.parentRefs must name the Gateway." -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled .Values.gateway.enabled -}}
{{- fail "httpRoute.enabled and gateway.enabled are both true: the controller writes the route of gateway, and a second one for the same host would go around its weights. Set one of them." -}}
{{- end -}}
{{- if and .Values.gateway.enabled (not .Values.gateway.parentRefs) -}}
{{- fail "gateway.enabled is true: gateway.parentRefs must name the Gateway." -}}
{{- end -}}
{{- if and (include "pawl.installsController" .) (not .Values.controller.serviceAccount.create) (not .Values.controller.serviceAccount.name) -}}
{{- fail "controller.serviceAccount.create is false: controller.serviceAccount.name must name an existing ServiceAccount; the controller needs rights that `default` does not have." -}}
{{- end -}}
{{- range $value, $variable := dict "httpProxy" "HTTP_PROXY" "httpsProxy" "HTTPS_PROXY" -}}
{{- if contains "@" (index $.Values.proxy $value) -}}
{{- fail (printf "proxy.%s has a password, and everyone who may read the Deployment would see it: leave the value empty and put the address into the Secret of storeCredentials.envSecret, as %s." $value $variable) -}}
{{- end -}}
{{- end -}}
{{- $set := list -}}
{{- range include "pawl.storeWay" . | fromYamlArray -}}
{{- $set = append $set .name -}}
{{- end -}}
{{- range .Values.controller.env -}}
{{- if has .name $set -}}
{{- fail (printf "controller.env has %s, which trustedCertificates or proxy sets already: keep one of the two." .name) -}}
{{- end -}}
{{- end -}}
{{- if include "pawl.observesBeyond" . -}}
{{- range .Values.env -}}
{{- if has .name $set -}}
{{- fail (printf "env has %s, which trustedCertificates or proxy sets already, for the prediction log or traces: keep one of the two." .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if gt (mul 2 (int64 .Values.predictionLog.objectBytes)) (int64 .Values.predictionLog.queueBytes) -}}
{{- fail "predictionLog.objectBytes is more than half of predictionLog.queueBytes: an object must have room while the next one gathers." -}}
{{- end -}}
{{- with .Values.controller.watchNamespaces -}}
{{- if not (include "pawl.installsController" $) -}}
{{- fail "controller.watchNamespaces is set, but this release installs no controller: set it in the release that does." -}}
{{- end -}}
{{- if ne (len .) (len (uniq .)) -}}
{{- fail "controller.watchNamespaces names a namespace twice: name each once." -}}
{{- end -}}
{{- if not (has $.Release.Namespace .) -}}
{{- fail (printf "controller.watchNamespaces does not name %s, so nobody would roll out the model of this release: add it to the list." $.Release.Namespace) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.existingPolicy.configMap (or .Values.acceptance.images .Values.publicKey) -}}
{{- fail "existingPolicy.configMap is set: acceptance.images and publicKey belong into that ConfigMap." -}}
{{- end -}}
{{- end -}}
