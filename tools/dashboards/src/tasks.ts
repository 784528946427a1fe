/** All tasks, and those that need attention. */

import * as common from '@grafana/grafana-foundation-sdk/common';

import { areaVariable, assigneeVariable, createDashboard, projectVariables, statusVariable, workstreamVariable } from './frame.js';
import { ZERO_IS_GOOD, statPanel, fixedColor, timeSeriesPanel, tablePanel, rangeQuery, instantQuery } from './parts.js';
import { toMilliseconds, maxBy, selector } from './promql.js';
import { COUNT, FAINT, GOOD, GREY, WARN } from './units.js';

const TASK = 'area, workstream, task';
const AREA_MATCHERS = ['area=~"$area"', 'workstream=~"$workstream"'];
const TASK_MATCHERS = ['status=~"$status"', 'assignee=~"$assignee"'];

/** Unfinished tasks. */
const OPEN = `${maxBy(TASK, 'readiness_task_completion_ratio', ...AREA_MATCHERS)} < 1`;
const DUE = maxBy(TASK, 'readiness_task_due_timestamp_seconds', ...AREA_MATCHERS);

export const tasks = () => {
  const builder = createDashboard({
    uid: 'readiness-tasks',
    title: 'Readiness / Tasks',
    description: 'Tasks by area, workstream, status and assignee; overdue, upcoming, stalled and waived tasks.',
    variables: [...projectVariables(), areaVariable(), workstreamVariable(), statusVariable(), assigneeVariable()],
    until: 'now',
  });
  const counts = [
    statusCount('Done', 'Tasks with status done.', 'done'),
    statusCount('Partial', 'Tasks with status partial: started, but not finished.', 'partial'),
    statusCount('To do', 'Tasks with status todo: not started.', 'todo'),
    statusCount('Waived', 'Tasks with a waiver: not required for now.', 'waived'),
  ];
  counts.forEach((panel) => builder.withPanel(panel));
  return builder
    .withPanel(overdueCount())
    .withPanel(dueSoonCount())
    .withPanel(tasksTable())
    .withPanel(partialTasks())
    .withPanel(dueSoonTasks())
    .withPanel(waivedTasks())
    .withPanel(history());
};

function statusCount(title: string, description: string, status: string) {
  const sum = `sum(${maxBy('area, workstream', 'readiness_tasks', ...AREA_MATCHERS, `status="${status}"`)}) or vector(0)`;
  return statPanel({ title, description, noData: '0', width: 4, height: 4 }, COUNT, instantQuery('A', sum, title));
}

function overdueCount() {
  return statPanel(
    { title: 'Overdue', description: 'Open tasks whose due date has passed.', noData: '0', width: 4, height: 4 },
    COUNT,
    instantQuery('A', `count((${DUE} < time()) and ${OPEN}) or vector(0)`, 'overdue'),
  ).thresholds(ZERO_IS_GOOD);
}

function dueSoonCount() {
  return statPanel(
    { title: 'Due in 14 days', description: 'Open tasks that are due within 14 days.', noData: '0', width: 4, height: 4 },
    COUNT,
    instantQuery('A', `count((${DUE} >= time() < time() + 14 * 86400) and ${OPEN}) or vector(0)`, 'soon'),
  );
}

function tasksTable() {
  const labels = 'area, workstream, task, title, status, assignee';
  return tablePanel(
    {
      title: 'Tasks',
      description: 'Tasks of the selected areas, workstreams, statuses and assignees. Click a column header to sort, or its funnel to filter.',
      noData: 'No matching tasks, or the exporter runs with --metrics.tasks=false.',
      width: 24,
      height: 14,
    },
    [
      { label: 'area', name: 'Area', width: 130 },
      { label: 'workstream', name: 'Workstream', width: 130 },
      { label: 'task' },
      { label: 'title', name: 'Task' },
      { label: 'status', name: 'Status', width: 90 },
      { label: 'assignee', name: 'Assignee', width: 110 },
    ],
    [
      { refId: 'info', name: '', kind: 'text', expr: maxBy(labels, 'readiness_task_info', ...AREA_MATCHERS, ...TASK_MATCHERS) },
      { refId: 'complete', name: 'Complete', kind: 'gauge', width: 130, expr: `${maxBy(TASK, 'readiness_task_completion_ratio', ...AREA_MATCHERS)} and on (${TASK}) ${maxBy(TASK, 'readiness_task_info', ...AREA_MATCHERS, ...TASK_MATCHERS)}` },
      { refId: 'due', name: 'Due', kind: 'date', width: 105, expr: toMilliseconds(`(${DUE} and on (${TASK}) ${maxBy(TASK, 'readiness_task_info', ...AREA_MATCHERS, ...TASK_MATCHERS)})`) },
    ],
    { by: 'Area', desc: false },
  ).filterable(true);
}

function partialTasks() {
  const labels = `${TASK}, title, assignee`;
  const days = `count_over_time((${maxBy(labels, 'readiness_task_info', ...AREA_MATCHERS, 'status="partial"')})[90d:1d])`;
  return tablePanel(
    {
      title: 'Oldest partial tasks',
      description: 'Partial tasks, by the number of days with this status in the last 90 days.',
      noData: 'No partial tasks.',
      width: 12,
      height: 10,
    },
    [{ label: 'area', name: 'Area', width: 120 }, { label: 'workstream' }, { label: 'task' }, { label: 'title', name: 'Task' }, { label: 'assignee', name: 'Assignee', width: 100 }],
    [{ refId: 'A', name: 'Days', kind: 'count', width: 70, expr: `topk(20, ${days} and on (${TASK}) ${selector('readiness_task_info', ...AREA_MATCHERS, 'status="partial"')})` }],
    { by: 'Days', desc: true },
  );
}

function dueSoonTasks() {
  const title = maxBy(`${TASK}, title, assignee`, 'readiness_task_info', ...AREA_MATCHERS);
  const due = `((${DUE} < time() + 30 * 86400) and ${OPEN})`;
  return tablePanel(
    {
      title: 'Overdue and due within 30 days',
      description: 'Open tasks that are overdue or due within 30 days, by due date.',
      noData: 'No open tasks are due within 30 days.',
      width: 12,
      height: 10,
    },
    [{ label: 'area', name: 'Area', width: 120 }, { label: 'workstream' }, { label: 'task' }, { label: 'title', name: 'Task' }, { label: 'assignee', name: 'Assignee', width: 100 }],
    [{ refId: 'A', name: 'Due', kind: 'date', width: 105, expr: toMilliseconds(`(${due} * on (${TASK}) group_left (title, assignee) ${title})`) }],
    { by: 'Due', desc: false },
  );
}

function waivedTasks() {
  const title = maxBy(`${TASK}, title`, 'readiness_task_info', ...AREA_MATCHERS, 'status="waived"');
  return tablePanel(
    {
      title: 'Waived tasks',
      description: 'Tasks with a waiver, its reason and its expiry date.',
      noData: 'No waived tasks.',
      width: 12,
      height: 9,
    },
    [{ label: 'area', name: 'Area', width: 120 }, { label: 'workstream' }, { label: 'task' }, { label: 'title', name: 'Task' }, { label: 'reason', name: 'Reason', kind: 'wrapped' }],
    [
      { refId: 'info', name: '', kind: 'text', expr: title },
      { refId: 'reason', name: '', kind: 'text', expr: maxBy(`${TASK}, reason`, 'readiness_task_waiver_info', ...AREA_MATCHERS) },
      { refId: 'until', name: 'Until', kind: 'date', width: 105, expr: toMilliseconds(maxBy(TASK, 'readiness_task_waived_until_timestamp_seconds', ...AREA_MATCHERS)) },
    ],
    { by: 'Until', desc: false },
  );
}

function history() {
  const sum = (status: string) => `sum(${maxBy('area, workstream', 'readiness_tasks', ...AREA_MATCHERS, `status="${status}"`)})`;
  return timeSeriesPanel(
    {
      title: 'Tasks by status',
      description: 'Number of tasks by status, over time.',
      noData: 'No history yet, or no tasks.',
      width: 12,
      height: 9,
    },
    COUNT,
    [rangeQuery('A', sum('done'), 'Done'), rangeQuery('B', sum('partial'), 'Partial'), rangeQuery('C', sum('todo'), 'To do'), rangeQuery('D', sum('waived'), 'Waived')],
  )
    .min(0)
    .fillOpacity(70)
    .lineWidth(0)
    .decimals(0)
    .stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal))
    .overrideByName('Done', [fixedColor(GOOD)])
    .overrideByName('Partial', [fixedColor(WARN)])
    .overrideByName('To do', [fixedColor(GREY)])
    .overrideByName('Waived', [fixedColor(FAINT)]);
}
