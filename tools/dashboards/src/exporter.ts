/** The state of the exporter and of its files. */

import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';

import { clustersVariable, createDashboard } from './frame.js';
import { ZERO_IS_GOOD, statPanel, timeSeriesPanel, tablePanel, rangeQuery, thresholds, instantQuery } from './parts.js';
import { CLUSTER, nameWithCluster, toMilliseconds } from './promql.js';
import { BAD, BYTES, COUNT, GOOD, RATE, SECONDS } from './units.js';

/** The targets that expose readiness metrics. */
const TARGETS = `max by (cluster, job, instance) (${served('readiness_exporter_build_info')})`;
const OURS = `and on (cluster, job, instance) ${TARGETS}`;

/** Selects the series of the exporters in the selected clusters. */
function served(metric: string): string {
  return `${metric}{${CLUSTER}}`;
}

export const exporter = () => {
  const builder = createDashboard({
    uid: 'readiness-exporter',
    title: 'Readiness / Exporter',
    description: 'State of the readiness files, and of the exporter itself.',
    variables: [clustersVariable('readiness_exporter_build_info')],
    from: 'now-24h',
    until: 'now',
  });
  for (const panel of [...headline(), files(), reloads(), findings(), scrapes(), forecasts(), memory(), cpu(), versions()]) {
    builder.withPanel(panel);
  }
  return builder;
};

function headline() {
  const small = (title: string, description: string) => ({ title, description, noData: '0', width: 4, height: 4 });
  const one = (title: string, description: string, expr: string) => statPanel(small(title, description), COUNT, instantQuery('A', expr, title)).decimals(0);
  // Replicas in a cluster serve the same files.
  const sum = (metric: string) => `sum(max by (cluster) (${served(metric)}))`;
  return [
    one('Exporters up', 'Exporters whose last scrape succeeded.', `count(${served('up')} ${OURS} == 1) or vector(0)`).thresholds(thresholds([null, BAD], [1, GOOD])),
    one('Files served', 'Number of readiness files served.', `count(max by (cluster, file) (${served('readiness_file_up')})) or vector(0)`),
    one('Files with errors', 'Files with errors in their current content. Their last good content is served.', `count(max by (cluster, file) (${served('readiness_file_up')}) == 0) or vector(0)`).thresholds(ZERO_IS_GOOD),
    one('Missing paths', 'Configured paths that do not exist.', sum('readiness_exporter_missing_paths')).thresholds(ZERO_IS_GOOD),
    one('Series', 'Number of series generated from the files.', sum('readiness_exporter_series')),
    one('Series dropped', 'Series dropped because of the limit --metrics.max-series.', sum('readiness_exporter_series_dropped')).thresholds(ZERO_IS_GOOD),
  ];
}

function files() {
  const by = (metric: string) => `max by (cluster, file) (${served(metric)})`;
  return tablePanel(
    {
      title: 'Files',
      description: 'Each file and its project. Served: “current” if the current content is served, “last good” if it has errors.',
      noData: 'No files are served.',
      width: 24,
      height: 8,
    },
    [{ label: 'cluster', name: 'Cluster', width: 100 }, { label: 'file', name: 'File' }, { label: 'project', name: 'Project', width: 160 }],
    [
      { refId: 'info', name: '', kind: 'text', expr: `max by (cluster, file, project) (${served('readiness_file_info')})` },
      { refId: 'up', name: 'Served', kind: 'count', width: 80, expr: by('readiness_file_up') },
      { refId: 'errors', name: 'Errors', kind: 'zero-is-good', width: 80, expr: by('readiness_file_errors') },
      { refId: 'warnings', name: 'Warnings', kind: 'zero-is-good', width: 90, expr: by('readiness_file_warnings') },
      { refId: 'reloads', name: 'Reloads', kind: 'count', width: 80, expr: by('readiness_file_reloads_total') },
      { refId: 'failures', name: 'Failed reloads', kind: 'zero-is-good', width: 110, expr: `sum by (cluster, file) (max by (cluster, file, reason) (${served('readiness_file_reload_failures_total')}))` },
      { refId: 'loaded', name: 'Last reload', kind: 'date', width: 160, expr: toMilliseconds(by('readiness_file_last_load_timestamp_seconds')) },
    ],
    { by: 'File', desc: false },
  ).overrideByName('Last reload', [{ id: 'unit', value: 'dateTimeFromNow' }])
    .overrideByName('Served', [
      { id: 'mappings', value: [{ type: 'value', options: { 0: { text: 'last good', color: BAD }, 1: { text: 'current', color: GOOD } } }] },
      { id: 'custom.cellOptions', value: { type: 'color-text' } },
    ]);
}

/** A metric of the exporters' processes by instance. */
function byInstance(metric: string, of = (series: string) => series): string {
  return nameWithCluster(`max by (cluster, instance) (${of(served(metric))} ${OURS})`, 'instance');
}

const half = (title: string, description: string, noData: string) => ({ title, description, noData, width: 12, height: 8 });

function reloads() {
  return timeSeriesPanel(
    half('Reloads by file', 'Reloads of each file per day, and failed reloads by reason.', 'No files have been loaded.'),
    COUNT,
    [
      rangeQuery('A', nameWithCluster(`sum by (cluster, file) (max by (cluster, file, instance) (increase(${served('readiness_file_reloads_total')}[1d])))`, 'file'), '{{file}}'),
      rangeQuery('B', nameWithCluster(`sum by (cluster, file, reason) (max by (cluster, file, reason, instance) (increase(${served('readiness_file_reload_failures_total')}[1d]))) > 0`, 'file'), '{{file}} {{reason}}'),
    ],
  ).decimals(0).min(0);
}

function findings() {
  return timeSeriesPanel(
    half('Findings by kind', 'Findings of `readiness-exporter check` in all files, by kind.', 'No findings.'),
    COUNT,
    [rangeQuery('A', `sum by (kind) (max by (cluster, project, kind) (${served('readiness_inconsistencies')})) > 0`, '{{kind}}')],
  ).decimals(0).min(0);
}

function scrapes() {
  return timeSeriesPanel(
    half('Scrapes', 'Duration of scrapes by instance, and rate of scrapes by status code (right axis).', 'The exporter is not scraped.'),
    SECONDS,
    [
      rangeQuery('A', byInstance('scrape_duration_seconds'), '{{instance}}'),
      rangeQuery('B', `sum by (code) (rate(${served('promhttp_metric_handler_requests_total')}[$__rate_interval]) ${OURS}) > 0`, 'status {{code}}'),
    ],
  ).min(0).overrideByRegexp('/^status/', [{ id: 'unit', value: RATE }, { id: 'custom.axisPlacement', value: 'right' }]);
}

function forecasts() {
  const quantile = (q: number) => `histogram_quantile(${q}, sum by (le) (rate(${served('readiness_exporter_reload_duration_seconds_bucket')}[1d])))`;
  return timeSeriesPanel(
    half('Reload duration', 'Time from reading changed files until all forecasts are served: 50th and 95th percentile of the last day, and the mean since the start.', 'No file changed within a day.'),
    SECONDS,
    [rangeQuery('A', quantile(0.5), 'P50'), rangeQuery('B', quantile(0.95), 'P95'), rangeQuery('C', `sum(${served('readiness_exporter_reload_duration_seconds_sum')}) / sum(${served('readiness_exporter_reload_duration_seconds_count')})`, 'mean since the start')],
  ).min(0);
}

function memory() {
  return timeSeriesPanel(half('Memory', 'Resident memory of each exporter.', 'No exporter is scraped.'), BYTES, [
    rangeQuery('A', byInstance('process_resident_memory_bytes'), '{{instance}}'),
  ]).min(0).colorScheme(new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.PaletteClassic));
}

function cpu() {
  return timeSeriesPanel(half('CPU usage', 'CPU usage of each exporter; 100 % is one core.', 'No exporter is scraped.'), 'percentunit', [
    rangeQuery('A', byInstance('process_cpu_seconds_total', (series) => `rate(${series}[$__rate_interval])`), '{{instance}}'),
  ]).min(0).legend(new common.VizLegendOptionsBuilder().showLegend(true).displayMode(common.LegendDisplayMode.List).placement(common.LegendPlacement.Bottom).calcs([]));
}

function versions() {
  return tablePanel(
    { title: 'Versions', description: 'Version, revision and start time of each exporter. Web configuration: 1 if its last reload succeeded.', noData: 'No exporter is scraped.', width: 24, height: 5 },
    [{ label: 'cluster', name: 'Cluster' }, { label: 'job', name: 'Job' }, { label: 'instance', name: 'Instance' }, { label: 'version', name: 'Version' }, { label: 'revision', name: 'Revision' }],
    [
      { refId: 'info', name: '', kind: 'text', expr: `max by (cluster, job, instance, version, revision) (${served('readiness_exporter_build_info')})` },
      { refId: 'since', name: 'Started', kind: 'date', width: 170, expr: toMilliseconds(`(max by (cluster, job, instance) (${served('process_start_time_seconds')}) ${OURS})`) },
      { refId: 'reload', name: 'Web configuration', kind: 'count', width: 150, expr: `max by (cluster, job, instance) (${served('readiness_exporter_config_last_reload_successful')})` },
    ],
    { by: 'Instance', desc: false },
  ).overrideByName('Started', [{ id: 'unit', value: 'dateTimeFromNow' }]);
}
