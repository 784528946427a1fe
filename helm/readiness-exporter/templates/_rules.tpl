{{/*
YAML with the key `groups`: the groups of the rule files in order, with the overrides from the values.
Rules are parsed and written as YAML, never rendered as templates, so that their {{ }} are left to Prometheus.
*/}}
{{- define "readiness-exporter.ruleGroups" -}}
{{- $values := .Values.prometheusRule -}}
{{- $alerts := list -}}
{{- $thresholds := list -}}
{{- $groups := list -}}
{{- range list "thresholds" "recording" "alerts" -}}
  {{- $path := printf "rules/%s.rules.yaml" . -}}
  {{- $file := $.Files.Get $path | fromYaml -}}
  {{- range required (printf "%s is missing from the chart" $path) $file.groups -}}
    {{- $rules := list -}}
    {{- range $rule := .rules -}}
      {{- if $rule.alert -}}
        {{- $alerts = append $alerts $rule.alert -}}
        {{- $change := get $values.alerts $rule.alert | default dict -}}
        {{- if not $change.disabled -}}
          {{- $rules = include "readiness-exporter.alert" (dict "values" $values "rule" $rule "change" $change) | fromYaml | append $rules -}}
        {{- end -}}
      {{- else -}}
        {{- $name := splitList ":" $rule.record -}}
        {{- if has (last $name) (list "threshold" "release") -}}
          {{- $thresholds = append $thresholds (slice $name 1 | join ".") -}}
          {{- $change := get $values.thresholds (index $name 1) | default dict -}}
          {{- if hasKey $change (last $name) -}}
            {{- $value := get $change (last $name) -}}
            {{- $_ := set $rule "expr" (printf "vector(%s)" (kindIs "string" $value | ternary $value (toJson $value))) -}}
          {{- end -}}
        {{- end -}}
        {{- $rules = append $rules $rule -}}
      {{- end -}}
    {{- end -}}
    {{- if $rules -}}
      {{- $groups = append $groups (merge (dict "rules" $rules) (omit . "rules")) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- range $name, $_ := $values.alerts -}}
  {{- if not (has $name $alerts) -}}
    {{- fail (printf "prometheusRule.alerts.%s: unknown alert; expected one of: %s" $name (join ", " $alerts)) -}}
  {{- end -}}
{{- end -}}
{{- range $name, $kinds := $values.thresholds -}}
  {{- range $kind, $_ := $kinds -}}
    {{- if not (has (printf "%s.%s" $name $kind) $thresholds) -}}
      {{- fail (printf "prometheusRule.thresholds.%s.%s: unknown threshold; expected one of: %s" $name $kind (join ", " $thresholds)) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- dict "groups" (concat $groups $values.extraGroups) | toYaml -}}
{{- end -}}

{{/* One alert, with the overrides from the values. */}}
{{- define "readiness-exporter.alert" -}}
{{- $values := .values -}}
{{- $rule := .rule -}}
{{- $change := .change -}}
{{- $labels := mergeOverwrite $rule.labels $values.additionalRuleLabels ($change.labels | default dict) -}}
{{- with $change.severity -}}
  {{- $_ := set $labels "severity" . -}}
{{- end -}}
{{- $annotations := $rule.annotations -}}
{{- with $values.runbookUrl -}}
  {{- $_ := set $annotations "runbook_url" (printf "%s/%s" (trimSuffix "/" .) (base $annotations.runbook_url)) -}}
{{- end -}}
{{- with $values.grafanaUrl -}}
  {{- $_ := set $annotations "dashboard_url" (printf "%s%s" (trimSuffix "/" .) $annotations.dashboard_url) -}}
{{- end -}}
{{- $_ := mergeOverwrite $annotations $values.additionalRuleAnnotations ($change.annotations | default dict) -}}
{{- with $change.for -}}
  {{- $_ := set $rule "for" . -}}
{{- end -}}
{{- with $change.keepFiringFor -}}
  {{- $_ := set $rule "keep_firing_for" . -}}
{{- end -}}
{{- with $change.expr -}}
  {{- $_ := set $rule "expr" . -}}
{{- end -}}
{{- toYaml $rule -}}
{{- end -}}
