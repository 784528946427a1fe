// Replay evaluates rule files over recorded data, with Prometheus' own engine, rule groups and storage. It prints the
// alerts that fired, with start and end, and the number of notifications per week.
//
//	replay [-snapshot DIRECTORY] DATA FROM TO STEP RULES…
//
// DATA is a directory of TSDB blocks, FROM and TO are times such as 2026-01-27T00:00:00Z, and STEP is a duration.
// Recorded series are written to DIRECTORY as blocks.
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
	snapshot := flag.String("snapshot", "", "directory for the recorded series, as blocks")
	flag.Parse()
	if err := run(flag.Args(), *snapshot); err != nil {
		fmt.Fprintln(os.Stderr, "replay:", err)
		os.Exit(1)
	}
}

func run(arguments []string, snapshot string) error {
	if len(arguments) < 5 {
		return errors.New("usage: replay [-snapshot DIRECTORY] DATA FROM TO STEP RULES…")
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
	data, err := open(arguments[0])
	if err != nil {
		return err
	}
	defer data.close()
	groups, err := data.load(step, arguments[4:])
	if err != nil {
		return err
	}
	alerts := replay(groups, from, to, step)
	print(alerts, from)
	if snapshot != "" {
		if err := data.recorded.Snapshot(snapshot, true); err != nil {
			return err
		}
	}
	return failures(groups)
}

// databases are the recorded data, and the series that the rules record.
type databases struct {
	history  *tsdb.DB
	recorded *tsdb.DB
	scratch  string
}

func open(path string) (*databases, error) {
	scratch, err := os.MkdirTemp("", "replay")
	if err != nil {
		return nil, err
	}
	quiet := slog.New(slog.DiscardHandler)
	// No retention, and no compaction (below).
	options := tsdb.DefaultOptions()
	options.RetentionDuration = 0
	history, err := tsdb.Open(path, quiet, nil, options, nil)
	if err != nil {
		return nil, err
	}
	history.DisableCompactions()
	recorded, err := tsdb.Open(filepath.Join(scratch, "recorded"), quiet, nil, options, nil)
	if err != nil {
		return nil, err
	}
	return &databases{history, recorded, scratch}, nil
}

func (d *databases) close() {
	d.recorded.Close()
	d.history.Close()
	os.RemoveAll(d.scratch)
}

// Querier merges both databases.
func (d *databases) Querier(mint, maxt int64) (storage.Querier, error) {
	history, err := d.history.Querier(mint, maxt)
	if err != nil {
		return nil, err
	}
	recorded, err := d.recorded.Querier(mint, maxt)
	if err != nil {
		return nil, err
	}
	return storage.NewMergeQuerier([]storage.Querier{recorded}, []storage.Querier{history}, storage.ChainedSeriesMerge), nil
}

func (d *databases) load(step time.Duration, files []string) ([]*rules.Group, error) {
	// Files are in the order in which their rules build on each other, so series are recorded before alerts use them.
	// The lookback must include the previous step, as it does in Prometheus with 5 minutes and a step of 1 minute.
	lookback := max(5*time.Minute, step+time.Minute)
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 50_000_000, Timeout: time.Minute, LookbackDelta: lookback})
	manager := rules.NewManager(&rules.ManagerOptions{
		QueryFunc:    rules.EngineQueryFunc(engine, d),
		AppendableV2: d.recorded,
		Queryable:    d,
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
				// No state is restored. Without this call, alerts are not recorded.
				rule.SetRestored(true)
			}
			inFile = append(inFile, group)
		}
		sort.Slice(inFile, func(i, j int) bool { return inFile[i].Name() < inFile[j].Name() })
		all = append(all, inFile...)
	}
	return all, nil
}

// alert is a period during which an alert fired.
type alert struct {
	labels     string
	summary    string
	start, end time.Time
}

// replay evaluates each group at every step, or at its interval if that is longer.
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

// describe returns the name of an alert and the labels that identify it.
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
	notifications := map[int]map[time.Time]bool{}
	note := func(at time.Time) {
		at = flushed(at)
		week := int(at.Sub(from).Hours() / 24 / 7)
		if notifications[week] == nil {
			notifications[week] = map[time.Time]bool{}
		}
		notifications[week][at] = true
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
	fmt.Print("\nnotifications per week, grouped by project, in working hours:")
	for week := 0; week <= 12; week++ {
		fmt.Printf(" %d", len(notifications[week]))
		sum += len(notifications[week])
		weeks++
	}
	fmt.Printf("; mean %.1f, %d alerts\n", float64(sum)/float64(weeks), len(alerts))
}

// flushed returns the time of the notification about a change: within 30 minutes, from 8 to 18 on working days.
func flushed(at time.Time) time.Time {
	at = at.Truncate(30 * time.Minute).Add(30 * time.Minute)
	for at.Hour() < 8 || at.Hour() >= 18 || at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
		at = at.Truncate(time.Hour).Add(time.Hour)
	}
	return at
}

// failures returns errors of the last evaluation of each rule.
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
