{{- define "evs-csi.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{/* Of all namespaced objects. At most 36 characters: a CronJob's name has 52 at most, with its suffix. */}}
{{- define "evs-csi.fullname" -}}
{{- $name := include "evs-csi.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 36 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 36 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 36 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* Of objects of the whole cluster: two releases in two namespaces may have one name. */}}
{{- define "evs-csi.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "evs-csi.fullname" .) -}}
{{- end }}

{{- define "evs-csi.selector" -}}
app.kubernetes.io/name: {{ include "evs-csi.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "evs-csi.labels" -}}
{{ include "evs-csi.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "evs-csi.controllerAccount" -}}
{{- if .Values.controller.serviceAccount.create -}}
{{- default (printf "%s-controller" (include "evs-csi.fullname" .)) .Values.controller.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.controller.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{- define "evs-csi.nodeAccount" -}}
{{- if .Values.node.serviceAccount.create -}}
{{- default (printf "%s-node" (include "evs-csi.fullname" .)) .Values.node.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.node.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{- define "evs-csi.startupTaint" -}}
{{- .Values.driverName }}/agent-not-ready
{{- end }}

{{/* list $ image: the reference of an image. */}}
{{- define "evs-csi.imageOf" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- $repository := $image.repository -}}
{{- if $root.Values.global.imageRegistry -}}
{{- $repository = printf "%s/%s" (trimSuffix "/" $root.Values.global.imageRegistry) (regexReplaceAll "^[^/]*[.:][^/]*/" $repository "") -}}
{{- end -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository $image.tag -}}
{{- end -}}
{{- end }}

{{- define "evs-csi.image" -}}
{{- $tag := default (printf "v%s" .Chart.AppVersion) .Values.image.tag -}}
{{- include "evs-csi.imageOf" (list . (dict "repository" .Values.image.repository "tag" $tag "digest" .Values.image.digest)) -}}
{{- end }}

{{- define "evs-csi.pullSecrets" -}}
{{- with .Values.global.imagePullSecrets -}}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* Of every container that needs nothing of the host. */}}
{{- define "evs-csi.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{- define "evs-csi.featureGates" -}}
{{- $gates := list -}}
{{- range $gate, $on := .Values.featureGates -}}
{{- if $on -}}{{- $gates = append $gates (printf "%s=true" $gate) -}}{{- end -}}
{{- end -}}
{{- join "," $gates -}}
{{- end }}

{{- define "evs-csi.snapshots" -}}
{{- $enabled := toString .Values.sidecars.snapshotter.enabled -}}
{{- if or (eq $enabled "true") (and (eq $enabled "auto") (.Capabilities.APIVersions.Has "snapshot.storage.k8s.io/v1")) -}}
yes
{{- end -}}
{{- end }}

{{/* ---- the cloud ---- */}}

{{- define "evs-csi.domain" -}}
{{- $domains := dict "huaweicloud" "myhuaweicloud.com" "otc" "otc.t-systems.com" "flexibleEngine" "prod-cloud-ocb.orange-business.com" -}}
{{- if eq .Values.cloud.preset "custom" -}}
{{- required "cloud.domain is required with cloud.preset=custom: the endpoints are https://<service>.<region>.<domain>" .Values.cloud.domain -}}
{{- else -}}
{{- default (get $domains .Values.cloud.preset) .Values.cloud.domain -}}
{{- end -}}
{{- end }}

{{- define "evs-csi.secretName" -}}
{{- if or .Values.sim.enabled (ne .Values.credentials.mode "existingSecret") -}}
{{- include "evs-csi.fullname" . }}-cloud-config
{{- else -}}
{{- required "credentials.existingSecret.name is required with credentials.mode=existingSecret" .Values.credentials.existingSecret.name -}}
{{- end -}}
{{- end }}

{{- define "evs-csi.secretKey" -}}
{{- if or .Values.sim.enabled (ne .Values.credentials.mode "existingSecret") -}}
cloud-config
{{- else -}}
{{- .Values.credentials.existingSecret.key -}}
{{- end -}}
{{- end }}

{{/* The cloud-config of modes agency and create. */}}
{{- define "evs-csi.cloudConfig" -}}
{{- $cloud := .Values.cloud -}}
[Global]
region = {{ required "cloud.region is required, as cn-north-4 or eu-de" $cloud.region | quote }}
cloud = {{ include "evs-csi.domain" . | quote }}
{{- if eq .Values.credentials.mode "agency" }}
auth = agency
{{- else }}
{{- $keys := .Values.credentials.create }}
auth = {{ $keys.auth }}
{{- if eq $keys.auth "aksk" }}
access-key = {{ required "credentials.create.accessKey is required with credentials.mode=create, auth=aksk" $keys.accessKey | quote }}
secret-key = {{ required "credentials.create.secretKey is required with credentials.mode=create, auth=aksk" $keys.secretKey | quote }}
{{- else }}
user-name = {{ required "credentials.create.userName is required with auth=password" $keys.userName | quote }}
password = {{ required "credentials.create.password is required with auth=password" $keys.password | quote }}
domain-name = {{ required "credentials.create.domainName is required with auth=password" $keys.domainName | quote }}
{{- with $keys.projectName }}
project-name = {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- with $cloud.projectID }}
project-id = {{ . | quote }}
{{- end }}
{{- with $cloud.enterpriseProjectID }}
enterprise-project-id = {{ . | quote }}
{{- end }}
{{- with $cloud.endpoints.auth }}
auth-url = {{ . | quote }}
{{- end }}
{{- with $cloud.endpoints.evs }}
endpoint-evs = {{ . | quote }}
{{- end }}
{{- with $cloud.endpoints.ecs }}
endpoint-ecs = {{ . | quote }}
{{- end }}
{{- with $cloud.endpoints.iam }}
endpoint-iam = {{ . | quote }}
{{- end }}
{{- if $cloud.caBundle }}
ca-file = /etc/evs-csi/ca/ca.crt
{{- end }}
{{- with $cloud.proxy }}
proxy = {{ . | quote }}
{{- end }}
{{- if $cloud.insecure }}
insecure = true
{{- end }}
{{- if $cloud.allowHTTP }}
allow-http = true
{{- end }}
{{- end }}

{{/* Volumes of whoever reads the cloud-config. */}}
{{- define "evs-csi.cloudVolumes" -}}
- name: cloud-config
  secret:
    secretName: {{ include "evs-csi.secretName" . }}
    # The pod's group reads it (fsGroup).
    defaultMode: 0440
    items:
      - key: {{ include "evs-csi.secretKey" . }}
        path: cloud-config
{{- if .Values.cloud.caBundle }}
- name: ca
  configMap:
    name: {{ include "evs-csi.fullname" . }}-ca
{{- end }}
{{- end }}

{{- define "evs-csi.cloudMounts" -}}
- name: cloud-config
  mountPath: /etc/evs-csi/cloud
  readOnly: true
{{- if .Values.cloud.caBundle }}
- name: ca
  mountPath: /etc/evs-csi/ca
  readOnly: true
{{- end }}
{{- end }}

{{/* ---- evs-sim: ids and keys of its one account. They open nothing but the simulator. ---- */}}

{{- define "evs-csi.simURL" -}}
http://{{ include "evs-csi.fullname" . }}-sim.{{ .Release.Namespace }}.svc:{{ .Values.sim.port }}
{{- end }}

{{- define "evs-csi.simServer" -}}00000000-0000-4000-8000-000000000001{{- end }}

{{/* ---- pieces of the controller's pod ---- */}}

{{/* list $ name values port arguments: one sidecar. */}}
{{- define "evs-csi.sidecar" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $sidecar := index . 2 -}}
{{- $port := index . 3 -}}
- name: {{ $name }}
  image: {{ include "evs-csi.imageOf" (list $root $sidecar.image) }}
  imagePullPolicy: {{ $root.Values.image.pullPolicy }}
  args:
    - --csi-address=/csi/csi.sock
    - --v={{ $sidecar.logLevel }}
    - --timeout={{ $sidecar.timeout }}
    - --leader-election=true
    - --leader-election-namespace=$(NAMESPACE)
    - --http-endpoint=:{{ $port }}
    {{- with $sidecar.kubeApiQPS }}
    - --kube-api-qps={{ . }}
    {{- end }}
    {{- with $sidecar.kubeApiBurst }}
    - --kube-api-burst={{ . }}
    {{- end }}
    {{- with $sidecar.retryIntervalMax }}
    - --retry-interval-max={{ . }}
    {{- end }}
    {{- range index . 4 }}
    - {{ . }}
    {{- end }}
    {{- range $sidecar.extraArgs }}
    - {{ . | quote }}
    {{- end }}
  env:
    - name: NAMESPACE
      valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
    - name: POD_NAME
      valueFrom: {fieldRef: {fieldPath: metadata.name}}
  ports:
    - name: {{ trimPrefix "csi-" $name }}
      containerPort: {{ $port }}
  livenessProbe:
    httpGet: {path: /healthz/leader-election, port: {{ trimPrefix "csi-" $name }}}
    initialDelaySeconds: 10
    timeoutSeconds: 10
    periodSeconds: 20
  resources: {{- toYaml $sidecar.resources | nindent 4 }}
  {{- include "evs-csi.containerSecurity" $root | nindent 2 }}
  volumeMounts:
    - name: socket
      mountPath: /csi
{{- end }}
