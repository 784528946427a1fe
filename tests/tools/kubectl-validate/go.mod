module readiness-exporter.test/tools/kubectl-validate

go 1.26.7

require sigs.k8s.io/kubectl-validate v0.0.4
