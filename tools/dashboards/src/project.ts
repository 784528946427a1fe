/** One project: how far it is, what is left, and what is in the way. */

import * as common from '@grafana/grafana-foundation-sdk/common';
import type * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';

import { alerts, areas, frame, oneProject, replans, reports } from './frame.js';
import { firing } from './overview.js';
import { CHANCE_IF_ANY, DASHED, LATENESS, arrange, figure, fixed, gauges, lines, listing, scheme, segments, series, thresholds, trend, values } from './parts.js';
import type { About, Segment } from './parts.js';
import { P50, P85, WITH_RISKS, about, date, days, greater, item, lesser, milestone, most, now, workstream } from './promql.js';
import { BAD, COUNT, DATE, DAYS, DEEP, GOOD, GREY, PALE, PERCENT, WARN } from './units.js';

const AREA = 'area=~"$area"';

export const project = () => {
  const builder = frame({
    uid: 'readiness-project',
    title: 'Readiness / Project',
    description: 'One project: how far it is, what is left to do, what is in the way, and what changed this week.',
    variables: [oneProject(), areas()],
    until: 'now+90d',
  });
  builder.annotation(alerts()).annotation(replans()).annotation(reports());
  for (const panel of [...headline(), completion(), burnUp(), left(), breakdown(), coverage(), blockers(), risks()]) {
    builder.withPanel(panel);
  }
  for (const panel of [changes(), actions(), firing(11, 9, true), phases(), findings(), notes()]) {
    builder.withPanel(panel);
  }
  return builder;
};

function headline() {
  const small = (title: string, description: string, none: string): About => ({ title, description, none, width: 3, height: 4 });
  const one = (metric: string, ...matchers: string[]) => most('project', metric, ...matchers);
  return [
    trend(
      small('Earned', 'How much of the project its tasks earn. A partial task counts what its file says, or else nothing.', 'no areas'),
      PERCENT,
      values('A', one('readiness_project_completion_ratio', 'method="earned"'), 'earned'),
    ).min(0).max(1).decimals(1),
    figure(
      small('Reported', 'How much of the project people say is complete.', 'not reported'),
      PERCENT,
      values('A', one('readiness_project_completion_ratio', 'method="reported"'), 'reported'),
    ).decimals(0),
    figure(
      small('Target', 'The day on which the project has to be ready.', 'none set'),
      DATE,
      values('A', date(one('readiness_project_target_timestamp_seconds')), 'target'),
    ),
    figure(
      small('P85', 'Everything is finished by this day with a probability of 85 %, risks included.', 'nothing left'),
      DATE,
      values('A', date(one('readiness_project_forecast_timestamp_seconds', ...P85)), 'P85'),
    ),
    figure(
      small('Late', 'Working days from the target to the forecast; below 0 there is time left.', 'no forecast'),
      DAYS,
      values('A', days(one('readiness_project_slip_seconds', ...P85)), 'late'),
    ).thresholds(LATENESS).decimals(1),
    figure(
      small('On time', 'The probability that everything is finished by the target, risks included.', 'no forecast'),
      PERCENT,
      values('A', one('readiness_project_on_time_probability_ratio', WITH_RISKS), 'on time'),
    ).thresholds(CHANCE_IF_ANY).decimals(0),
    figure(
      small('TSPI', 'To-complete SPI(t): how much faster than planned the rest has to go to keep the baseline. Above 1.10 it is very unlikely to be kept.', 'no baseline'),
      COUNT,
      values('A', one('readiness_project_to_complete_schedule_performance_ratio'), 'TSPI'),
    ).thresholds(thresholds([null, GOOD], [1, WARN], [1.1, BAD])).decimals(2),
    figure(
      small('Status age', 'Days since the status was last reported. From a week on, it is old.', 'no status'),
      DAYS,
      values('A', days(`(time() - ${one('readiness_project_as_of_timestamp_seconds')})`), 'age'),
    ).thresholds(thresholds([null, GOOD], [7, WARN], [14, BAD])).decimals(0),
  ];
}

/**
 * An area's bar: what is earned, then what it would earn besides if every partial task counted half. What is
 * reported is a mark across it, so that each part may lie on both sides of the mark.
 */
function completion() {
  const by = 'project, area';
  const streams = 'project, area, workstream';
  const earned = most(by, 'readiness_area_completion_ratio', 'method="earned"', AREA);
  const tasks = (matcher: string) => `sum by (${streams}) (${most(`${streams}, status`, 'readiness_tasks', AREA, 'workstream!=""', matcher)})`;
  const halves = `(${tasks('status="done"')} + 0.5 * ${tasks('status="partial"')}) / ${tasks('status!="waived"')}`;
  const gain = `${halves} - ${most(streams, 'readiness_workstream_completion_ratio', AREA)}`;
  const points = most(streams, 'readiness_workstream_points', AREA);
  const half = `(${earned} + (0.01 * sum by (${by}) (${points} * clamp_min(${gain}, 0)) or 0 * ${earned}))`;
  const reported = `(${most(by, 'readiness_area_completion_ratio', 'method="reported"', AREA)} or ${earned} * 0 - 1)`;
  const mark = 0.008;
  const before = (bound: string) => `clamp_min(${lesser(bound, reported)}, 0)`;
  const after = (bound: string, below: string) => `clamp_min(${bound} - ${greater(below, reported)}, 0)`;
  const titled = (expression: string) =>
    `max by (title) ((${expression}) * on (project, area) group_left (title) ${most('project, area, title', 'readiness_area_info', AREA)})`;
  const parts: Segment[] = [
    { refId: 'a', name: 'Earned', expr: before(earned), color: GOOD },
    { refId: 'b', name: 'If partial tasks counted half', expr: `${before(half)} - ${before(earned)}`, color: PALE },
    { refId: 'c', name: 'gap', expr: `clamp_min(${reported} - ${half}, 0)` },
    { refId: 'd', name: 'Reported', expr: `${mark} * (${reported} >= bool 0)`, color: WARN },
    { refId: 'e', name: 'Earned ', expr: after(earned, `(${earned} * 0)`), color: GOOD, unlisted: true },
    { refId: 'f', name: 'If partial tasks counted half ', expr: after(half, earned), color: PALE, unlisted: true },
  ].map((part) => ({ ...part, expr: titled(part.expr) }));
  const panel = segments(
    {
      title: 'Areas',
      description: 'What each area has earned. The pale part is what it would earn besides if every partial task counted half. The mark is what people report.',
      none: 'The project has no areas yet.',
      width: 10,
      height: 9,
    },
    PERCENT,
    'title',
    parts,
  );
  return arrange(panel.min(0).max(1), 'title', parts);
}

function burnUp() {
  const start = now('readiness_forecast_start_timestamp_seconds');
  const done = now('readiness_project_completion_ratio', 'method="earned"');
  const forecast = (name: string, percentile: string[]) => {
    const end = now('readiness_project_forecast_timestamp_seconds', ...percentile);
    const line = `vector(${done} + (1 - ${done}) * (time() - ${start}) / (${end} - ${start}))`;
    return series(name, `(${line} and on () vector(time()) >= ${start}) <= 1`, `Forecast ${name}`).interval('6h');
  };
  const target = now('readiness_project_target_timestamp_seconds');
  const required = `vector(${done} + (1 - ${done}) * (time() - ${start}) / (${target} - ${start}))`;
  return lines(
    {
      title: 'Burn-up',
      description: 'Completion earned and reported so far, and the plan. Dashed: where the forecasts lead, and the pace that the target needs.',
      none: 'There is no history yet, or the project has no areas.',
      width: 14,
      height: 9,
    },
    PERCENT,
    [
      series('Earned', most('project', 'readiness_project_completion_ratio', 'method="earned"'), 'Earned'),
      series('Reported', most('project', 'readiness_project_completion_ratio', 'method="reported"'), 'Reported'),
      series('Plan', most('project', 'readiness_project_baseline_completion_ratio'), 'Plan'),
      series('Required', `(${required} and on () vector(time()) >= ${start}) <= 1`, 'Required pace').interval('6h'),
      forecast('P50', P50),
      forecast('P85', P85),
    ],
  )
    .min(0)
    .max(1)
    .decimals(0)
    .lineInterpolation(common.LineInterpolation.Linear)
    .overrideByName('Earned', [fixed(GOOD), { id: 'custom.lineWidth', value: 3 }, { id: 'custom.fillOpacity', value: 10 }])
    .overrideByName('Reported', [fixed(WARN)])
    .overrideByName('Plan', [fixed(GREY)])
    .overrideByName('Required pace', [fixed(GREY), DASHED])
    .overrideByName('Forecast P50', [fixed(PALE.slice(0, 7)), DASHED])
    .overrideByName('Forecast P85', [fixed(DEEP), DASHED]);
}

function left(): bargauge.PanelBuilder {
  const by = 'project, area, workstream';
  const points = `${most(by, 'readiness_workstream_points', AREA)} * (1 - ${most(by, 'readiness_workstream_completion_ratio', AREA)})`;
  return gauges(
    {
      title: 'Points left',
      description: 'What each workstream still has to earn, in percentage points of its area; the largest first.',
      none: 'No workstream carries points, or all are earned.',
      width: 8,
      height: 11,
    },
    COUNT,
    [values('A', `sort_desc(${workstream(`(${points} > 0)`)})`, '{{title}}')],
  ).decimals(1).colorScheme(scheme(dashboard.FieldColorModeId.Fixed, GOOD));
}

function breakdown() {
  const by = 'project, area, component';
  return listing(
    {
      title: 'Breakdown',
      description: 'How complete people say the components of each area are, and how complete they are to be.',
      none: 'No area has a breakdown.',
      width: 16,
      height: 11,
    },
    [{ label: 'area', name: 'Area', width: 125 }, { label: 'component', name: 'Component', kind: 'long' }, { label: 'note', name: 'Note', kind: 'long' }],
    [
      { refId: 'complete', name: 'Complete', kind: 'gauge', width: 110, expr: most('area, component', 'readiness_component_completion_ratio', AREA) },
      { refId: 'target', name: 'Target', kind: 'percent', width: 70, expr: most('area, component', 'readiness_component_target_ratio', AREA) },
      { refId: 'note', name: '', kind: 'text', expr: `${most('area, component, note', 'readiness_component_info', AREA)} and on (area, component) ${most(by, 'readiness_component_completion_ratio', AREA)}` },
    ],
    { by: 'Area', desc: false },
  );
}

function coverage() {
  const target = most('area, feature', 'readiness_coverage_target_ratio', AREA);
  const covered = most('area, feature', 'readiness_coverage_ratio', AREA);
  return listing(
    {
      title: 'Test coverage',
      description: 'How much of each feature is covered by tests, and by how much that misses its target; the worst first.',
      none: 'No area lists test coverage.',
      width: 9,
      height: 9,
    },
    [{ label: 'area' }, { label: 'feature', name: 'Feature', kind: 'long' }],
    [
      { refId: 'covered', name: 'Covered', kind: 'gauge', width: 120, expr: covered },
      { refId: 'target', name: 'Target', kind: 'percent', width: 65, expr: target },
      { refId: 'missing', name: 'Missing', kind: 'percent', width: 90, expr: `clamp_min(${target} - ${covered}, 0)` },
    ],
    { by: 'Missing', desc: true },
  );
}

function blockers() {
  const by = 'project, area, workstream';
  const open = `${most(by, 'readiness_workstream_completion_ratio', AREA)} < 1`;
  const info = item(most('project, area, workstream, title, impact', 'readiness_workstream_info', 'blocker="true"', AREA));
  const is = `and on (item) max by (item) (${info})`;
  const waiting = `label_replace(${most('project, from, to', 'readiness_dependency_info')}, "item", "$1", "from", "([^/]+/[^/]+).*")`;
  return listing(
    {
      title: 'Blockers',
      description: 'Unfinished workstreams that others wait for: how far they are, when they are forecast, and how much waits for them.',
      none: 'Nothing blocks anything.',
      width: 15,
      height: 9,
    },
    [{ label: 'item' }, { label: 'title', name: 'Blocker', kind: 'long' }, { label: 'impact', name: 'What follows', kind: 'long' }],
    [
      { refId: 'info', name: '', kind: 'text', expr: `max by (item, title, impact) (${info} and on (item) ${item(open)})` },
      { refId: 'done', name: 'Done', kind: 'gauge', width: 110, expr: `max by (item) (${item(open)} ${is})` },
      { refId: 'p85', name: 'P85', kind: 'date', width: 105, expr: date(`max by (item) (${item(most(by, 'readiness_workstream_forecast_timestamp_seconds', AREA, ...P85))} ${is})`) },
      { refId: 'waiting', name: 'Waiting', kind: 'count', width: 75, expr: `count by (item) (${waiting} ${is} and on (item) ${item(open)})` },
      { refId: 'points', name: 'Points', kind: 'number', width: 85, expr: `max by (item) (${item(most(by, 'readiness_workstream_blocked_points', AREA))} ${is} and on (item) ${item(open)})` },
    ],
    { by: 'Points', desc: true },
  );
}

function risks() {
  const info = most('project, risk, title, severity, impact, mitigation', 'readiness_risk_info');
  const affects = most('project, risk, item', 'readiness_risk_affects_info');
  const labels = 'risk, about, title, severity, impact, mitigation';
  const all = `max by (${labels}) (${about(affects)} * on (project, risk) group_left (title, severity, impact, mitigation) ${info} or ${info} unless on (project, risk) ${affects})`;
  return listing(
    {
      title: 'Risks',
      description: 'What may go wrong, how likely that is, what it would delay, and what is done against it.',
      none: 'No risk is listed.',
      width: 24,
      height: 10,
    },
    [
      { label: 'risk' },
      { label: 'severity', name: 'Severity', width: 95 },
      { label: 'title', name: 'Risk', kind: 'long' },
      { label: 'about', name: 'Affects', kind: 'long' },
      { label: 'impact', name: 'Impact', kind: 'long' },
      { label: 'mitigation', name: 'Mitigation', kind: 'long' },
    ],
    [
      { refId: 'info', name: '', kind: 'text', expr: all },
      { refId: 'probability', name: 'Probability', kind: 'percent', width: 95, expr: most('risk', 'readiness_risk_probability_ratio') },
      { refId: 'delay', name: 'Delay', kind: 'days', width: 70, expr: days(most('risk', 'readiness_risk_delay_seconds', 'bound="likely"')) },
    ],
    { by: 'Severity', desc: false },
  );
}

function changes() {
  const complete = most('project, area, workstream', 'readiness_workstream_completion_ratio', AREA);
  const before = `max by (project, area, workstream) (readiness_workstream_completion_ratio{project=~"$project",${AREA}} offset 7d)`;
  const p85 = most('project, milestone', 'readiness_milestone_forecast_timestamp_seconds', ...P85);
  const p85Before = `max by (project, milestone) (readiness_milestone_forecast_timestamp_seconds{project=~"$project",${P85.join(',')}} offset 7d)`;
  const moved = `(${p85} - ${p85Before})`;
  return listing(
    {
      title: 'What changed in a week',
      description: 'Workstreams that earned or lost something in seven days, and milestones whose P85 moved by a day or more; later is positive.',
      none: 'Nothing has changed within seven days.',
      width: 8,
      height: 9,
    },
    [{ label: 'title', name: 'What', kind: 'long' }],
    [
      { refId: 'earned', name: 'Earned', kind: 'percent', width: 80, expr: `max by (title) (${workstream(`((${complete} - ${before}) != 0)`)})` },
      { refId: 'moved', name: 'Moved', kind: 'late', width: 80, expr: days(`max by (title) (${milestone(`(${moved} >= 86400 or ${moved} <= -86400)`)})`) },
    ],
  );
}

function actions() {
  const info = most('project, action, title, horizon, item, note', 'readiness_action_info');
  return listing(
    {
      title: 'Next actions',
      description: 'What people wrote down to do next, by the day or month until which it is to be done.',
      none: 'No action is listed.',
      width: 16,
      height: 9,
    },
    [
      { label: 'action' },
      { label: 'title', name: 'Action', kind: 'long' },
      { label: 'horizon', name: 'Horizon', width: 180 },
      { label: 'about', name: 'For', kind: 'long' },
      { label: 'note', name: 'Note', kind: 'long' },
    ],
    [
      { refId: 'info', name: '', kind: 'text', expr: `max by (action, title, horizon, about, note) (${about(info)})` },
      { refId: 'due', name: 'Until', kind: 'date', width: 105, expr: date(most('action', 'readiness_action_due_timestamp_seconds')) },
    ],
    { by: 'Until', desc: false },
  );
}

function phases() {
  const titled = `${most('project, phase', 'readiness_phase_end_timestamp_seconds')} * on (project, phase) group_left (title) ${most('project, phase, title', 'readiness_phase_info')}`;
  return listing(
    { title: 'Phases', description: 'The phases of the plan, and the day on which each ends.', none: 'The plan has no phases.', width: 7, height: 9 },
    [{ label: 'phase' }, { label: 'title', name: 'Phase', kind: 'long' }],
    [{ refId: 'A', name: 'Until', kind: 'date', width: 105, expr: date(`max by (phase, title) (${titled})`) }],
    { by: 'Until', desc: false },
  );
}

function findings() {
  return listing(
    {
      title: 'Findings',
      description: 'What `check` says about the file: where it contradicts itself, or lacks what a forecast needs.',
      none: 'The file is in order.',
      width: 6,
      height: 9,
    },
    [{ label: 'kind', name: 'Kind' }],
    [{ refId: 'A', name: 'Times', kind: 'count', width: 80, expr: `${most('kind', 'readiness_inconsistencies')} > 0` }],
    { by: 'Times', desc: true },
  );
}

function notes() {
  return listing(
    { title: 'Notes', description: 'What people remark about the project and its items.', none: 'There are no notes.', width: 24, height: 6 },
    [{ label: 'note', name: '#', width: 40 }, { label: 'about', name: 'About', width: 200 }, { label: 'text', name: 'Note', kind: 'long' }],
    [{ refId: 'A', name: '', kind: 'text', expr: `max by (note, about, text) (${about(most('project, note, item, text', 'readiness_note_info'))})` }],
    { by: '#', desc: false },
  );
}

