module readiness-exporter.test/tools/vale

go 1.26

require github.com/vale-cli/vale/v3 v3.21.0
