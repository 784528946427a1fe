module readiness-exporter.test/tools/k8s-sidecar

go 1.26
