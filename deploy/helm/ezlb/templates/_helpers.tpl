{{/* SPDX-License-Identifier: GPL-2.0-or-later */}}

{{/* The name of all objects; with "-services" behind it at most 63 characters. */}}
{{- define "ezlb.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 54 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 54 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "ezlb.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "ezlb.labels" -}}
{{ include "ezlb.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "ezlb.configmap" -}}
{{- .Values.existingConfigMap | default (printf "%s-services" (include "ezlb.fullname" .)) -}}
{{- end -}}

{{/* The lines that are the same in each container. */}}
{{- define "ezlb.image" -}}
image: {{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) | quote }}
{{- with .Values.image.pullPolicy }}
imagePullPolicy: {{ . }}
{{- end }}
{{- end -}}

{{/* What `ezlb run`, `ezlb host-setup` and `ezlb cleanup` must agree about. */}}
{{- define "ezlb.how" -}}
{{- with .Values.snatBackend }}
- --snat-backend={{ . }}
{{- end }}
{{- with .Values.vipDevice }}
- {{ printf "--vip-device=%s" . | quote }}
{{- end }}
{{- end -}}

{{/* What only `ezlb run` must know, where several nodes have the same addresses. */}}
{{- define "ezlb.balancers" -}}
{{- with .Values.vipWhen }}
- --vip-when={{ . }}
{{- end }}
{{- with .Values.vipHold }}
- --vip-hold={{ . }}
{{- end }}
{{- with .Values.syncInterface }}
- {{ printf "--sync-interface=%s" . | quote }}
- --sync-id={{ $.Values.syncId }}
{{- end }}
{{- end -}}

{{/* It includes the time of preStop, and ezlb needs some time to end. */}}
{{- define "ezlb.grace" -}}
{{- $grace := int .Values.terminationGracePeriodSeconds -}}
{{- if .Values.drainSeconds -}}{{ max $grace (add 30 (int .Values.drainSeconds)) }}{{- else -}}{{ $grace }}{{- end -}}
{{- end -}}

{{- define "ezlb.host" -}}
- name: state
  mountPath: /run/ezlb
- name: persist
  mountPath: /var/lib/ezlb
- name: xtables-lock
  mountPath: /run/xtables.lock
- name: modules
  mountPath: /lib/modules
  readOnly: true
- name: bpf
  mountPath: /sys/fs/bpf
  mountPropagation: HostToContainer
{{- end -}}

{{/* `ezlb probe`, with how often, and how many failures are too many. */}}
{{- define "ezlb.probe" -}}
exec:
  command: [/usr/local/sbin/ezlb, probe, {{ .kind }}, --state-dir=/run/ezlb]
periodSeconds: {{ .period }}
timeoutSeconds: 10
failureThreshold: {{ .failures }}
{{- end -}}
