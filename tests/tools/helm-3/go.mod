module readiness-exporter.test/tools/helm-3

go 1.26.7

require helm.sh/helm/v3 v3.22.0
