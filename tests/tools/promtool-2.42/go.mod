module readiness-exporter.test/tools/promtool-2.42

go 1.26.7

require github.com/prometheus/prometheus v0.42.0
