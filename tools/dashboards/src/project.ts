/** One project: completion, remaining work, blockers and risks. */

import * as common from '@grafana/grafana-foundation-sdk/common';
import type * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';

import { firingAlerts, areaVariable, createDashboard, projectVariables, dueDateChanges, statusReports } from './frame.js';
import { firingAlertsTable } from './overview.js';
import { DASHED, SLIP_THRESHOLDS, arrangeSegments, statPanel, probabilityPanel, fixedColor, barGaugePanel, timeSeriesPanel, tablePanel, colorScheme, stackedBarPanel, rangeQuery, thresholds, sparklinePanel, instantQuery } from './parts.js';
import type { PanelSpec, Segment } from './parts.js';
import { P50, P85, WITH_RISKS, withItemTitle, toMilliseconds, toDays, maxOf, withWorkstreamItem, minOf, withMilestoneTitle, maxBy, selector, latestValue, withWorkstreamTitle } from './promql.js';
import { BAD, COUNT, DATE, DAYS, DEEP, GOOD, GREY, PALE, PERCENT, WARN } from './units.js';

const AREA = 'area=~"$area"';

export const project = () => {
  const builder = createDashboard({
    uid: 'readiness-project',
    title: 'Readiness / Project',
    description: 'One project: completion, forecast, remaining work, blockers, risks, and changes of the last week.',
    variables: [...projectVariables(), areaVariable()],
    until: 'now+90d',
  });
  builder.annotation(firingAlerts()).annotation(dueDateChanges()).annotation(statusReports());
  for (const panel of [...headline(), ...assumptions(), completion(), burnUp(), remainingPoints(), breakdown(), coverage(), blockers(), risks()]) {
    builder.withPanel(panel);
  }
  for (const panel of [changes(), actions(), firingAlertsTable(11, 9, true), phases(), findings(), notes(), links()]) {
    builder.withPanel(panel);
  }
  return builder;
};

function headline() {
  const small = (title: string, description: string, noData: string): PanelSpec => ({ title, description, noData, width: 3, height: 4 });
  const one = (metric: string, ...matchers: string[]) => maxBy('cluster, project', metric, ...matchers);
  return [
    sparklinePanel(
      small('Earned', 'Completion of the project by its tasks. A partial task counts its stated completion, or 0 % without one.', 'no areas'),
      PERCENT,
      instantQuery('A', one('readiness_project_completion_ratio', 'method="earned"'), 'earned'),
    ).min(0).max(1).decimals(1),
    statPanel(
      small('Reported', 'Completion of the project as reported in its file.', 'not reported'),
      PERCENT,
      instantQuery('A', one('readiness_project_completion_ratio', 'method="reported"'), 'reported'),
    ).decimals(0),
    statPanel(
      small('Target', 'Target date of the project.', 'no target'),
      DATE,
      instantQuery('A', toMilliseconds(one('readiness_project_target_timestamp_seconds')), 'target'),
    ),
    statPanel(
      small('P85', 'Finish date of all work with 85 % probability, including risks.', 'finished'),
      DATE,
      instantQuery('A', toMilliseconds(one('readiness_project_forecast_timestamp_seconds', ...P85)), 'P85'),
    ),
    statPanel(
      small('Slip', 'Working days from the target to the P85 forecast. Negative: before the target.', 'no forecast'),
      DAYS,
      instantQuery('A', toDays(one('readiness_project_slip_seconds', ...P85)), 'slip'),
    ).thresholds(SLIP_THRESHOLDS).decimals(1),
    probabilityPanel(
      small('On time', 'Probability that all work is finished by the target, including risks.', 'no forecast'),
      instantQuery('A', one('readiness_project_on_time_probability_ratio', WITH_RISKS), 'on time'),
    ),
    statPanel(
      small('TSPI', 'To-complete schedule performance index, TSPI: the factor by which the remaining work must be faster than planned to meet the baseline. Above 1.10, the baseline is very unlikely to be met.', 'no baseline'),
      COUNT,
      instantQuery('A', one('readiness_project_to_complete_schedule_performance_ratio'), 'TSPI'),
    ).thresholds(thresholds([null, GOOD], [1, WARN], [1.1, BAD])).decimals(2),
    statPanel(
      small('Status age', 'Days since the status date. 7 days or more are shown as stale.', 'no status'),
      DAYS,
      instantQuery('A', toDays(`(time() - ${one('readiness_project_as_of_timestamp_seconds')})`), 'age'),
    ).thresholds(thresholds([null, GOOD], [7, WARN], [14, BAD])).decimals(0),
  ];
}

/** The assumptions of the forecast, and dates that do not depend on the estimates of open work. */
function assumptions() {
  const small = (title: string, description: string, noData: string): PanelSpec => ({ title, description, noData, width: 6, height: 3 });
  const one = (metric: string, ...matchers: string[]) => maxBy('cluster, project', metric, ...matchers);
  const opinion = (name: string) => toMilliseconds(one('readiness_project_second_opinion_timestamp_seconds', `opinion="${name}"`));
  return [
    statPanel(
      small('Assumed error', 'Error that all estimates of the project share in the forecast: one factor for all of them in each simulation run.', 'no estimates'),
      PERCENT,
      instantQuery('A', one('readiness_forecast_estimate_error_ratio'), 'error'),
    ).decimals(0),
    statPanel(
      small('Workstreams at once', 'Number of open workstreams that the forecast starts at once. A team that cannot work on all of them finishes later.', 'no open work'),
      COUNT,
      instantQuery('A', one('readiness_forecast_workstreams', 'start="now"'), 'at once'),
    ).decimals(0),
    statPanel(
      small('Earned schedule date', 'Second opinion on the finish: planned duration divided by SPI(t).', 'no baseline'),
      DATE,
      instantQuery('A', opinion('earned_schedule'), 'earned schedule'),
    ),
    statPanel(
      small('Date at the recent pace', 'Second opinion on the finish: missing completion divided by the pace of the last four weeks.', 'no dated progress'),
      DATE,
      instantQuery('A', opinion('pace'), 'pace'),
    ),
  ];
}

/**
 * The bar of an area: earned completion, then the additional completion if partial tasks counted half. The mark of the
 * reported completion splits the bar, so each segment exists before and after it.
 */
function completion() {
  const by = 'cluster, project, area';
  const streams = 'cluster, project, area, workstream';
  const earned = maxBy(by, 'readiness_area_completion_ratio', 'method="earned"', AREA);
  const tasks = (matcher: string) => `sum by (${streams}) (${maxBy(`${streams}, status`, 'readiness_tasks', AREA, 'workstream!=""', matcher)})`;
  const halves = `(${tasks('status="done"')} + 0.5 * ${tasks('status="partial"')}) / ${tasks('status!="waived"')}`;
  const gain = `${halves} - ${maxBy(streams, 'readiness_workstream_completion_ratio', AREA)}`;
  const points = maxBy(streams, 'readiness_workstream_points', AREA);
  const half = `(${earned} + (0.01 * sum by (${by}) (${points} * clamp_min(${gain}, 0)) or 0 * ${earned}))`;
  const reported = `(${maxBy(by, 'readiness_area_completion_ratio', 'method="reported"', AREA)} or ${earned} * 0 - 1)`;
  const mark = 0.008;
  const before = (bound: string) => `clamp_min(${minOf(bound, reported)}, 0)`;
  const after = (bound: string, below: string) => `clamp_min(${bound} - ${maxOf(below, reported)}, 0)`;
  const titled = (expression: string) =>
    `max by (title) ((${expression}) * on (cluster, project, area) group_left (title) ${maxBy('cluster, project, area, title', 'readiness_area_info', AREA)})`;
  const parts: Segment[] = [
    { refId: 'a', name: 'Earned', expr: before(earned), color: GOOD },
    { refId: 'b', name: 'If partial tasks counted half', expr: `${before(half)} - ${before(earned)}`, color: PALE },
    { refId: 'c', name: 'gap', expr: `clamp_min(${reported} - ${half}, 0)` },
    { refId: 'd', name: 'Reported', expr: `${mark} * (${reported} >= bool 0)`, color: WARN },
    { refId: 'e', name: 'Earned ', expr: after(earned, `(${earned} * 0)`), color: GOOD, unlisted: true },
    { refId: 'f', name: 'If partial tasks counted half ', expr: after(half, earned), color: PALE, unlisted: true },
  ].map((part) => ({ ...part, expr: titled(part.expr) }));
  const panel = stackedBarPanel(
    {
      title: 'Areas',
      description: 'Earned completion of each area. Pale: additional completion if partial tasks counted half. Mark: reported completion.',
      noData: 'The project has no areas.',
      width: 10,
      height: 9,
    },
    PERCENT,
    'title',
    parts,
  );
  return arrangeSegments(panel.min(0).max(1), 'title', parts);
}

function burnUp() {
  const start = latestValue('readiness_forecast_start_timestamp_seconds');
  const done = latestValue('readiness_project_completion_ratio', 'method="earned"');
  const forecast = (name: string, percentile: string[]) => {
    const end = latestValue('readiness_project_forecast_timestamp_seconds', ...percentile);
    const line = `vector(${done} + (1 - ${done}) * (time() - ${start}) / (${end} - ${start}))`;
    return rangeQuery(name, `(${line} and on () vector(time()) >= ${start}) <= 1`, `Forecast ${name}`).interval('6h');
  };
  const target = latestValue('readiness_project_target_timestamp_seconds');
  const required = `vector(${done} + (1 - ${done}) * (time() - ${start}) / (${target} - ${start}))`;
  return timeSeriesPanel(
    {
      title: 'Burn-up',
      description: 'Earned and reported completion, and the baseline. Dashed: the P50 and P85 forecasts, and the pace required to meet the target.',
      noData: 'No history yet, or the project has no areas.',
      width: 14,
      height: 9,
    },
    PERCENT,
    [
      rangeQuery('Earned', maxBy('cluster, project', 'readiness_project_completion_ratio', 'method="earned"'), 'Earned'),
      rangeQuery('Reported', maxBy('cluster, project', 'readiness_project_completion_ratio', 'method="reported"'), 'Reported'),
      rangeQuery('Baseline', maxBy('cluster, project', 'readiness_project_baseline_completion_ratio'), 'Baseline'),
      rangeQuery('Required', `(${required} and on () vector(time()) >= ${start}) <= 1`, 'Required pace').interval('6h'),
      forecast('P50', P50),
      forecast('P85', P85),
    ],
  )
    .min(0)
    .max(1)
    .decimals(0)
    .lineInterpolation(common.LineInterpolation.Linear)
    .overrideByName('Earned', [fixedColor(GOOD), { id: 'custom.lineWidth', value: 3 }, { id: 'custom.fillOpacity', value: 10 }])
    .overrideByName('Reported', [fixedColor(WARN)])
    .overrideByName('Baseline', [fixedColor(GREY)])
    .overrideByName('Required pace', [fixedColor(GREY), DASHED])
    .overrideByName('Forecast P50', [fixedColor(PALE.slice(0, 7)), DASHED])
    .overrideByName('Forecast P85', [fixedColor(DEEP), DASHED]);
}

function remainingPoints(): bargauge.PanelBuilder {
  const by = 'cluster, project, area, workstream';
  const points = `${maxBy(by, 'readiness_workstream_points', AREA)} * (1 - ${maxBy(by, 'readiness_workstream_completion_ratio', AREA)})`;
  return barGaugePanel(
    {
      title: 'Remaining points',
      description: 'Points that each workstream has yet to earn, in percentage points of its area, largest first.',
      noData: 'No workstreams with points, or all points are earned.',
      width: 8,
      height: 11,
    },
    COUNT,
    [instantQuery('A', `sort_desc(${withWorkstreamTitle(`(${points} > 0)`)})`, '{{title}}')],
  ).decimals(1).colorScheme(colorScheme(dashboard.FieldColorModeId.Fixed, GOOD));
}

function breakdown() {
  const by = 'cluster, project, area, component';
  return tablePanel(
    {
      title: 'Breakdown',
      description: 'Reported completion of the components of each area, and their targets.',
      noData: 'No areas have a breakdown.',
      width: 16,
      height: 11,
    },
    [{ label: 'area', name: 'Area', width: 125 }, { label: 'component', name: 'Component', kind: 'wrapped' }, { label: 'note', name: 'Note', kind: 'wrapped' }],
    [
      { refId: 'complete', name: 'Complete', kind: 'gauge', width: 110, expr: maxBy('area, component', 'readiness_component_completion_ratio', AREA) },
      { refId: 'target', name: 'Target', kind: 'percent', width: 70, expr: maxBy('area, component', 'readiness_component_target_ratio', AREA) },
      { refId: 'note', name: '', kind: 'text', expr: `${maxBy('area, component, note', 'readiness_component_info', AREA)} and on (area, component) ${maxBy(by, 'readiness_component_completion_ratio', AREA)}` },
    ],
    { by: 'Area', desc: false },
  );
}

function coverage() {
  const target = maxBy('area, feature', 'readiness_coverage_target_ratio', AREA);
  const covered = maxBy('area, feature', 'readiness_coverage_ratio', AREA);
  return tablePanel(
    {
      title: 'Test coverage',
      description: 'Test coverage of each feature, and the gap to its target, largest gap first.',
      noData: 'No areas have test coverage.',
      width: 9,
      height: 9,
    },
    [{ label: 'area' }, { label: 'feature', name: 'Feature', kind: 'wrapped' }],
    [
      { refId: 'covered', name: 'Covered', kind: 'gauge', width: 120, expr: covered },
      { refId: 'target', name: 'Target', kind: 'percent', width: 65, expr: target },
      { refId: 'missing', name: 'Missing', kind: 'percent', width: 90, expr: `clamp_min(${target} - ${covered}, 0)` },
    ],
    { by: 'Missing', desc: true },
  );
}

function blockers() {
  const by = 'cluster, project, area, workstream';
  const open = `${maxBy(by, 'readiness_workstream_completion_ratio', AREA)} < 1`;
  const info = withWorkstreamItem(maxBy('cluster, project, area, workstream, title, impact', 'readiness_workstream_info', 'blocker="true"', AREA));
  const is = `and on (item) max by (item) (${info})`;
  const dependents = `label_replace(${maxBy('cluster, project, from, to', 'readiness_dependency_info')}, "item", "$1", "from", "([^/]+/[^/]+).*")`;
  return tablePanel(
    {
      title: 'Blockers',
      description: 'Unfinished workstreams that are marked as blockers, with their completion, their P85 forecast, and the number of items and the points that depend on them.',
      noData: 'No open blockers.',
      width: 15,
      height: 9,
    },
    [{ label: 'item' }, { label: 'title', name: 'Blocker', kind: 'wrapped' }, { label: 'impact', name: 'Impact', kind: 'wrapped' }],
    [
      { refId: 'info', name: '', kind: 'text', expr: `max by (item, title, impact) (${info} and on (item) ${withWorkstreamItem(open)})` },
      { refId: 'done', name: 'Done', kind: 'gauge', width: 110, expr: `max by (item) (${withWorkstreamItem(open)} ${is})` },
      { refId: 'p85', name: 'P85', kind: 'date', width: 105, expr: toMilliseconds(`max by (item) (${withWorkstreamItem(maxBy(by, 'readiness_workstream_forecast_timestamp_seconds', AREA, ...P85))} ${is})`) },
      { refId: 'dependents', name: 'Dependents', kind: 'count', width: 95, expr: `count by (item) (${dependents} ${is} and on (item) ${withWorkstreamItem(open)})` },
      { refId: 'points', name: 'Blocked points', kind: 'number', width: 115, expr: `max by (item) (${withWorkstreamItem(maxBy(by, 'readiness_workstream_blocked_points', AREA))} ${is} and on (item) ${withWorkstreamItem(open)})` },
    ],
    { by: 'Blocked points', desc: true },
  );
}

function risks() {
  const info = maxBy('cluster, project, risk, title, severity, impact, mitigation', 'readiness_risk_info');
  const affects = maxBy('cluster, project, risk, item', 'readiness_risk_affects_info');
  const labels = 'risk, about, title, severity, impact, mitigation';
  const all = `max by (${labels}) (${withItemTitle(affects)} * on (cluster, project, risk) group_left (title, severity, impact, mitigation) ${info} or ${info} unless on (cluster, project, risk) ${affects})`;
  return tablePanel(
    {
      title: 'Risks',
      description: 'Risks with their probability, most likely delay, affected items and mitigation.',
      noData: 'No risks.',
      width: 24,
      height: 10,
    },
    [
      { label: 'risk' },
      { label: 'severity', name: 'Severity', width: 95 },
      { label: 'title', name: 'Risk', kind: 'wrapped' },
      { label: 'about', name: 'Affects', kind: 'wrapped' },
      { label: 'impact', name: 'Impact', kind: 'wrapped' },
      { label: 'mitigation', name: 'Mitigation', kind: 'wrapped' },
    ],
    [
      { refId: 'info', name: '', kind: 'text', expr: all },
      { refId: 'probability', name: 'Probability', kind: 'percent', width: 95, expr: maxBy('risk', 'readiness_risk_probability_ratio') },
      { refId: 'delay', name: 'Delay', kind: 'days', width: 70, expr: toDays(maxBy('risk', 'readiness_risk_delay_seconds', 'bound="likely"')) },
    ],
    { by: 'Severity', desc: false },
  );
}

function changes() {
  const complete = maxBy('cluster, project, area, workstream', 'readiness_workstream_completion_ratio', AREA);
  const before = `max by (cluster, project, area, workstream) (${selector('readiness_workstream_completion_ratio', AREA)} offset 7d)`;
  const p85 = maxBy('cluster, project, milestone', 'readiness_milestone_forecast_timestamp_seconds', ...P85);
  const p85Before = `max by (cluster, project, milestone) (${selector('readiness_milestone_forecast_timestamp_seconds', ...P85)} offset 7d)`;
  const moved = `(${p85} - ${p85Before})`;
  return tablePanel(
    {
      title: 'Changes in 7 days',
      description: 'Workstreams whose earned completion changed in the last 7 days, and milestones whose P85 forecast moved by a day or more. Positive: later.',
      noData: 'No changes in the last 7 days.',
      width: 8,
      height: 9,
    },
    [{ label: 'title', name: 'Item', kind: 'wrapped' }],
    [
      { refId: 'earned', name: 'Earned', kind: 'percent', width: 80, expr: `max by (title) (${withWorkstreamTitle(`((${complete} - ${before}) != 0)`)})` },
      { refId: 'moved', name: 'Moved', kind: 'slip', width: 80, expr: toDays(`max by (title) (${withMilestoneTitle(`(${moved} >= 86400 or ${moved} <= -86400)`)})`) },
    ],
  );
}

function actions() {
  const info = maxBy('cluster, project, action, title, horizon, item, note', 'readiness_action_info');
  return tablePanel(
    {
      title: 'Next actions',
      description: 'Planned actions, by due date.',
      noData: 'No actions.',
      width: 16,
      height: 9,
    },
    [
      { label: 'action' },
      { label: 'title', name: 'Action', kind: 'wrapped' },
      { label: 'horizon', name: 'Horizon', width: 180 },
      { label: 'about', name: 'Item', kind: 'wrapped' },
      { label: 'note', name: 'Note', kind: 'wrapped' },
    ],
    [
      { refId: 'info', name: '', kind: 'text', expr: `max by (action, title, horizon, about, note) (${withItemTitle(info)})` },
      { refId: 'due', name: 'Due', kind: 'date', width: 105, expr: toMilliseconds(maxBy('action', 'readiness_action_due_timestamp_seconds')) },
    ],
    { by: 'Due', desc: false },
  );
}

function phases() {
  const titled = `${maxBy('cluster, project, phase', 'readiness_phase_end_timestamp_seconds')} * on (cluster, project, phase) group_left (title) ${maxBy('cluster, project, phase, title', 'readiness_phase_info')}`;
  return tablePanel(
    { title: 'Phases', description: 'Phases of the project and their end dates.', noData: 'The project has no phases.', width: 7, height: 9 },
    [{ label: 'phase' }, { label: 'title', name: 'Phase', kind: 'wrapped' }],
    [{ refId: 'A', name: 'End', kind: 'date', width: 105, expr: toMilliseconds(`max by (phase, title) (${titled})`) }],
    { by: 'End', desc: false },
  );
}

function findings() {
  return tablePanel(
    {
      title: 'Findings',
      description: 'Findings of `readiness-exporter check` in the file, by kind: contradictions, and missing data for forecasts.',
      noData: 'No findings.',
      width: 6,
      height: 9,
    },
    [{ label: 'kind', name: 'Kind' }],
    [{ refId: 'A', name: 'Count', kind: 'count', width: 80, expr: `${maxBy('kind', 'readiness_inconsistencies')} > 0` }],
    { by: 'Count', desc: true },
  );
}

function notes() {
  return tablePanel(
    { title: 'Notes', description: 'Notes about the project and its items.', noData: 'No notes.', width: 14, height: 6 },
    [{ label: 'note', name: '#', width: 40 }, { label: 'about', name: 'About', width: 200 }, { label: 'text', name: 'Note', kind: 'wrapped' }],
    [{ refId: 'A', name: '', kind: 'text', expr: `max by (note, about, text) (${withItemTitle(maxBy('cluster, project, note, item, text', 'readiness_note_info'))})` }],
    { by: '#', desc: false },
  );
}


function links() {
  const open = { title: 'Open', url: '${__value.text}' };
  return tablePanel(
    { title: 'Links', description: 'Links of the project and its items to evidence or details.', noData: 'No links.', width: 10, height: 6 },
    [{ label: 'element', name: 'Of', width: 100 }, { label: 'item', name: 'Item' }, { label: 'link', name: 'Link', kind: 'wrapped', link: open }],
    [{ refId: 'A', name: '', kind: 'text', expr: maxBy('element, item, link', 'readiness_link_info') }],
    { by: 'Of', desc: false },
  );
}
