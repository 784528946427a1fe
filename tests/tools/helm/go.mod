module readiness-exporter.test/tools/helm

go 1.26.7

require helm.sh/helm/v4 v4.3.1
