/** Milestones: trend of the forecasts, timeline, and dependency graph. */

import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as nodegraph from '@grafana/grafana-foundation-sdk/nodegraph';

import { firingAlerts, createDashboard, milestoneVariable, projectVariables, dueDateChanges, statusReports } from './frame.js';
import { PROBABILITY_THRESHOLDS, DASHED, DATASOURCE, DOTTED, HIDDEN_IN_LEGEND, arrangeSegments, applySpec, fixedColor, barGaugePanel, tableQuery, timeSeriesPanel, tablePanel, colorScheme, stackedBarPanel, rangeQuery, instantQuery } from './parts.js';
import type { Segment } from './parts.js';
import { OPEN_MILESTONES, P50, P85, WITH_RISKS, withItemTitle, toMilliseconds, toDays, maxOf, withWorkstreamItem, minOf, withMilestoneTitle, withMilestoneItem, maxBy, withWorkstreamTitle } from './promql.js';
import { BAD, DATE, DEEP, FAINT, GOOD, GREY, PALE, PERCENT, WARN } from './units.js';

const CHOSEN = 'milestone=~"$milestone"';
const DUE = maxBy('cluster, project, milestone', 'readiness_milestone_due_timestamp_seconds', CHOSEN);

export const milestones = () =>
  createDashboard({
    uid: 'readiness-milestones',
    title: 'Readiness / Milestones',
    description: 'Forecasts of the milestones, their trend, and the root of each slip.',
    variables: [...projectVariables(), milestoneVariable()],
    until: 'now',
  })
    .annotation(firingAlerts())
    .annotation(dueDateChanges())
    .annotation(statusReports())
    .withPanel(trendAnalysis())
    .withPanel(milestonesTable())
    .withPanel(timeline())
    .withPanel(onTimeProbability())
    .withPanel(criticality())
    .withPanel(dependencyGraph());

/** Milestone trend analysis: a milestone is reached when its line meets the diagonal. */
function trendAnalysis() {
  const p85 = maxBy('cluster, project, milestone', 'readiness_milestone_forecast_timestamp_seconds', CHOSEN, ...P85);
  const titled = (expression: string) => toMilliseconds(`max by (title) (${withMilestoneTitle(`(${expression})`)})`);
  const baseline = maxBy('cluster, project, milestone', 'readiness_milestone_baseline_timestamp_seconds', CHOSEN);
  return timeSeriesPanel(
    {
      title: 'Milestone trend analysis',
      description:
        'P85 forecast of each milestone over time (solid), with its due date (dashed) and its baseline (dotted). A horizontal line is stable. A line parallel to the diagonal slips one day per day. A milestone is reached when its line meets the diagonal.',
      noData: 'No milestones have a forecast.',
      width: 24,
      height: 13,
    },
    DATE,
    [
      rangeQuery('forecast', titled(p85), '{{title}}'),
      rangeQuery('due', titled(`${DUE} ${OPEN_MILESTONES}`), '{{title}} due'),
      rangeQuery('baseline', titled(`${baseline} ${OPEN_MILESTONES}`), '{{title}} baseline'),
      rangeQuery('today', '1000 * vector(time())', 'Today'),
    ],
  )
    .tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Ascending))
    .colorScheme(colorScheme(dashboard.FieldColorModeId.PaletteClassic))
    .overrideByRegexp('/ due$/', [fixedColor(GREY), DASHED, HIDDEN_IN_LEGEND, { id: 'custom.lineWidth', value: 1 }])
    .overrideByRegexp('/ baseline$/', [fixedColor(FAINT), DOTTED, HIDDEN_IN_LEGEND, { id: 'custom.lineWidth', value: 1 }])
    .overrideByName('Today', [
      fixedColor(GREY),
      { id: 'custom.lineWidth', value: 1 },
      { id: 'custom.fillOpacity', value: 8 },
      { id: 'custom.lineInterpolation', value: 'linear' },
    ]);
}

function milestonesTable() {
  const by = 'cluster, project, milestone';
  const one = (metric: string, ...matchers: string[]) => `max by (milestone) (${maxBy(by, metric, CHOSEN, ...matchers)})`;
  const path = `label_replace(${maxBy('cluster, project, milestone, root', 'readiness_forecast_root', CHOSEN)}, "item", "$1", "root", "(.+)")`;
  const owner = `label_replace(${maxBy('cluster, project, item, item_owner', 'readiness_item_owner_info')}, "milestone", "$1", "item", "(.+)")`;
  const chosenOwner = `max by (milestone, item_owner) (${owner} and on (cluster, project, milestone) ${maxBy(by, 'readiness_milestone_info', CHOSEN)})`;
  const root = `max by (milestone, about) (${withItemTitle(path)})`;
  return tablePanel(
    {
      title: 'Milestones',
      description: 'Due date and forecasts of each milestone. Float: working days the milestone, or anything that it needs, can slip before a due date is missed. Slip root: the overdue date on its driving path, otherwise the first unfinished item.',
      noData: 'The project has no milestones.',
      width: 24,
      height: 11,
    },
    [{ label: 'milestone' }, { label: 'title', name: 'Milestone', kind: 'wrapped' }, { label: 'item_owner', name: 'Owner', width: 120 }, { label: 'about', name: 'Slip root', kind: 'wrapped' }],
    [
      { refId: 'info', name: '', kind: 'text', expr: maxBy('milestone, title', 'readiness_milestone_info', CHOSEN) },
      { refId: 'owner', name: '', kind: 'text', expr: chosenOwner },
      { refId: 'root', name: '', kind: 'text', expr: root },
      { refId: 'complete', name: 'Complete', kind: 'gauge', width: 120, expr: one('readiness_milestone_completion_ratio') },
      { refId: 'due', name: 'Due', kind: 'date', width: 100, expr: toMilliseconds(`max by (milestone) (${DUE})`) },
      { refId: 'p50', name: 'P50', kind: 'date', width: 100, expr: toMilliseconds(one('readiness_milestone_forecast_timestamp_seconds', ...P50)) },
      { refId: 'p85', name: 'P85', kind: 'date', width: 100, expr: toMilliseconds(one('readiness_milestone_forecast_timestamp_seconds', ...P85)) },
      { refId: 'slip', name: 'Slip', kind: 'slip', width: 75, expr: toDays(one('readiness_milestone_slip_seconds', ...P85)) },
      { refId: 'probability', name: 'On time', kind: 'probability', width: 75, expr: one('readiness_milestone_on_time_probability_ratio', WITH_RISKS) },
      { refId: 'float', name: 'Float', kind: 'days', width: 70, expr: toDays(one('readiness_milestone_float_seconds')) },
      { refId: 'done', name: 'Reached', kind: 'date', width: 100, expr: toMilliseconds(one('readiness_milestone_done_timestamp_seconds')) },
    ],
    { by: 'Due', desc: false },
  );
}

/** Gantt chart: bars from the start of an item to P50, P85 and the due date. */
function timeline() {
  const streams = 'cluster, project, area, workstream';
  const titled = (of: string, by: string, info: string) => `max by (title) ((${of}) * on (${by}) group_left (title) ${maxBy(`${by}, title`, info)})`;
  const both = (stream: string, mile: string) =>
    `${titled(stream, streams, 'readiness_workstream_info')} or ${titled(mile, 'cluster, project, milestone', 'readiness_milestone_info')}`;
  const planStart = maxBy('cluster, project', 'readiness_forecast_start_timestamp_seconds');
  const stream = (metric: string, ...matchers: string[]) => maxBy(streams, metric, ...matchers);
  const mile = (metric: string, ...matchers: string[]) => maxBy('cluster, project, milestone', metric, CHOSEN, ...matchers);
  const p50 = both(stream('readiness_workstream_forecast_timestamp_seconds', ...P50), mile('readiness_milestone_forecast_timestamp_seconds', ...P50));
  const p85 = both(stream('readiness_workstream_forecast_timestamp_seconds', ...P85), mile('readiness_milestone_forecast_timestamp_seconds', ...P85));
  const starts = both(
    stream('readiness_workstream_start_timestamp_seconds'),
    `${mile('readiness_milestone_forecast_timestamp_seconds', ...P85)} * 0 + on (cluster, project) group_left () ${planStart}`,
  );
  // An item without a due date is treated as due at its P85: neither late nor early.
  const due = `(${both(stream('readiness_workstream_due_timestamp_seconds'), mile('readiness_milestone_due_timestamp_seconds'))} or (${p85}))`;
  const open = `and (${p85})`;
  const parts: Segment[] = [
    { refId: 'start', name: 'Start', expr: `(${starts}) ${open}` },
    { refId: 'work', name: 'To P50', expr: `clamp_min(${minOf(`(${p50})`, due)} - (${starts}), 0)`, color: GOOD },
    { refId: 'range', name: 'To P85', expr: `clamp_min(${minOf(`(${p85})`, due)} - ${maxOf(`(${p50})`, `(${starts})`)}, 0)`, color: PALE },
    { refId: 'late', name: 'After the due date', expr: `clamp_min((${p85}) - ${maxOf(due, `(${starts})`)}, 0)`, color: BAD },
    { refId: 'left', name: 'Before the due date', expr: `clamp_min(${due} - (${p85}), 0) ${open}`, color: FAINT },
  ].map((part) => ({ ...part, expr: toMilliseconds(`(${part.expr})`) }));
  const panel = stackedBarPanel(
    {
      title: 'Timeline',
      description: 'Unfinished workstreams and milestones, from their start to the P50 and P85 forecasts. Red: after the due date. Grey: time left until the due date.',
      noData: 'All work is finished.',
      width: 24,
      height: 14,
    },
    'time:MMM D',
    'title',
    parts,
  );
  panel.withTarget(tableQuery('first', toMilliseconds(`min(${starts})`)));
  panel.withTransformation({
    id: 'configFromData',
    options: { configRefId: 'first', mappings: [{ fieldName: 'Value #first', handlerKey: 'min' }], applyTo: { id: 'numeric' } },
  });
  return arrangeSegments(panel, 'title', parts, 'start', true);
}

/** Dependency graph: each node with its title and completion, the critical path in colour. */
function dependencyGraph() {
  const by = 'cluster, project, area, workstream';
  const stream = withWorkstreamItem(maxBy(by, 'readiness_workstream_completion_ratio'));
  const streamTitle = withWorkstreamItem(maxBy(`${by}, title`, 'readiness_workstream_info'));
  const mile = withMilestoneItem(maxBy('cluster, project, milestone', 'readiness_milestone_completion_ratio'));
  const mileTitle = withMilestoneItem(maxBy('cluster, project, milestone, title', 'readiness_milestone_info'));
  const completion = `(max by (item) (${stream}) * on (item) group_left (title) max by (item, title) (${streamTitle}) or max by (item) (${mile}) * on (item) group_left (title) max by (item, title) (${mileTitle}))`;
  const open = `(${completion} < 1)`;
  const edges = maxBy('from, to', 'readiness_dependency_info');
  const known = (label: string) => `and on (${label}) label_replace(max by (item) (${open}), "${label}", "$1", "item", "(.+)")`;
  const openEdges = `(${edges} ${known('from')} ${known('to')})`;
  const ends = (label: string) => `label_replace(max by (${label}) (${openEdges}), "item", "$1", "${label}", "(.+)")`;
  const linked = `(${open} and on (item) (max by (item) (${ends('from')}) or max by (item) (${ends('to')})))`;
  // As text, because Grafana formats numbers in this panel with two decimals.
  const percent = `label_replace(count_values by (item) ("percent", round(100 * ${linked})), "mainstat", "$1 %", "percent", "(.+)")`;
  const node = (expression: string, stat: string) =>
    `label_replace(label_replace(${expression} * on (item) group_left (mainstat) ${percent}, "id", "$1", "item", "(.+)"), "stat", "${stat}", "", "")`;
  const nodes = [node(linked, 'arc__done'), node(`(1 - ${linked})`, 'arc__left')].join(' or ');
  const critical = maxBy('item', 'readiness_criticality_ratio') + ' >= 0.5';
  const end = (label: string) => `and on (${label}) label_replace(${critical}, "${label}", "$1", "item", "(.+)")`;
  const criticalEdges = `(${openEdges} ${end('from')} ${end('to')})`;
  const edge = (expression: string, color: string) =>
    `label_replace(label_join(label_replace(label_replace(${expression}, "source", "$1", "from", "(.+)"), "target", "$1", "to", "(.+)"), "id", "->", "from", "to"), "color", "${color}", "", "")`;
  const panel = applySpec(new nodegraph.PanelBuilder(), {
    title: 'Dependency graph',
    description: 'Dependencies between unfinished workstreams and milestones, with their completion. Orange: the critical path, whose items have a criticality index of at least 50 %.',
    noData: 'No open dependencies.',
    width: 24,
    height: 38,
  });
  return panel
    .unit(PERCENT)
    .timeFrom('1h')
    .hideTimeOverride(true)
    // Not named `nodes` and `edges`: Grafana draws frames with these names even without fields, and fails.
    .withTarget(tableQuery('items', nodes).format('time_series' as never))
    .withTarget(tableQuery('arrows', `${edge(criticalEdges, WARN)} or ${edge(`(${openEdges} unless ${criticalEdges})`, GREY)}`))
    .withTransformation({
      id: 'labelsToFields',
      filter: { id: 'byRefId', options: 'items' },
      options: { mode: 'columns', valueLabel: 'stat', keepLabels: ['id', 'title', 'mainstat', 'stat'] },
    })
    .withTransformation({ id: 'merge', filter: { id: 'byRefId', options: 'items' }, options: {} })
    // Names for the legend; Grafana still finds the fields by their original names.
    .withTransformation({
      id: 'organize',
      options: { excludeByName: {}, indexByName: {}, renameByName: { mainstat: 'Complete', arc__done: 'Done', arc__left: 'Remaining' } },
    })
    .zoomMode(nodegraph.ZoomMode.Cooperative)
    .nodes(
      new nodegraph.NodeOptionsBuilder()
        .arcs([
          new nodegraph.ArcOptionBuilder().field('arc__done').color(GOOD),
          new nodegraph.ArcOptionBuilder().field('arc__left').color(FAINT),
        ]),
    )
    .datasource(DATASOURCE);
}

function onTimeProbability() {
  const chance = maxBy('cluster, project, milestone', 'readiness_milestone_on_time_probability_ratio', CHOSEN, WITH_RISKS);
  return timeSeriesPanel(
    {
      title: 'On-time probability',
      description: 'Probability that each milestone is reached by its due date. Below the lines, the alerts for late and unlikely milestones fire.',
      noData: 'No history yet, or no milestones with a due date.',
      width: 14,
      height: 9,
    },
    PERCENT,
    [rangeQuery('A', `max by (title) (${withMilestoneTitle(chance)})`, '{{title}}')],
  )
    .min(0)
    .max(1)
    .decimals(0)
    .colorScheme(colorScheme(dashboard.FieldColorModeId.PaletteClassic))
    .thresholds(PROBABILITY_THRESHOLDS)
    .thresholdsStyle(new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Line));
}

function criticality() {
  const ratio = maxBy('cluster, project, item', 'readiness_criticality_ratio');
  const stream = `label_replace(label_replace(${ratio}, "area", "$1", "item", "([^/]+)/.+"), "workstream", "$1", "item", "[^/]+/([^/]+)") > 0.005`;
  return barGaugePanel(
    {
      title: 'Criticality index',
      description: 'Share of simulation runs in which the workstream is on the critical path. Work on these workstreams moves the finish date.',
      noData: 'All work is finished.',
      width: 10,
      height: 9,
    },
    PERCENT,
    [instantQuery('A', `sort_desc(max by (title) (${withWorkstreamTitle(`max by (cluster, project, area, workstream) (${stream})`)}))`, '{{title}}')],
  )
    .max(1)
    .decimals(0)
    .colorScheme(colorScheme(dashboard.FieldColorModeId.Fixed, DEEP));
}
