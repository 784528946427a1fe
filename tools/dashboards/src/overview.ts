/** Where every project stands. */

import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';

import { alerts, frame, projects, replans } from './frame.js';
import { DASHED, LATENESS, NONE_WANTED, UNLISTED, figure, fixed, lines, listing, scheme, series, values } from './parts.js';
import type { Label } from './parts.js';
import { OPEN_MILESTONES, P85, WITH_RISKS, date, days, milestone, most } from './promql.js';
import { COUNT, DAYS, GREY, PERCENT } from './units.js';

const EARNED = most('project', 'readiness_project_completion_ratio', 'method="earned"');
const SLIP = days(most('project', 'readiness_project_slip_seconds', ...P85));
const OPEN_BLOCKERS =
  `${most('project, area, workstream', 'readiness_workstream_info', 'blocker="true"')} and on (project, area, workstream) ` +
  `${most('project, area, workstream', 'readiness_workstream_completion_ratio')} < 1`;
const FIRING = `max by (alertname, severity, project, root, milestone, area, workstream, task, file) (ALERTS{alertname=~"Readiness.+",alertstate="firing",project=~"$project|"})`;

export const overview = () =>
  frame({
    uid: 'readiness-overview',
    title: 'Readiness / Overview',
    description: 'Where every project stands, and what will be late.',
    variables: [projects()],
    until: 'now',
  })
    .annotation(alerts())
    .annotation(replans())
    .withPanel(
      figure(
        { title: 'Projects', description: 'How many projects are watched.', none: 'none', width: 4, height: 4 },
        COUNT,
        values('A', `count(${most('project', 'readiness_project_info')})`, 'projects'),
      ),
    )
    .withPanel(
      figure(
        {
          title: 'Will be late',
          description: 'Projects whose P85 forecast lies a working day or more after their target.',
          none: '0',
          width: 5,
          height: 4,
        },
        COUNT,
        values('A', `count(${SLIP} >= 1) or vector(0)`, 'late'),
      ).thresholds(NONE_WANTED),
    )
    .withPanel(
      figure(
        {
          title: 'Largest slip',
          description: 'By how many working days the P85 forecast of the latest project misses its target; below 0 there is time left.',
          none: 'no forecast',
          width: 5,
          height: 4,
        },
        DAYS,
        values('A', `max(${SLIP})`, 'slip'),
      ).thresholds(LATENESS).decimals(1),
    )
    .withPanel(
      figure(
        {
          title: 'Blockers open',
          description: 'Workstreams that others wait for, and that are not finished.',
          none: '0',
          width: 5,
          height: 4,
        },
        COUNT,
        values('A', `count(${OPEN_BLOCKERS}) or vector(0)`, 'blockers'),
      ).thresholds(NONE_WANTED),
    )
    .withPanel(
      figure(
        { title: 'Alerts firing', description: 'Readiness alerts that fire now.', none: '0', width: 5, height: 4 },
        COUNT,
        values('A', `count(${FIRING}) or vector(0)`, 'alerts'),
      ).thresholds(NONE_WANTED),
    )
    .withPanel(table())
    .withPanel(
      lines(
        {
          title: 'How late each project is forecast to be',
          description: 'Working days from the target to the P85 forecast, over time; above zero, the target is missed. Blue lines are on time now, orange ones late, red ones late by a week. Beyond ten days the axis is logarithmic.',
          none: 'There is no history yet, or no project has a target.',
          width: 12,
          height: 9,
        },
        DAYS,
        [series('A', SLIP, '{{project}}')],
      )
        .colorScheme(scheme(dashboard.FieldColorModeId.Thresholds).seriesBy(dashboard.FieldColorSeriesByMode.Last))
        .scaleDistribution(new common.ScaleDistributionConfigBuilder().type(common.ScaleDistribution.Symlog).log(10).linearThreshold(10))
        .thresholds(LATENESS)
        .thresholdsStyle(new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Line))
        .decimals(0),
    )
    .withPanel(
      lines(
        {
          title: 'Completion earned',
          description: 'How much of each project is earned by its tasks; dashed, what its baseline plans. Yellow lines have far to go, blue ones are nearly there.',
          none: 'There is no history yet, or no project has areas.',
          width: 12,
          height: 9,
        },
        PERCENT,
        [
          series('A', EARNED, '{{project}}'),
          series('B', most('project', 'readiness_project_baseline_completion_ratio'), '{{project}} planned'),
        ],
      )
        .min(0)
        .max(1)
        .colorScheme(scheme(dashboard.FieldColorModeId.ContinuousYlBl).seriesBy(dashboard.FieldColorSeriesByMode.Last))
        .overrideByRegexp('/ planned$/', [fixed(GREY), DASHED, UNLISTED, { id: 'custom.lineWidth', value: 1 }]),
    )
    .withPanel(next())
    .withPanel(firing());

function table() {
  const nextMilestone = `bottomk by (project) (1, ${most('project, milestone', 'readiness_milestone_due_timestamp_seconds')} ${OPEN_MILESTONES})`;
  return listing(
    {
      title: 'Where each project stands',
      description: 'One project in a row. P85: the day that everything is finished by with 85 %. Late: working days from the target to that. Age: days since the status. Click a project to look into it.',
      none: 'No project is watched: does Prometheus scrape the exporter?',
      width: 24,
      height: 10,
    },
    [
      { label: 'project', name: 'Project', width: 105, link: { title: 'Look into it', url: '/d/readiness-project?var-project=${__data.fields.Project}&${datasource:queryparam}' } },
      { label: 'status', name: 'Status', width: 95, kind: 'long' },
      { label: 'next', name: 'Next milestone', kind: 'long' },
    ],
    [
      { refId: 'info', name: '', kind: 'text', expr: most('project, status', 'readiness_project_info') },
      { refId: 'due', name: 'Due', kind: 'date', width: 95, expr: date(`max by (project, next) (label_replace(${milestone(`(${nextMilestone})`)}, "next", "$1", "title", "(.+)"))`) },
      { refId: 'earned', name: 'Earned', kind: 'gauge', width: 105, expr: EARNED },
      { refId: 'reported', name: 'Reported', kind: 'percent', width: 80, expr: most('project', 'readiness_project_completion_ratio', 'method="reported"') },
      { refId: 'target', name: 'Target', kind: 'date', width: 95, expr: date(most('project', 'readiness_project_target_timestamp_seconds')) },
      { refId: 'p85', name: 'P85', kind: 'date', width: 95, expr: date(most('project', 'readiness_project_forecast_timestamp_seconds', ...P85)) },
      { refId: 'slip', name: 'Late', kind: 'late', width: 75, expr: SLIP },
      { refId: 'chance', name: 'On time', kind: 'chance', width: 72, expr: most('project', 'readiness_project_on_time_probability_ratio', WITH_RISKS) },
      { refId: 'blockers', name: 'Blockers', kind: 'wanted-none', width: 75, expr: `count by (project) (${OPEN_BLOCKERS})` },
      { refId: 'findings', name: 'Findings', kind: 'wanted-none', width: 75, expr: `sum by (project) (${most('project, kind', 'readiness_inconsistencies')})` },
      { refId: 'age', name: 'Age', kind: 'days', width: 60, expr: days(`(time() - ${most('project', 'readiness_project_as_of_timestamp_seconds')})`) },
    ],
    { by: 'Late', desc: true },
  );
}

function next() {
  const open = (expression: string) => milestone(`(${expression} ${OPEN_MILESTONES})`);
  const due = most('project, milestone', 'readiness_milestone_due_timestamp_seconds');
  const slip = most('project, milestone', 'readiness_milestone_slip_seconds', ...P85);
  const soon = `${due} < time() + 45 * 86400`;
  return listing(
    {
      title: 'Milestones of the next 45 days',
      description: 'Open milestones that are due soon or are overdue, the first one first.',
      none: 'No open milestone is due within 45 days.',
      width: 12,
      height: 9,
    },
    [
      { label: 'project', name: 'Project', width: 130 },
      { label: 'milestone' },
      { label: 'title', name: 'Milestone', kind: 'long', link: { title: 'Its forecasts', url: '/d/readiness-milestones?var-project=${__data.fields.Project}&${datasource:queryparam}' } },
    ],
    [
      { refId: 'due', name: 'Due', kind: 'date', width: 105, expr: date(open(soon)) },
      { refId: 'p85', name: 'P85', kind: 'date', width: 105, expr: date(open(`${most('project, milestone', 'readiness_milestone_forecast_timestamp_seconds', ...P85)} and ${soon}`)) },
      { refId: 'slip', name: 'Late', kind: 'late', width: 85, expr: days(open(`${slip} and ${soon}`)) },
    ],
    { by: 'Due', desc: false },
  );
}

/** Alerts without what all their names begin with, and what each is about. */
export function firing(width = 12, height = 9, ofOneProject = false) {
  const labels = 'alertname, severity, project, root, milestone, area, workstream, task, file';
  const since = `max by (${labels}) (ALERTS_FOR_STATE{alertname=~"Readiness.+",project=~"$project|"}) and ${FIRING}`;
  const short = `label_replace((${since}), "alert", "$1", "alertname", "Readiness(.+)")`;
  const about = `label_join(label_join(${short}, "path", "/", "area", "workstream", "task"), "about", "", "root", "milestone", "file", "path")`;
  const named = `label_replace(${about}, "about", "$1", "about", "(.*?)/*")`;
  const project: Label[] = ofOneProject ? [] : [{ label: 'project', name: 'Project', width: 110 }];
  const runbook = 'https://github.com/readiness-exporter/readiness-exporter/blob/main/docs/runbooks/Readiness${__value.text}.md';
  return listing(
    {
      title: 'Alerts that fire',
      description: 'What the shipped rules say now. Click an alert to read what it means, and how to mend it.',
      none: 'No alert fires.',
      width,
      height,
    },
    [
      { label: 'alert', name: 'Alert', width: 165, link: { title: 'What it means', url: runbook } },
      ...project,
      { label: 'about', name: 'About', kind: 'long' },
    ],
    [{ refId: 'A', name: 'Since', kind: 'date', width: 105, expr: date(`max by (alert, ${ofOneProject ? '' : 'project, '}about) (${named})`) }],
    { by: 'Since', desc: true },
  );
}
