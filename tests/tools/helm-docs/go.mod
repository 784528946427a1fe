module readiness-exporter.test/tools/helm-docs

go 1.26.7

require github.com/norwoodj/helm-docs v1.14.2
