// Replacement of git-sync for tests without access to its registry. It supports the flags that the chart sets, rejects
// others, and publishes each commit in the same way.
package main

import (
	"flag"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/storage/memory"
)

var (
	repo    = flag.String("repo", "", "repository URL")
	ref     = flag.String("ref", "HEAD", "branch or tag")
	root    = flag.String("root", "", "directory of all files")
	link    = flag.String("link", "", "symbolic link to the current commit, in root")
	period  = flag.Duration("period", 10*time.Second, "time between fetches")
	depth   = flag.Int("depth", 1, "number of commits to fetch")
	stale   = flag.Duration("stale-worktree-timeout", 0, "time after which old commits are deleted")
	bind    = flag.String("http-bind", "", "listen address")
	metrics = flag.Bool("http-metrics", false, "serve metrics")
	_       = flag.String("submodules", "recursive", "no effect")
	fails   = flag.Int("max-failures", 0, "maximum number of consecutive failures, -1 for no limit")
)

func main() {
	log.SetFlags(0)
	flag.Parse()
	if *repo == "" || *root == "" || flag.NArg() > 0 {
		log.Fatalf("--repo and --root are required, arguments are not supported: %q", flag.Args())
	}
	var synced atomic.Bool
	go serve(&synced)
	for failures := 0; ; time.Sleep(*period) {
		if err := sync(); err != nil {
			log.Print(err)
			if failures++; *fails >= 0 && failures > *fails {
				os.Exit(1)
			}
			continue
		}
		failures = 0
		synced.Store(true)
	}
}

func serve(synced *atomic.Bool) {
	http.HandleFunc("/", func(response http.ResponseWriter, _ *http.Request) {
		if !synced.Load() {
			response.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	if *metrics {
		http.HandleFunc("/metrics", func(http.ResponseWriter, *http.Request) {})
	}
	log.Fatal(http.ListenAndServe(*bind, nil))
}

// sync publishes the commit of ref if it is not published yet.
func sync() error {
	remote := git.NewRemote(memory.NewStorage(), &config.RemoteConfig{Name: "origin", URLs: []string{*repo}})
	references, err := remote.List(&git.ListOptions{})
	if err != nil {
		return err
	}
	name := plumbing.ReferenceName(*ref)
	for _, reference := range references {
		if reference.Name() == plumbing.HEAD && name == plumbing.HEAD {
			name = reference.Target()
		}
	}
	for _, reference := range references {
		if reference.Name() == name || reference.Name().Short() == *ref {
			return publish(reference.Name(), reference.Hash().String())
		}
	}
	return plumbing.ErrReferenceNotFound
}

func publish(name plumbing.ReferenceName, hash string) error {
	current := filepath.Join(*root, *link)
	old, err := os.Readlink(current)
	worktree := filepath.Join(".worktrees", hash)
	if err == nil && old == worktree {
		return nil
	}
	folder := filepath.Join(*root, worktree)
	options := git.CloneOptions{URL: *repo, ReferenceName: name, SingleBranch: true, Depth: *depth}
	if _, err := git.PlainClone(folder, false, &options); err != nil {
		return err
	}
	// Worktrees of git-sync contain no repository.
	if err := os.RemoveAll(filepath.Join(folder, ".git")); err != nil {
		return err
	}
	next := filepath.Join(*root, "tmp-link")
	if err := os.Symlink(worktree, next); err != nil {
		return err
	}
	if err := os.Rename(next, current); err != nil {
		return err
	}
	if old != "" {
		time.AfterFunc(*stale, func() { os.RemoveAll(filepath.Join(*root, old)) })
	}
	return nil
}
