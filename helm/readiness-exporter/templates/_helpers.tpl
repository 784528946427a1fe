{{/* The chart's name, or what it is called instead. */}}
{{- define "readiness-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of most objects. 50 characters leave room for what Kubernetes appends to a StatefulSet's name in labels. */}}
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

{{/* What never changes: labels by which objects are selected can't be edited. */}}
{{- define "readiness-exporter.selectorLabels" -}}
app.kubernetes.io/name: {{ include "readiness-exporter.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/* Labels of every object but pods, which are to stay as they are when the chart's version changes. */}}
{{- define "readiness-exporter.labels" -}}
{{- $own := include "readiness-exporter.selectorLabels" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/version" .Chart.AppVersion -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .Release.Service -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- merge $own .Values.commonLabels | toYaml -}}
{{- end -}}

{{/* Labels of a ServiceMonitor or PrometheusRule: `root`, and `labels` that go before all others. */}}
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

{{/* With shards, scrapes have to reach each pod, not one of them; a name of its own, since a Service can't become headless. */}}
{{- define "readiness-exporter.serviceName" -}}
{{- include "readiness-exporter.fullname" . -}}
{{- if .Values.shards -}}-shards{{- end -}}
{{- end -}}

{{/* Annotations of the Service. The port is the pod's, since Prometheus puts it behind the pod's address. */}}
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

{{/* The name of an image: `root` and `image`, whose tag is the chart's appVersion where it has none. */}}
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

{{/* Whether an object of `kind` (group/version/kind) is rendered, as renderMode has it: `true` or nothing. */}}
{{- define "readiness-exporter.renders" -}}
{{- if or (eq .root.Values.renderMode "alwaysRender") (.root.Capabilities.APIVersions.Has .kind) -}}
true
{{- else if eq .root.Values.renderMode "failIfMissing" -}}
{{- fail (printf "the cluster doesn't know %s: install its CRD, set renderMode to skipIfMissing or alwaysRender, or name it with --api-versions" .kind) -}}
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

{{/* How many pods there are; refuses what cannot be. */}}
{{- define "readiness-exporter.pods" -}}
{{- if .Values.shards -}}
{{- if gt (int .Values.replicas) 1 -}}
{{- fail "replicas: with shards, each shard is one pod; leave replicas at 1" -}}
{{- end -}}
{{- if semverCompare "<1.28-0" .Capabilities.KubeVersion.Version -}}
{{- fail (printf "shards: pods know their number from Kubernetes 1.28 on, and this is %s; leave shards at 0" .Capabilities.KubeVersion.Version) -}}
{{- end -}}
{{- .Values.shards -}}
{{- else -}}
{{- .Values.replicas -}}
{{- end -}}
{{- end -}}
