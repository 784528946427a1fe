module readiness-exporter.test/tools/jv

go 1.26

require github.com/santhosh-tekuri/jsonschema/cmd/jv v0.7.0
