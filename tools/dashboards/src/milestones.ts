/** When what is reached: how the forecasts moved, the plan in time, and what waits for what. */

import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as nodegraph from '@grafana/grafana-foundation-sdk/nodegraph';

import { alerts, frame, milestones as names, oneProject, replans, reports } from './frame.js';
import { CHANCE, DASHED, DATASOURCE, DOTTED, UNLISTED, arrange, described, fixed, gauges, instant, lines, listing, scheme, segments, series, values } from './parts.js';
import type { Segment } from './parts.js';
import { OPEN_MILESTONES, P50, P85, WITH_RISKS, about, date, days, greater, item, lesser, milestone, milestoneItem, most, workstream } from './promql.js';
import { BAD, DATE, DEEP, FAINT, GOOD, GREY, PALE, PERCENT, WARN } from './units.js';

const CHOSEN = 'milestone=~"$milestone"';
const DUE = most('project, milestone', 'readiness_milestone_due_timestamp_seconds', CHOSEN);

export const milestones = () =>
  frame({
    uid: 'readiness-milestones',
    title: 'Readiness / Milestones',
    description: 'When each milestone is reached, how that has moved, and where a slip begins.',
    variables: [oneProject(), names()],
    until: 'now',
  })
    .annotation(alerts())
    .annotation(replans())
    .annotation(reports())
    .withPanel(slips())
    .withPanel(table())
    .withPanel(plan())
    .withPanel(chances())
    .withPanel(criticality())
    .withPanel(graph());

/** A milestone trend analysis: what is reached on the day on which its line meets the diagonal. */
function slips() {
  const p85 = most('project, milestone', 'readiness_milestone_forecast_timestamp_seconds', CHOSEN, ...P85);
  const titled = (expression: string) => date(`max by (title) (${milestone(`(${expression})`)})`);
  const baseline = most('project, milestone', 'readiness_milestone_baseline_timestamp_seconds', CHOSEN);
  return lines(
    {
      title: 'How the forecasts moved',
      description:
        'For each day of the past, when a milestone was forecast with 85 % (solid), and when it was due (dashed). A line that rises like the diagonal slips a day a day; a line that meets it is reached.',
      none: 'No milestone has a forecast.',
      width: 24,
      height: 13,
    },
    DATE,
    [
      series('forecast', titled(p85), '{{title}}'),
      series('due', titled(`${DUE} ${OPEN_MILESTONES}`), '{{title}} due'),
      series('baseline', titled(`${baseline} ${OPEN_MILESTONES}`), '{{title}} baseline'),
      series('today', '1000 * vector(time())', 'Day of the report'),
    ],
  )
    .tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Ascending))
    .colorScheme(scheme(dashboard.FieldColorModeId.PaletteClassic))
    .overrideByRegexp('/ due$/', [fixed(GREY), DASHED, UNLISTED, { id: 'custom.lineWidth', value: 1 }])
    .overrideByRegexp('/ baseline$/', [fixed(FAINT), DOTTED, UNLISTED, { id: 'custom.lineWidth', value: 1 }])
    .overrideByName('Day of the report', [
      fixed(GREY),
      { id: 'custom.lineWidth', value: 1 },
      { id: 'custom.fillOpacity', value: 8 },
      { id: 'custom.lineInterpolation', value: 'linear' },
    ]);
}

function table() {
  const by = 'project, milestone';
  const one = (metric: string, ...matchers: string[]) => `max by (milestone) (${most(by, metric, CHOSEN, ...matchers)})`;
  const path = `label_replace(${most('project, milestone, root', 'readiness_forecast_root', CHOSEN)}, "item", "$1", "root", "(.+)")`;
  const root = `max by (milestone, about) (${about(path)})`;
  return listing(
    {
      title: 'Milestones',
      description: 'When each milestone is due and forecast. Float: how many working days it may lose before a due date is missed. Begins with: the first unfinished work on its path.',
      none: 'The project has no milestones.',
      width: 24,
      height: 11,
    },
    [{ label: 'milestone' }, { label: 'title', name: 'Milestone', kind: 'long' }, { label: 'about', name: 'Begins with', kind: 'long' }],
    [
      { refId: 'info', name: '', kind: 'text', expr: most('milestone, title', 'readiness_milestone_info', CHOSEN) },
      { refId: 'root', name: '', kind: 'text', expr: root },
      { refId: 'complete', name: 'Complete', kind: 'gauge', width: 120, expr: one('readiness_milestone_completion_ratio') },
      { refId: 'due', name: 'Due', kind: 'date', width: 100, expr: date(`max by (milestone) (${DUE})`) },
      { refId: 'p50', name: 'P50', kind: 'date', width: 100, expr: date(one('readiness_milestone_forecast_timestamp_seconds', ...P50)) },
      { refId: 'p85', name: 'P85', kind: 'date', width: 100, expr: date(one('readiness_milestone_forecast_timestamp_seconds', ...P85)) },
      { refId: 'late', name: 'Late', kind: 'late', width: 75, expr: days(one('readiness_milestone_slip_seconds', ...P85)) },
      { refId: 'chance', name: 'On time', kind: 'chance', width: 75, expr: one('readiness_milestone_on_time_probability_ratio', WITH_RISKS) },
      { refId: 'float', name: 'Float', kind: 'days', width: 70, expr: days(one('readiness_milestone_float_seconds')) },
      { refId: 'done', name: 'Reached', kind: 'date', width: 100, expr: date(one('readiness_milestone_done_timestamp_seconds')) },
    ],
    { by: 'Due', desc: false },
  );
}

/**
 * Bars in time, from when work began or is to begin: to P50, on to P85, and then to the due date, or beyond it.
 */
function plan() {
  const streams = 'project, area, workstream';
  const titled = (of: string, by: string, info: string) => `max by (title) ((${of}) * on (${by}) group_left (title) ${most(`${by}, title`, info)})`;
  const both = (stream: string, mile: string) =>
    `${titled(stream, streams, 'readiness_workstream_info')} or ${titled(mile, 'project, milestone', 'readiness_milestone_info')}`;
  const begin = most('project', 'readiness_forecast_start_timestamp_seconds');
  const stream = (metric: string, ...matchers: string[]) => most(streams, metric, ...matchers);
  const mile = (metric: string, ...matchers: string[]) => most('project, milestone', metric, CHOSEN, ...matchers);
  const p50 = both(stream('readiness_workstream_forecast_timestamp_seconds', ...P50), mile('readiness_milestone_forecast_timestamp_seconds', ...P50));
  const p85 = both(stream('readiness_workstream_forecast_timestamp_seconds', ...P85), mile('readiness_milestone_forecast_timestamp_seconds', ...P85));
  const starts = both(
    stream('readiness_workstream_start_timestamp_seconds'),
    `${mile('readiness_milestone_forecast_timestamp_seconds', ...P85)} * 0 + on (project) group_left () ${begin}`,
  );
  // What has no due date is taken to be due at its P85: nothing is late then, and nothing left.
  const due = `(${both(stream('readiness_workstream_due_timestamp_seconds'), mile('readiness_milestone_due_timestamp_seconds'))} or (${p85}))`;
  const open = `and (${p85})`;
  const parts: Segment[] = [
    { refId: 'start', name: 'Start', expr: `(${starts}) ${open}` },
    { refId: 'work', name: 'To P50', expr: `clamp_min(${lesser(`(${p50})`, due)} - (${starts}), 0)`, color: GOOD },
    { refId: 'range', name: 'To P85', expr: `clamp_min(${lesser(`(${p85})`, due)} - ${greater(`(${p50})`, `(${starts})`)}, 0)`, color: PALE },
    { refId: 'late', name: 'After the due date', expr: `clamp_min((${p85}) - ${greater(due, `(${starts})`)}, 0)`, color: BAD },
    { refId: 'left', name: 'Left until the due date', expr: `clamp_min(${due} - (${p85}), 0) ${open}`, color: FAINT },
  ].map((part) => ({ ...part, expr: date(`(${part.expr})`) }));
  const panel = segments(
    {
      title: 'The plan in time',
      description: 'Open work and milestones, from the day on which work begins to the forecasts with 50 and 85 %. What lies after a due date is red; what is left until it is grey.',
      none: 'Nothing is left to do.',
      width: 24,
      height: 14,
    },
    'time:MMM D',
    'title',
    parts,
  );
  panel.withTarget(instant('first', date(`min(${starts})`)));
  panel.withTransformation({
    id: 'configFromData',
    options: { configRefId: 'first', mappings: [{ fieldName: 'Value #first', handlerKey: 'min' }], applyTo: { id: 'numeric' } },
  });
  return arrange(panel, 'title', parts, 'start', true);
}

/** What waits for what: each node with its title and how much of it is done, critical paths in colour. */
function graph() {
  const by = 'project, area, workstream';
  const stream = item(most(by, 'readiness_workstream_completion_ratio'));
  const streamTitle = item(most(`${by}, title`, 'readiness_workstream_info'));
  const mile = milestoneItem(most('project, milestone', 'readiness_milestone_completion_ratio'));
  const mileTitle = milestoneItem(most('project, milestone, title', 'readiness_milestone_info'));
  const complete = `(max by (item) (${stream}) * on (item) group_left (title) max by (item, title) (${streamTitle}) or max by (item) (${mile}) * on (item) group_left (title) max by (item, title) (${mileTitle}))`;
  const open = `(${complete} < 1)`;
  const edges = most('from, to', 'readiness_dependency_info');
  const known = (label: string) => `and on (${label}) label_replace(max by (item) (${open}), "${label}", "$1", "item", "(.+)")`;
  const drawn = `(${edges} ${known('from')} ${known('to')})`;
  const ends = (label: string) => `label_replace(max by (${label}) (${drawn}), "item", "$1", "${label}", "(.+)")`;
  const linked = `(${open} and on (item) (max by (item) (${ends('from')}) or max by (item) (${ends('to')})))`;
  // Grafana writes numbers here with two decimals, and texts as they are.
  const percent = `label_replace(count_values by (item) ("percent", round(100 * ${linked})), "mainstat", "$1 %", "percent", "(.+)")`;
  const node = (expression: string, stat: string) =>
    `label_replace(label_replace(${expression} * on (item) group_left (mainstat) ${percent}, "id", "$1", "item", "(.+)"), "stat", "${stat}", "", "")`;
  const nodes = [node(linked, 'arc__done'), node(`(1 - ${linked})`, 'arc__left')].join(' or ');
  const critical = most('item', 'readiness_criticality_ratio') + ' >= 0.5';
  const end = (label: string) => `and on (${label}) label_replace(${critical}, "${label}", "$1", "item", "(.+)")`;
  const onPath = `(${drawn} ${end('from')} ${end('to')})`;
  const edge = (expression: string, color: string) =>
    `label_replace(label_join(label_replace(label_replace(${expression}, "source", "$1", "from", "(.+)"), "target", "$1", "to", "(.+)"), "id", "->", "from", "to"), "color", "${color}", "", "")`;
  const panel = described(new nodegraph.PanelBuilder(), {
    title: 'What waits for what',
    description: 'Unfinished workstreams and milestones that wait for each other, with how much of each is complete. Orange arrows are the critical path: in most simulated runs they decide when everything is finished.',
    none: 'Nothing waits for anything.',
    width: 24,
    height: 38,
  });
  return panel
    .unit(PERCENT)
    .timeFrom('1h')
    .hideTimeOverride(true)
    // Frames with the names `nodes` and `edges` are drawn even without fields, which fails; others where they have some.
    .withTarget(instant('items', nodes).format('time_series' as never))
    .withTarget(instant('arrows', `${edge(onPath, WARN)} or ${edge(`(${drawn} unless ${onPath})`, GREY)}`))
    .withTransformation({
      id: 'labelsToFields',
      filter: { id: 'byRefId', options: 'items' },
      options: { mode: 'columns', valueLabel: 'stat', keepLabels: ['id', 'title', 'mainstat', 'stat'] },
    })
    .withTransformation({ id: 'merge', filter: { id: 'byRefId', options: 'items' }, options: {} })
    // What stands in the legend; Grafana goes on finding the fields by their own names.
    .withTransformation({
      id: 'organize',
      options: { excludeByName: {}, indexByName: {}, renameByName: { mainstat: 'Complete', arc__done: 'Done', arc__left: 'Left' } },
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

function chances() {
  const chance = most('project, milestone', 'readiness_milestone_on_time_probability_ratio', CHOSEN, WITH_RISKS);
  return lines(
    {
      title: 'Probability of being on time',
      description: 'How likely each milestone is to be reached when it is due. Below the lines, the alerts about late and unlikely milestones fire.',
      none: 'There is no history yet, or no milestone has a due date.',
      width: 14,
      height: 9,
    },
    PERCENT,
    [series('A', `max by (title) (${milestone(chance)})`, '{{title}}')],
  )
    .min(0)
    .max(1)
    .decimals(0)
    .colorScheme(scheme(dashboard.FieldColorModeId.PaletteClassic))
    .thresholds(CHANCE)
    .thresholdsStyle(new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Line));
}

function criticality() {
  const ratio = most('project, item', 'readiness_criticality_ratio');
  const stream = `label_replace(label_replace(${ratio}, "area", "$1", "item", "([^/]+)/.+"), "workstream", "$1", "item", "[^/]+/([^/]+)") > 0.005`;
  return gauges(
    {
      title: 'Criticality',
      description: 'How often a workstream decides when everything is finished, in simulated runs: where a day saved is a day won.',
      none: 'Nothing is left to do.',
      width: 10,
      height: 9,
    },
    PERCENT,
    [values('A', `sort_desc(max by (title) (${workstream(`max by (project, area, workstream) (${stream})`)}))`, '{{title}}')],
  )
    .max(1)
    .decimals(0)
    .colorScheme(scheme(dashboard.FieldColorModeId.Fixed, DEEP));
}
