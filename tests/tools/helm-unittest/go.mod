module readiness-exporter.test/tools/helm-unittest

go 1.26.7

require github.com/helm-unittest/helm-unittest v1.1.2

// As its own go.mod has it, which only holds for the main module.
replace github.com/vmware-labs/yaml-jsonpath v0.3.2 => github.com/helm-unittest/yaml-jsonpath v0.4.0
