{{/* `true` if the ConfigMap with the files from the values is mounted. A release without any source mounts it too, so that adding the first file does not restart the pod. */}}
{{- define "readiness-exporter.hasFiles" -}}
{{- $sources := .Values.sources -}}
{{- if or $sources.files (not (or $sources.configMaps $sources.sidecar.enabled $sources.gitSync.enabled)) -}}
true
{{- end -}}
{{- end -}}

{{/* Arguments of the exporter: flags, then the paths of all sources. */}}
{{- define "readiness-exporter.args" -}}
{{- $sources := .Values.sources -}}
- serve
- --web.listen-address=:20430
- --probe.listen-address=:20431
{{- if ne .Values.web.telemetryPath "/metrics" }}
- --web.telemetry-path={{ .Values.web.telemetryPath }}
{{- end }}
{{- if .Values.web.config.existingSecret }}
- --web.config.file=/etc/readiness-exporter/web/{{ .Values.web.config.key }}
{{- end }}
- --log.level={{ .Values.log.level }}
- --log.format={{ .Values.log.format }}
{{- if not .Values.metrics.tasks }}
- --metrics.tasks=false
{{- end }}
{{- if .Values.metrics.maxSeries }}
- --metrics.max-series={{ int64 .Values.metrics.maxSeries }}
{{- end }}
{{- if .Values.watch.interval }}
- --watch.interval={{ .Values.watch.interval }}
{{- end }}
{{- if .Values.forecast.draws }}
- --forecast.draws={{ int64 .Values.forecast.draws }}
{{- end }}
{{- if .Values.shards }}
- --shard=$(SHARD)/{{ .Values.shards }}
{{- end }}
{{- with .Values.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- if include "readiness-exporter.hasFiles" . }}
- /readiness/files
{{- end }}
{{- range $sources.configMaps }}
- /readiness/configmaps/{{ . }}
{{- end }}
{{- if $sources.sidecar.enabled }}
- /readiness/sidecar
{{- end }}
{{- if $sources.gitSync.enabled }}
{{- range $sources.gitSync.paths }}
- /readiness/git/current/{{ . }}
{{- else }}
- /readiness/git/current
{{- end }}
{{- end }}
{{- end -}}

{{/* Mounts whole directories: a subPath mount does not receive updates. */}}
{{- define "readiness-exporter.volumeMounts" -}}
{{- $sources := .Values.sources -}}
{{- if include "readiness-exporter.hasFiles" . }}
- name: files
  mountPath: /readiness/files
  readOnly: true
{{- end }}
{{- range $index, $name := $sources.configMaps }}
- name: configmap-{{ $index }}
  mountPath: /readiness/configmaps/{{ $name }}
  readOnly: true
{{- end }}
{{- if $sources.sidecar.enabled }}
- name: sidecar
  mountPath: /readiness/sidecar
  readOnly: true
{{- end }}
{{- if $sources.gitSync.enabled }}
- name: git
  mountPath: /readiness/git
  readOnly: true
{{- end }}
{{- if .Values.web.config.existingSecret }}
- name: web-config
  mountPath: /etc/readiness-exporter/web
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "readiness-exporter.volumes" -}}
{{- $sources := .Values.sources -}}
{{- if include "readiness-exporter.hasFiles" . }}
- name: files
  configMap:
    name: {{ include "readiness-exporter.fullname" . }}-files
{{- end }}
{{- range $index, $name := $sources.configMaps }}
- name: configmap-{{ $index }}
  configMap:
    name: {{ $name | quote }}
    optional: true
{{- end }}
{{- if $sources.sidecar.enabled }}
- name: sidecar
  emptyDir: {}
- name: sidecar-token
  projected:
    sources:
      - serviceAccountToken:
          path: token
          expirationSeconds: 3607
      - configMap:
          name: kube-root-ca.crt
          items:
            - key: ca.crt
              path: ca.crt
      - downwardAPI:
          items:
            - path: namespace
              fieldRef:
                fieldPath: metadata.namespace
{{- end }}
{{- if $sources.gitSync.enabled }}
- name: git
  emptyDir: {}
- name: git-tmp
  emptyDir: {}
{{- with $sources.gitSync.credentialsSecret }}
- name: git-credentials
  secret:
    secretName: {{ . | quote }}
    defaultMode: 256 # 0400, which some parsers read as a string
{{- end }}
{{- with $sources.gitSync.sshKeySecret }}
- name: git-ssh-key
  secret:
    secretName: {{ . | quote }}
    defaultMode: 256 # 0400, which some parsers read as a string
{{- end }}
{{- end }}
{{- with .Values.web.config }}
{{- if .existingSecret }}
- name: web-config
  projected:
    defaultMode: 288 # 0440
    sources:
      - secret:
          name: {{ .existingSecret | quote }}
      {{- if .tlsSecret }}
      - secret:
          name: {{ .tlsSecret | quote }}
          items:
            - key: tls.crt
              path: tls.crt
            - key: tls.key
              path: tls.key
      {{- end }}
{{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "readiness-exporter.env" -}}
{{- if .Values.shards }}
- name: SHARD
  valueFrom:
    fieldRef:
      fieldPath: metadata.labels['apps.kubernetes.io/pod-index']
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Collects labelled ConfigMaps. Only this container has an API token. Its readiness probe delays the replacement of a pod until the files are there. */}}
{{- define "readiness-exporter.sidecar" -}}
{{- with .Values.sources.sidecar -}}
- name: sidecar
  image: {{ include "readiness-exporter.image" (dict "root" $ "image" .image) }}
  imagePullPolicy: {{ .image.pullPolicy }}
  env:
    - name: LABEL
      value: {{ .label | quote }}
    {{- with .labelValue }}
    - name: LABEL_VALUE
      value: {{ . | quote }}
    {{- end }}
    {{- with .searchNamespace }}
    - name: NAMESPACE
      value: {{ kindIs "string" . | ternary . (join "," .) | quote }}
    {{- end }}
    - name: FOLDER
      value: /readiness/sidecar
    - name: RESOURCE
      value: configmap
    - name: UNIQUE_FILENAMES
      value: "true"
    - name: IGNORE_ALREADY_PROCESSED
      value: "true"
    - name: LOG_LEVEL
      value: {{ .logLevel }}
    - name: LOG_FORMAT
      value: LOGFMT
    {{- with .extraEnv }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports:
    - name: sidecar
      containerPort: 8080
      protocol: TCP
  livenessProbe:
    httpGet:
      path: /healthz
      port: sidecar
    failureThreshold: 12
  readinessProbe:
    httpGet:
      path: /healthz
      port: sidecar
  {{- with .resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- toYaml .securityContext | nindent 4 }}
  volumeMounts:
    - name: sidecar
      mountPath: /readiness/sidecar
    - name: sidecar-token
      mountPath: /var/run/secrets/kubernetes.io/serviceaccount
      readOnly: true
{{- end }}
{{- end -}}

{{/* Flags instead of environment variables: a misspelled flag is an error. An old worktree is kept for a while because the exporter may still be reading it. */}}
{{- define "readiness-exporter.gitSync" -}}
{{- with .Values.sources.gitSync -}}
- name: git-sync
  image: {{ include "readiness-exporter.image" (dict "root" $ "image" .image) }}
  imagePullPolicy: {{ .image.pullPolicy }}
  args:
    - --repo={{ required "sources.gitSync.repo: required, for example https://git.example.org/plans.git" .repo }}
    - --ref={{ .ref }}
    - --root=/git
    - --link=current
    - --period={{ .period }}
    - --depth={{ int64 .depth }}
    - --submodules=off
    - --max-failures=-1
    - --stale-worktree-timeout=5m
    - --http-bind=:1234
    - --http-metrics
    {{- if .credentialsSecret }}
    - --password-file=/etc/git-credentials/password
    {{- end }}
    {{- if .sshKeySecret }}
    - --ssh-key-file=/etc/git-ssh-key/ssh-privatekey
    - --ssh-known-hosts-file=/etc/git-ssh-key/known_hosts
    {{- end }}
    {{- with .extraArgs }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  env:
    - name: HOME
      value: /tmp
    {{- if .credentialsSecret }}
    - name: GITSYNC_USERNAME
      valueFrom:
        secretKeyRef:
          name: {{ .credentialsSecret | quote }}
          key: username
    {{- end }}
    {{- with .extraEnv }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports:
    - name: git-sync
      containerPort: 1234
      protocol: TCP
  readinessProbe:
    httpGet:
      path: /
      port: git-sync
  {{- with .resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- toYaml .securityContext | nindent 4 }}
  volumeMounts:
    - name: git
      mountPath: /git
    - name: git-tmp
      mountPath: /tmp
    {{- if .credentialsSecret }}
    - name: git-credentials
      mountPath: /etc/git-credentials
      readOnly: true
    {{- end }}
    {{- if .sshKeySecret }}
    - name: git-ssh-key
      mountPath: /etc/git-ssh-key
      readOnly: true
    {{- end }}
    {{- with .extraVolumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
{{- end -}}

{{/* A constraint without a labelSelector would select no pods. */}}
{{- define "readiness-exporter.topologySpreadConstraints" -}}
{{- range .Values.topologySpreadConstraints }}
{{- $own := dict "matchLabels" (include "readiness-exporter.selectorLabels" $ | fromYaml) }}
- {{ hasKey . "labelSelector" | ternary . (set (deepCopy .) "labelSelector" $own) | toYaml | nindent 2 | trim }}
{{- end }}
{{- end -}}

{{/* Pod template of the Deployment or StatefulSet. It has no checksum annotations: the exporter reloads changed files. */}}
{{- define "readiness-exporter.pod" -}}
metadata:
  labels:
    {{- merge (include "readiness-exporter.selectorLabels" . | fromYaml) .Values.podLabels .Values.commonLabels | toYaml | nindent 4 }}
  annotations:
    {{- merge dict .Values.podAnnotations (dict "kubectl.kubernetes.io/default-container" "readiness-exporter") | toYaml | nindent 4 }}
spec:
  serviceAccountName: {{ include "readiness-exporter.serviceAccountName" . | quote }}
  automountServiceAccountToken: {{ .Values.serviceAccount.automountServiceAccountToken }}
  enableServiceLinks: false
  {{- with concat .Values.imagePullSecrets .Values.global.imagePullSecrets | uniq }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- toYaml .Values.podSecurityContext | nindent 4 }}
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  {{- with .Values.extraInitContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: readiness-exporter
      image: {{ include "readiness-exporter.image" (dict "root" . "image" .Values.image) }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args:
        {{- include "readiness-exporter.args" . | nindent 8 }}
      {{- with include "readiness-exporter.env" . | trim }}
      env:
        {{- . | nindent 8 }}
      {{- end }}
      {{- with .Values.extraEnvFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        - name: http
          containerPort: 20430
          protocol: TCP
        - name: probe
          containerPort: 20431
          protocol: TCP
      {{- with .Values.startupProbe }}
      startupProbe:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.livenessProbe }}
      livenessProbe:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.readinessProbe }}
      readinessProbe:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- toYaml .Values.securityContext | nindent 8 }}
      {{- with include "readiness-exporter.volumeMounts" . | trim }}
      volumeMounts:
        {{- . | nindent 8 }}
      {{- end }}
    {{- if .Values.sources.sidecar.enabled }}
    {{- include "readiness-exporter.sidecar" . | nindent 4 }}
    {{- end }}
    {{- if .Values.sources.gitSync.enabled }}
    {{- include "readiness-exporter.gitSync" . | nindent 4 }}
    {{- end }}
    {{- with .Values.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with include "readiness-exporter.volumes" . | trim }}
  volumes:
    {{- . | nindent 4 }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with include "readiness-exporter.topologySpreadConstraints" . | trim }}
  topologySpreadConstraints:
    {{- . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
  {{- with .Values.runtimeClassName }}
  runtimeClassName: {{ . | quote }}
  {{- end }}
  {{- with .Values.dnsPolicy }}
  dnsPolicy: {{ . }}
  {{- end }}
  {{- with .Values.dnsConfig }}
  dnsConfig:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.hostAliases }}
  hostAliases:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
