module readiness-exporter.test/tools/git-sync

go 1.26

require github.com/go-git/go-git/v5 v5.19.3
