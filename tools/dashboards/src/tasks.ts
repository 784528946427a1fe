/** What to do next: all tasks, and those that want attention. */

import * as common from '@grafana/grafana-foundation-sdk/common';

import { areas, assignees, frame, oneProject, statuses, workstreams } from './frame.js';
import { NONE_WANTED, figure, fixed, lines, listing, series, values } from './parts.js';
import { date, most, selector } from './promql.js';
import { COUNT, FAINT, GOOD, GREY, WARN } from './units.js';

const TASK = 'area, workstream, task';
const WHERE = ['area=~"$area"', 'workstream=~"$workstream"'];
const WHO = ['status=~"$status"', 'assignee=~"$assignee"'];

/** Tasks that wait for nothing but to be done. */
const OPEN = `${most(TASK, 'readiness_task_completion_ratio', ...WHERE)} < 1`;
const DUE = most(TASK, 'readiness_task_due_timestamp_seconds', ...WHERE);

export const tasks = () => {
  const builder = frame({
    uid: 'readiness-tasks',
    title: 'Readiness / Tasks',
    description: 'What to do next: all tasks by area, workstream, status and person, and those that want attention.',
    variables: [oneProject(), areas(), workstreams(), statuses(), assignees()],
    until: 'now',
  });
  const counts = [
    count('Done', 'Finished tasks.', 'done'),
    count('Partial', 'Tasks that were begun.', 'partial'),
    count('To do', 'Tasks that nobody has begun.', 'todo'),
    count('Waived', 'Tasks that needn’t be done for now.', 'waived'),
  ];
  counts.forEach((panel) => builder.withPanel(panel));
  return builder
    .withPanel(overdue())
    .withPanel(soonCount())
    .withPanel(all())
    .withPanel(partial())
    .withPanel(soon())
    .withPanel(waived())
    .withPanel(history());
};

function count(title: string, description: string, status: string) {
  const sum = `sum(${most('area, workstream', 'readiness_tasks', ...WHERE, `status="${status}"`)}) or vector(0)`;
  return figure({ title, description, none: '0', width: 4, height: 4 }, COUNT, values('A', sum, title));
}

function overdue() {
  return figure(
    { title: 'Overdue', description: 'Open tasks whose day has gone by.', none: '0', width: 4, height: 4 },
    COUNT,
    values('A', `count((${DUE} < time()) and ${OPEN}) or vector(0)`, 'overdue'),
  ).thresholds(NONE_WANTED);
}

function soonCount() {
  return figure(
    { title: 'Due in 14 days', description: 'Open tasks that are due within fourteen days.', none: '0', width: 4, height: 4 },
    COUNT,
    values('A', `count((${DUE} >= time() < time() + 14 * 86400) and ${OPEN}) or vector(0)`, 'soon'),
  );
}

function all() {
  const labels = 'area, workstream, task, title, status, assignee';
  return listing(
    {
      title: 'Tasks',
      description: 'Every task of the chosen areas, workstreams, statuses and people. A click on a column’s head sorts; the funnel filters.',
      none: 'No task matches: is the exporter run with --metrics.tasks=false?',
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
      { refId: 'info', name: '', kind: 'text', expr: most(labels, 'readiness_task_info', ...WHERE, ...WHO) },
      { refId: 'complete', name: 'Complete', kind: 'gauge', width: 130, expr: `${most(TASK, 'readiness_task_completion_ratio', ...WHERE)} and on (${TASK}) ${most(TASK, 'readiness_task_info', ...WHERE, ...WHO)}` },
      { refId: 'due', name: 'Due', kind: 'date', width: 105, expr: date(`(${DUE} and on (${TASK}) ${most(TASK, 'readiness_task_info', ...WHERE, ...WHO)})`) },
    ],
    { by: 'Area', desc: false },
  ).filterable(true);
}

function partial() {
  const labels = `${TASK}, title, assignee`;
  const days = `count_over_time((${most(labels, 'readiness_task_info', ...WHERE, 'status="partial"')})[90d:1d])`;
  return listing(
    {
      title: 'Oldest partial tasks',
      description: 'Tasks that were begun and not finished, by the number of days on which they were seen so, of the last ninety.',
      none: 'No task is partial.',
      width: 12,
      height: 10,
    },
    [{ label: 'area', name: 'Area', width: 120 }, { label: 'workstream' }, { label: 'task' }, { label: 'title', name: 'Task' }, { label: 'assignee', name: 'Assignee', width: 100 }],
    [{ refId: 'A', name: 'Days', kind: 'count', width: 70, expr: `topk(20, ${days} and on (${TASK}) ${selector('readiness_task_info', ...WHERE, 'status="partial"')})` }],
    { by: 'Days', desc: true },
  );
}

function soon() {
  const title = most(`${TASK}, title, assignee`, 'readiness_task_info', ...WHERE);
  const due = `((${DUE} < time() + 30 * 86400) and ${OPEN})`;
  return listing(
    {
      title: 'Overdue, and due within 30 days',
      description: 'Open tasks with a date, the first one first.',
      none: 'No open task is due within 30 days.',
      width: 12,
      height: 10,
    },
    [{ label: 'area', name: 'Area', width: 120 }, { label: 'workstream' }, { label: 'task' }, { label: 'title', name: 'Task' }, { label: 'assignee', name: 'Assignee', width: 100 }],
    [{ refId: 'A', name: 'Due', kind: 'date', width: 105, expr: date(`(${due} * on (${TASK}) group_left (title, assignee) ${title})`) }],
    { by: 'Due', desc: false },
  );
}

function waived() {
  const title = most(`${TASK}, title`, 'readiness_task_info', ...WHERE, 'status="waived"');
  return listing(
    {
      title: 'Waived tasks',
      description: 'What needn’t be done, why, and until when.',
      none: 'No task is waived.',
      width: 12,
      height: 9,
    },
    [{ label: 'area', name: 'Area', width: 120 }, { label: 'workstream' }, { label: 'task' }, { label: 'title', name: 'Task' }, { label: 'reason', name: 'Reason', kind: 'long' }],
    [
      { refId: 'info', name: '', kind: 'text', expr: title },
      { refId: 'reason', name: '', kind: 'text', expr: most(`${TASK}, reason`, 'readiness_task_waiver_info', ...WHERE) },
      { refId: 'until', name: 'Until', kind: 'date', width: 105, expr: date(most(TASK, 'readiness_task_waived_until_timestamp_seconds', ...WHERE)) },
    ],
    { by: 'Until', desc: false },
  );
}

function history() {
  const sum = (status: string) => `sum(${most('area, workstream', 'readiness_tasks', ...WHERE, `status="${status}"`)})`;
  return lines(
    {
      title: 'Tasks by status',
      description: 'How many tasks were done, begun, open and waived, over time.',
      none: 'There is no history yet, or there are no tasks.',
      width: 12,
      height: 9,
    },
    COUNT,
    [series('A', sum('done'), 'Done'), series('B', sum('partial'), 'Partial'), series('C', sum('todo'), 'To do'), series('D', sum('waived'), 'Waived')],
  )
    .min(0)
    .fillOpacity(70)
    .lineWidth(0)
    .decimals(0)
    .stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal))
    .overrideByName('Done', [fixed(GOOD)])
    .overrideByName('Partial', [fixed(WARN)])
    .overrideByName('To do', [fixed(GREY)])
    .overrideByName('Waived', [fixed(FAINT)]);
}
