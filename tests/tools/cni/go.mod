module readiness-exporter.test/tools/cni

go 1.26

require github.com/containernetworking/plugins v1.7.1
