// Replay evaluates rule files over a history that Prometheus keeps, as Prometheus would have when it was the
// present: with its own engine, rule groups and storage. It prints which alerts fired, from when until when,
// and how many messages a week they would have made.
//
//	replay [-snapshot FOLDER] DATA FROM TO STEP RULES…
//
// DATA is a folder of blocks, FROM and TO are times like 2026-01-27T00:00:00Z, and STEP is a duration. What the
// rules record goes into FOLDER, as blocks.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

func main() {
	snapshot := flag.String("snapshot", "", "where to keep what the rules record, as blocks")
	flag.Parse()
	if err := run(flag.Args(), *snapshot); err != nil {
		fmt.Fprintln(os.Stderr, "replay:", err)
		os.Exit(1)
	}
}

func run(arguments []string, snapshot string) error {
	if len(arguments) < 5 {
		return errors.New("usage: replay [-snapshot FOLDER] DATA FROM TO STEP RULES…")
	}
	from, err := time.Parse(time.RFC3339, arguments[1])
	if err != nil {
		return err
	}
	to, err := time.Parse(time.RFC3339, arguments[2])
	if err != nil {
		return err
	}
	step, err := time.ParseDuration(arguments[3])
	if err != nil {
		return err
	}
	world, err := open(arguments[0])
	if err != nil {
		return err
	}
	defer world.close()
	groups, err := world.load(step, arguments[4:])
	if err != nil {
		return err
	}
	alerts := replay(groups, from, to, step)
	print(alerts, from)
	if snapshot != "" {
		if err := world.recorded.Snapshot(snapshot, true); err != nil {
			return err
		}
	}
	return failures(groups)
}

// world is what rules read and write: the history, and beside it what they record.
type world struct {
	history  *tsdb.DB
	recorded *tsdb.DB
	scratch  string
}

func open(data string) (*world, error) {
	scratch, err := os.MkdirTemp("", "replay")
	if err != nil {
		return nil, err
	}
	quiet := slog.New(slog.DiscardHandler)
	// Nothing is compacted or dropped.
	options := tsdb.DefaultOptions()
	options.RetentionDuration = 0
	history, err := tsdb.Open(data, quiet, nil, options, nil)
	if err != nil {
		return nil, err
	}
	history.DisableCompactions()
	recorded, err := tsdb.Open(filepath.Join(scratch, "recorded"), quiet, nil, options, nil)
	if err != nil {
		return nil, err
	}
	return &world{history, recorded, scratch}, nil
}

func (w *world) close() {
	w.recorded.Close()
	w.history.Close()
	os.RemoveAll(w.scratch)
}

// Querier reads the history and what was recorded as one.
func (w *world) Querier(mint, maxt int64) (storage.Querier, error) {
	history, err := w.history.Querier(mint, maxt)
	if err != nil {
		return nil, err
	}
	recorded, err := w.recorded.Querier(mint, maxt)
	if err != nil {
		return nil, err
	}
	return storage.NewMergeQuerier([]storage.Querier{recorded}, []storage.Querier{history}, storage.ChainedSeriesMerge), nil
}

func (w *world) load(step time.Duration, files []string) ([]*rules.Group, error) {
	// Files in the order in which their rules build on each other: what an alert reads was recorded before.
	// What was recorded a step ago is to be seen, as it is with Prometheus' five minutes and a step of one.
	lookback := max(5*time.Minute, step+time.Minute)
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 50_000_000, Timeout: time.Minute, LookbackDelta: lookback})
	manager := rules.NewManager(&rules.ManagerOptions{
		QueryFunc:    rules.EngineQueryFunc(engine, w),
		AppendableV2: w.recorded,
		Queryable:    w,
		NotifyFunc:   func(context.Context, string, ...*rules.Alert) {},
		Context:      context.Background(),
		Logger:       slog.New(slog.DiscardHandler),
		Parser:       parser.NewParser(parser.Options{}),
	})
	var all []*rules.Group
	for _, file := range files {
		groups, errs := manager.LoadGroups(step, labels.EmptyLabels(), "", nil, false, file)
		if len(errs) > 0 {
			return nil, errors.Join(errs...)
		}
		inFile := make([]*rules.Group, 0, len(groups))
		for _, group := range groups {
			for _, rule := range group.AlertingRules() {
				// Nothing stood before, and without this, alerts are not recorded.
				rule.SetRestored(true)
			}
			inFile = append(inFile, group)
		}
		sort.Slice(inFile, func(i, j int) bool { return inFile[i].Name() < inFile[j].Name() })
		all = append(all, inFile...)
	}
	return all, nil
}

// alert is a time during which an alert fired.
type alert struct {
	labels     string
	summary    string
	start, end time.Time
}

// replay evaluates every group at each step, or as often as it asks for where that is less.
func replay(groups []*rules.Group, from, to time.Time, step time.Duration) []alert {
	var done []alert
	firing := map[string]alert{}
	for now := from; now.Before(to); now = now.Add(step) {
		seen := map[string]bool{}
		for _, group := range groups {
			if group.Interval() <= step || now.Sub(from)%group.Interval() < step {
				group.Eval(context.Background(), now)
			}
			for _, rule := range group.AlertingRules() {
				rule.ForEachActiveAlert(func(it *rules.Alert) {
					if it.State != rules.StateFiring || !it.ResolvedAt.IsZero() {
						return
					}
					name := describe(it.Labels)
					seen[name] = true
					if _, known := firing[name]; !known {
						firing[name] = alert{labels: name, summary: it.Annotations.Get("summary"), start: now}
					}
				})
			}
		}
		for name, it := range firing {
			if !seen[name] {
				it.end = now
				done = append(done, it)
				delete(firing, name)
			}
		}
	}
	for _, it := range firing {
		done = append(done, it)
	}
	sort.Slice(done, func(i, j int) bool {
		if !done[i].start.Equal(done[j].start) {
			return done[i].start.Before(done[j].start)
		}
		return done[i].labels < done[j].labels
	})
	return done
}

// describe names an alert by what tells it from others.
func describe(all labels.Labels) string {
	words := []string{all.Get("alertname")}
	for _, name := range []string{"project", "root", "milestone", "item", "area", "workstream", "task", "file", "instance"} {
		if value := all.Get(name); value != "" && !(name == "project" && value == "castiel") {
			words = append(words, value)
		}
	}
	return strings.Join(words, " ")
}

func print(alerts []alert, from time.Time) {
	const layout = "Mon 02 Jan 15:04"
	messages := map[int]map[time.Time]bool{}
	note := func(at time.Time) {
		at = flushed(at)
		week := int(at.Sub(from).Hours() / 24 / 7)
		if messages[week] == nil {
			messages[week] = map[time.Time]bool{}
		}
		messages[week][at] = true
	}
	for _, it := range alerts {
		end := "still firing    "
		note(it.start)
		if !it.end.IsZero() {
			end = it.end.UTC().Format(layout)
			note(it.end)
		}
		fmt.Printf("%s  %s  %s\n    %s\n", it.start.UTC().Format(layout), end, it.labels, it.summary)
	}
	weeks := 0
	sum := 0
	fmt.Print("\nmessages a week, grouped by project, in working hours:")
	for week := 0; week <= 12; week++ {
		fmt.Printf(" %d", len(messages[week]))
		sum += len(messages[week])
		weeks++
	}
	fmt.Printf("; %.1f on average, of %d alerts\n", float64(sum)/float64(weeks), len(alerts))
}

// flushed is when a message about something goes out: within half an hour, from 8 to 18 on working days.
func flushed(at time.Time) time.Time {
	at = at.Truncate(30 * time.Minute).Add(30 * time.Minute)
	for at.Hour() < 8 || at.Hour() >= 18 || at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
		at = at.Truncate(time.Hour).Add(time.Hour)
	}
	return at
}

// failures says which rules could not be evaluated when they were last.
func failures(groups []*rules.Group) error {
	var errs []error
	for _, group := range groups {
		for _, rule := range group.Rules() {
			if rule.LastError() != nil {
				errs = append(errs, fmt.Errorf("%s: %w", rule.Name(), rule.LastError()))
			}
		}
	}
	return errors.Join(errs...)
}
