/** How the exporter is, and the files that it serves. */

import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';

import { frame } from './frame.js';
import { NONE_WANTED, figure, lines, listing, series, thresholds, values } from './parts.js';
import { date } from './promql.js';
import { BAD, BYTES, COUNT, GOOD, RATE, SECONDS } from './units.js';

/** The jobs that serve readiness metrics. */
const JOBS = 'max by (job, instance) (readiness_exporter_build_info)';
const OURS = `and on (job, instance) ${JOBS}`;

export const exporter = () => {
  const builder = frame({
    uid: 'readiness-exporter',
    title: 'Readiness / Exporter',
    description: 'Whether the files are served as they are, and how the exporter does.',
    variables: [],
    from: 'now-24h',
    until: 'now',
  });
  for (const panel of [...headline(), files(), reloads(), size(), scrapes(), forecasts(), memory(), cpu(), versions()]) {
    builder.withPanel(panel);
  }
  return builder;
};

function headline() {
  const small = (title: string, description: string) => ({ title, description, none: '0', width: 4, height: 4 });
  const one = (title: string, description: string, expr: string) => figure(small(title, description), COUNT, values('A', expr, title)).decimals(0);
  return [
    one('Exporters up', 'Exporters that answer scrapes.', `count(up ${OURS} == 1) or vector(0)`).thresholds(thresholds([null, BAD], [1, GOOD])),
    one('Files served', 'Readiness files that are served.', 'count(max by (file) (readiness_file_up)) or vector(0)'),
    one('Files with errors', 'Files of which the last good content is served, since the present one has errors.', 'count(max by (file) (readiness_file_up) == 0) or vector(0)').thresholds(NONE_WANTED),
    one('Missing paths', 'Paths that the exporter was told to serve and that don’t exist.', 'max(readiness_exporter_missing_paths)').thresholds(NONE_WANTED),
    one('Series', 'Series that are served from the files.', 'max(readiness_exporter_series)'),
    one('Series left out', 'Series that are left out to stay below --metrics.max-series.', 'max(readiness_exporter_series_dropped)').thresholds(NONE_WANTED),
  ];
}

function files() {
  const by = (metric: string) => `max by (file) (${metric})`;
  return listing(
    {
      title: 'Files',
      description: 'Each file and its project. Served: whether its present content is what is served.',
      none: 'No file is served.',
      width: 24,
      height: 8,
    },
    [{ label: 'file', name: 'File' }, { label: 'project', name: 'Project', width: 160 }],
    [
      { refId: 'info', name: '', kind: 'text', expr: 'max by (file, project) (readiness_file_info)' },
      { refId: 'up', name: 'Served', kind: 'count', width: 80, expr: by('readiness_file_up') },
      { refId: 'errors', name: 'Errors', kind: 'wanted-none', width: 80, expr: by('readiness_file_errors') },
      { refId: 'warnings', name: 'Warnings', kind: 'wanted-none', width: 90, expr: by('readiness_file_warnings') },
      { refId: 'reloads', name: 'Loads', kind: 'count', width: 80, expr: by('readiness_file_reloads_total') },
      { refId: 'failures', name: 'Failed loads', kind: 'wanted-none', width: 110, expr: 'sum by (file) (max by (file, reason) (readiness_file_reload_failures_total))' },
      { refId: 'loaded', name: 'Loaded', kind: 'date', width: 160, expr: date(by('readiness_file_last_load_timestamp_seconds')) },
    ],
    { by: 'File', desc: false },
  ).overrideByName('Loaded', [{ id: 'unit', value: 'dateTimeFromNow' }])
    .overrideByName('Served', [
      { id: 'mappings', value: [{ type: 'value', options: { 0: { text: 'last good', color: BAD }, 1: { text: 'yes', color: GOOD } } }] },
      { id: 'custom.cellOptions', value: { type: 'color-text' } },
    ]);
}

const half = (title: string, description: string, none: string) => ({ title, description, none, width: 12, height: 8 });

function reloads() {
  return lines(
    half('Loads of files', 'How often files were loaded anew within a day, and how often that failed.', 'No file was loaded.'),
    COUNT,
    [
      series('A', 'sum by (file) (max by (file, instance) (increase(readiness_file_reloads_total[1d])))', '{{file}}'),
      series('B', 'sum by (file, reason) (max by (file, reason, instance) (increase(readiness_file_reload_failures_total[1d]))) > 0', '{{file}} {{reason}}'),
    ],
  ).decimals(0).min(0);
}

function size() {
  return lines(
    half('Findings by kind', 'What `check` says about all files, by kind.', 'The files are in order.'),
    COUNT,
    [series('A', 'sum by (kind) (max by (project, kind) (readiness_inconsistencies)) > 0', '{{kind}}')],
  ).decimals(0).min(0);
}

function scrapes() {
  return lines(
    half('Scrapes', 'How long Prometheus takes to scrape the exporter, and how often it is scraped with which answer.', 'The exporter isn’t scraped.'),
    SECONDS,
    [
      series('A', `max by (instance) (scrape_duration_seconds ${OURS})`, '{{instance}}'),
      series('B', 'sum by (code) (rate(promhttp_metric_handler_requests_total[$__rate_interval]) ' + `${OURS}) > 0`, 'answers {{code}}'),
    ],
  ).min(0).overrideByRegexp('/^answers/', [{ id: 'unit', value: RATE }, { id: 'custom.axisPlacement', value: 'right' }]);
}

function forecasts() {
  const quantile = (q: number) => `histogram_quantile(${q}, sum by (le) (rate(readiness_exporter_reload_duration_seconds_bucket[1d])))`;
  return lines(
    half('From a change to new forecasts', 'How long it takes from a look at changed files until all forecasts are served: the median, and 95 % of the loads of a day.', 'Nothing changed within a day.'),
    SECONDS,
    [series('A', quantile(0.5), 'median'), series('B', quantile(0.95), '95 %'), series('C', 'sum(readiness_exporter_reload_duration_seconds_sum) / sum(readiness_exporter_reload_duration_seconds_count)', 'mean since the start')],
  ).min(0);
}

function memory() {
  return lines(half('Memory', 'Resident memory of each exporter.', 'No exporter tells.'), BYTES, [
    series('A', `max by (instance) (process_resident_memory_bytes ${OURS})`, '{{instance}}'),
  ]).min(0).colorScheme(new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.PaletteClassic));
}

function cpu() {
  return lines(half('Processor time', 'How much of one processor each exporter uses.', 'No exporter tells.'), 'percentunit', [
    series('A', `max by (instance) (rate(process_cpu_seconds_total[$__rate_interval]) ${OURS})`, '{{instance}}'),
  ]).min(0).legend(new common.VizLegendOptionsBuilder().showLegend(true).displayMode(common.LegendDisplayMode.List).placement(common.LegendPlacement.Bottom).calcs([]));
}

function versions() {
  return listing(
    { title: 'Versions', description: 'Which version runs where, and since when.', none: 'No exporter is scraped.', width: 24, height: 5 },
    [{ label: 'job', name: 'Job' }, { label: 'instance', name: 'Instance' }, { label: 'version', name: 'Version' }, { label: 'revision', name: 'Revision' }],
    [
      { refId: 'info', name: '', kind: 'text', expr: 'max by (job, instance, version, revision) (readiness_exporter_build_info)' },
      { refId: 'since', name: 'Started', kind: 'date', width: 170, expr: date(`(max by (job, instance) (process_start_time_seconds) ${OURS})`) },
      { refId: 'reload', name: 'Web configuration', kind: 'count', width: 150, expr: 'max by (job, instance) (readiness_exporter_config_last_reload_successful)' },
    ],
    { by: 'Instance', desc: false },
  ).overrideByName('Started', [{ id: 'unit', value: 'dateTimeFromNow' }]);
}
