{{- define "readiness-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{/* Name of most resources. At most 50 characters: Kubernetes appends a suffix to the name of a StatefulSet in the labels of its pods. */}}
{{- define "readiness-exporter.fullname" -}}
{{- $name := include "readiness-exporter.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "readiness-exporter.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{/* Selector labels. Selectors are immutable, so these must never change. */}}
{{- define "readiness-exporter.selectorLabels" -}}
app.kubernetes.io/name: {{ include "readiness-exporter.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/* Labels of all resources except pods: a pod must not change when only the chart's version changes. */}}
{{- define "readiness-exporter.labels" -}}
{{- $own := include "readiness-exporter.selectorLabels" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/version" .Chart.AppVersion -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .Release.Service -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- merge $own .Values.commonLabels | toYaml -}}
{{- end -}}

{{/* Labels of a ServiceMonitor or PrometheusRule. Arguments: `root`, and `labels`, which override all others. */}}
{{- define "readiness-exporter.monitoringLabels" -}}
{{- $labels := include "readiness-exporter.labels" .root | fromYaml -}}
{{- with .root.Values.prometheus.release -}}
{{- $_ := set $labels "release" . -}}
{{- end -}}
{{- mergeOverwrite $labels .labels | toYaml -}}
{{- end -}}

{{- define "readiness-exporter.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "readiness-exporter.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* With shards, the Service is headless so that each pod is scraped. It has another name because a Service can't become headless. */}}
{{- define "readiness-exporter.serviceName" -}}
{{- include "readiness-exporter.fullname" . -}}
{{- if .Values.shards -}}-shards{{- end -}}
{{- end -}}

{{/* Annotations of the Service. The port is that of the container: Prometheus appends it to the pod's address. */}}
{{- define "readiness-exporter.serviceAnnotations" -}}
{{- $annotations := dict -}}
{{- if .Values.prometheus.scrapeAnnotations -}}
{{- $_ := set $annotations "prometheus.io/scrape" "true" -}}
{{- $_ := set $annotations "prometheus.io/port" "20430" -}}
{{- $_ := set $annotations "prometheus.io/path" .Values.web.telemetryPath -}}
{{- $_ := set $annotations "prometheus.io/scheme" .Values.serviceMonitor.scheme -}}
{{- end -}}
{{- mergeOverwrite $annotations .Values.service.annotations | toYaml -}}
{{- end -}}

{{/* Full image name. Arguments: `root`, and `image`. The default tag is the chart's appVersion. */}}
{{- define "readiness-exporter.image" -}}
{{- $registry := default .image.registry .root.Values.global.imageRegistry -}}
{{- with $registry -}}{{ . }}/{{- end -}}
{{- .image.repository -}}
{{- if .image.digest -}}
@{{ .image.digest }}
{{- else -}}
:{{ default .root.Chart.AppVersion .image.tag }}
{{- end -}}
{{- end -}}

{{/* `true` if renderMode allows a resource of `kind` (group/version/kind), else empty. */}}
{{- define "readiness-exporter.renders" -}}
{{- if or (eq .root.Values.renderMode "alwaysRender") (.root.Capabilities.APIVersions.Has .kind) -}}
true
{{- else if eq .root.Values.renderMode "failIfMissing" -}}
{{- fail (printf "renderMode: %s is not installed in the cluster; install its CRD, pass --api-versions, or set renderMode to skipIfMissing or alwaysRender" .kind) -}}
{{- end -}}
{{- end -}}

{{- define "readiness-exporter.rendersServiceMonitor" -}}
{{- if .Values.serviceMonitor.enabled -}}
{{- include "readiness-exporter.renders" (dict "root" . "kind" "monitoring.coreos.com/v1/ServiceMonitor") -}}
{{- end -}}
{{- end -}}

{{- define "readiness-exporter.rendersPrometheusRule" -}}
{{- if .Values.prometheusRule.enabled -}}
{{- include "readiness-exporter.renders" (dict "root" . "kind" "monitoring.coreos.com/v1/PrometheusRule") -}}
{{- end -}}
{{- end -}}

{{- define "readiness-exporter.rendersGrafanaDashboard" -}}
{{- if and .Values.dashboards.enabled .Values.dashboards.grafanaOperator.enabled -}}
{{- include "readiness-exporter.renders" (dict "root" . "kind" "grafana.integreatly.org/v1beta1/GrafanaDashboard") -}}
{{- end -}}
{{- end -}}

{{/* Number of pods. Fails if `replicas` and `shards` conflict. */}}
{{- define "readiness-exporter.pods" -}}
{{- if .Values.shards -}}
{{- if gt (int .Values.replicas) 1 -}}
{{- fail "replicas: must be 1 if shards is set; each shard is one pod" -}}
{{- end -}}
{{- if semverCompare "<1.28-0" .Capabilities.KubeVersion.Version -}}
{{- fail (printf "shards: requires Kubernetes 1.28 or later, which sets the label apps.kubernetes.io/pod-index; the cluster runs %s" .Capabilities.KubeVersion.Version) -}}
{{- end -}}
{{- .Values.shards -}}
{{- else -}}
{{- .Values.replicas -}}
{{- end -}}
{{- end -}}
