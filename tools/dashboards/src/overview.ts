/** Status of all projects. */

import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';

import { firingAlerts, createDashboard, projectsVariables, dueDateChanges } from './frame.js';
import { DASHED, SLIP_THRESHOLDS, ZERO_IS_GOOD, HIDDEN_IN_LEGEND, statPanel, fixedColor, timeSeriesPanel, tablePanel, colorScheme, rangeQuery, instantQuery } from './parts.js';
import type { LabelColumn } from './parts.js';
import { ALERTS_OF_PROJECT, OPEN_MILESTONES, nameWithCluster, P85, WITH_RISKS, toMilliseconds, toDays, withMilestoneTitle, maxBy } from './promql.js';
import { COUNT, DAYS, GREY, PERCENT } from './units.js';

const EARNED = maxBy('cluster, project', 'readiness_project_completion_ratio', 'method="earned"');
const SLIP_DAYS = toDays(maxBy('cluster, project', 'readiness_project_slip_seconds', ...P85));
const OPEN_BLOCKERS =
  `${maxBy('cluster, project, area, workstream', 'readiness_workstream_info', 'blocker="true"')} and on (cluster, project, area, workstream) ` +
  `${maxBy('cluster, project, area, workstream', 'readiness_workstream_completion_ratio')} < 1`;
const ALERT_LABELS = 'alertname, severity, cluster, project, root, milestone, area, workstream, task, file';
const FIRING = `max by (${ALERT_LABELS}) (ALERTS{${ALERTS_OF_PROJECT},alertstate="firing"})`;

/** The column of the cluster. Where no series has the label, Grafana shows no column. */
const CLUSTER_COLUMN: LabelColumn = { label: 'cluster', name: 'Cluster', width: 100 };

export const overview = () =>
  createDashboard({
    uid: 'readiness-overview',
    title: 'Readiness / Overview',
    description: 'Status and forecast of all projects.',
    variables: projectsVariables(),
    until: 'now',
  })
    .annotation(firingAlerts())
    .annotation(dueDateChanges())
    .withPanel(
      statPanel(
        { title: 'Projects', description: 'Number of projects served.', noData: 'none', width: 4, height: 4 },
        COUNT,
        instantQuery('A', `count(${maxBy('cluster, project', 'readiness_project_info')})`, 'projects'),
      ),
    )
    .withPanel(
      statPanel(
        {
          title: 'Projects late',
          description: 'Projects whose P85 forecast is at least one working day after the target.',
          noData: '0',
          width: 5,
          height: 4,
        },
        COUNT,
        instantQuery('A', `count(${SLIP_DAYS} >= 1) or vector(0)`, 'late'),
      ).thresholds(ZERO_IS_GOOD),
    )
    .withPanel(
      statPanel(
        {
          title: 'Largest slip',
          description: 'Working days from the target to the P85 forecast, of the project with the largest slip. Negative: before the target.',
          noData: 'no forecast',
          width: 5,
          height: 4,
        },
        DAYS,
        instantQuery('A', `max(${SLIP_DAYS})`, 'slip'),
      ).thresholds(SLIP_THRESHOLDS).decimals(1),
    )
    .withPanel(
      statPanel(
        {
          title: 'Open blockers',
          description: 'Unfinished workstreams that are marked as blockers.',
          noData: '0',
          width: 5,
          height: 4,
        },
        COUNT,
        instantQuery('A', `count(${OPEN_BLOCKERS}) or vector(0)`, 'blockers'),
      ).thresholds(ZERO_IS_GOOD),
    )
    .withPanel(
      statPanel(
        { title: 'Alerts firing', description: 'Number of firing readiness alerts.', noData: '0', width: 5, height: 4 },
        COUNT,
        instantQuery('A', `count(${FIRING}) or vector(0)`, 'alerts'),
      ).thresholds(ZERO_IS_GOOD),
    )
    .withPanel(projectsTable())
    .withPanel(
      timeSeriesPanel(
        {
          title: 'Slip by project',
          description: 'Working days from the target to the P85 forecast. Above zero, the target is missed. Colour by current slip: blue is on time, orange is late, red is late by a week or more. The axis is logarithmic beyond 10 days.',
          noData: 'No history yet, or no projects with a target.',
          width: 12,
          height: 9,
        },
        DAYS,
        [rangeQuery('A', nameWithCluster(SLIP_DAYS, 'project'), '{{project}}')],
      )
        .colorScheme(colorScheme(dashboard.FieldColorModeId.Thresholds).seriesBy(dashboard.FieldColorSeriesByMode.Last))
        .scaleDistribution(new common.ScaleDistributionConfigBuilder().type(common.ScaleDistribution.Symlog).log(10).linearThreshold(10))
        .thresholds(SLIP_THRESHOLDS)
        .thresholdsStyle(new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Line))
        .decimals(0),
    )
    .withPanel(
      timeSeriesPanel(
        {
          title: 'Earned completion',
          description: 'Completion of each project by its tasks (solid), and of its baseline (dashed). Colour by current completion, from yellow (low) to blue (high).',
          noData: 'No history yet, or no projects with areas.',
          width: 12,
          height: 9,
        },
        PERCENT,
        [
          rangeQuery('A', nameWithCluster(EARNED, 'project'), '{{project}}'),
          rangeQuery('B', nameWithCluster(maxBy('cluster, project', 'readiness_project_baseline_completion_ratio'), 'project'), '{{project}} baseline'),
        ],
      )
        .min(0)
        .max(1)
        .colorScheme(colorScheme(dashboard.FieldColorModeId.ContinuousYlBl).seriesBy(dashboard.FieldColorSeriesByMode.Last))
        .overrideByRegexp('/ baseline$/', [fixedColor(GREY), DASHED, HIDDEN_IN_LEGEND, { id: 'custom.lineWidth', value: 1 }]),
    )
    .withPanel(upcomingMilestones())
    .withPanel(firingAlertsTable());

function projectsTable() {
  const nextMilestone = `bottomk by (cluster, project) (1, ${maxBy('cluster, project, milestone', 'readiness_milestone_due_timestamp_seconds')} ${OPEN_MILESTONES})`;
  return tablePanel(
    {
      title: 'Project status',
      description: 'One row per project. P85: finish date with 85 % probability. Slip: working days from the target to P85. Age: days since the status date. Click a project to open its dashboard.',
      noData: 'No projects. Is the exporter scraped by Prometheus?',
      width: 24,
      height: 10,
    },
    [
      { label: 'project', name: 'Project', width: 105, link: { title: 'Open project', url: '/d/readiness-project?var-project=${__data.fields.Project}&var-cluster=${__data.fields.Cluster}&${datasource:queryparam}' } },
      CLUSTER_COLUMN,
      { label: 'status', name: 'Status', width: 95, kind: 'wrapped' },
      { label: 'next', name: 'Next milestone', kind: 'wrapped' },
    ],
    [
      { refId: 'info', name: '', kind: 'text', expr: maxBy('cluster, project, status', 'readiness_project_info') },
      { refId: 'due', name: 'Due', kind: 'date', width: 95, expr: toMilliseconds(`max by (cluster, project, next) (label_replace(${withMilestoneTitle(`(${nextMilestone})`)}, "next", "$1", "title", "(.+)"))`) },
      { refId: 'earned', name: 'Earned', kind: 'gauge', width: 105, expr: EARNED },
      { refId: 'reported', name: 'Reported', kind: 'percent', width: 80, expr: maxBy('cluster, project', 'readiness_project_completion_ratio', 'method="reported"') },
      { refId: 'target', name: 'Target', kind: 'date', width: 95, expr: toMilliseconds(maxBy('cluster, project', 'readiness_project_target_timestamp_seconds')) },
      { refId: 'p85', name: 'P85', kind: 'date', width: 95, expr: toMilliseconds(maxBy('cluster, project', 'readiness_project_forecast_timestamp_seconds', ...P85)) },
      { refId: 'slip', name: 'Slip', kind: 'slip', width: 75, expr: SLIP_DAYS },
      { refId: 'probability', name: 'On time', kind: 'probability', width: 72, expr: maxBy('cluster, project', 'readiness_project_on_time_probability_ratio', WITH_RISKS) },
      { refId: 'blockers', name: 'Blockers', kind: 'zero-is-good', width: 75, expr: `count by (cluster, project) (${OPEN_BLOCKERS})` },
      { refId: 'findings', name: 'Findings', kind: 'zero-is-good', width: 75, expr: `sum by (cluster, project) (${maxBy('cluster, project, kind', 'readiness_inconsistencies')})` },
      { refId: 'age', name: 'Age', kind: 'days', width: 60, expr: toDays(`(time() - ${maxBy('cluster, project', 'readiness_project_as_of_timestamp_seconds')})`) },
    ],
    { by: 'Slip', desc: true },
  );
}

function upcomingMilestones() {
  const open = (expression: string) => withMilestoneTitle(`(${expression} ${OPEN_MILESTONES})`);
  const due = maxBy('cluster, project, milestone', 'readiness_milestone_due_timestamp_seconds');
  const slip = maxBy('cluster, project, milestone', 'readiness_milestone_slip_seconds', ...P85);
  const soon = `${due} < time() + 45 * 86400`;
  return tablePanel(
    {
      title: 'Milestones due within 45 days',
      description: 'Open milestones that are overdue or due within 45 days, by due date.',
      noData: 'No open milestones are due within 45 days.',
      width: 12,
      height: 9,
    },
    [
      { label: 'project', name: 'Project', width: 130 },
      CLUSTER_COLUMN,
      { label: 'milestone' },
      { label: 'title', name: 'Milestone', kind: 'wrapped', link: { title: 'Open milestones', url: '/d/readiness-milestones?var-project=${__data.fields.Project}&var-cluster=${__data.fields.Cluster}&${datasource:queryparam}' } },
    ],
    [
      { refId: 'due', name: 'Due', kind: 'date', width: 105, expr: toMilliseconds(open(soon)) },
      { refId: 'p85', name: 'P85', kind: 'date', width: 105, expr: toMilliseconds(open(`${maxBy('cluster, project, milestone', 'readiness_milestone_forecast_timestamp_seconds', ...P85)} and ${soon}`)) },
      { refId: 'slip', name: 'Slip', kind: 'slip', width: 85, expr: toDays(open(`${slip} and ${soon}`)) },
    ],
    { by: 'Due', desc: false },
  );
}

/** Firing alerts, without the prefix `Readiness`, and the item that each is about. */
export function firingAlertsTable(width = 12, height = 9, ofOneProject = false) {
  const since = `max by (${ALERT_LABELS}) (ALERTS_FOR_STATE{${ALERTS_OF_PROJECT}}) and ${FIRING}`;
  const short = `label_replace((${since}), "alert", "$1", "alertname", "Readiness(.+)")`;
  const about = `label_join(label_join(${short}, "path", "/", "area", "workstream", "task"), "about", "", "root", "milestone", "file", "path")`;
  const named = `label_replace(${about}, "about", "$1", "about", "(.*?)/*")`;
  const project: LabelColumn[] = ofOneProject ? [] : [{ label: 'project', name: 'Project', width: 110 }, CLUSTER_COLUMN];
  const runbook = 'https://github.com/readiness-exporter/readiness-exporter/blob/main/docs/runbooks/Readiness${__value.text}.md';
  return tablePanel(
    {
      title: 'Firing alerts',
      description: 'Firing alerts of the readiness rules. Click an alert to open its runbook.',
      noData: 'No alerts are firing.',
      width,
      height,
    },
    [
      { label: 'alert', name: 'Alert', width: 165, link: { title: 'Open runbook', url: runbook } },
      ...project,
      { label: 'about', name: 'About', kind: 'wrapped' },
    ],
    [{ refId: 'A', name: 'Since', kind: 'date', width: 105, expr: toMilliseconds(`max by (alert, ${ofOneProject ? '' : 'cluster, project, '}about) (${named})`) }],
    { by: 'Since', desc: true },
  );
}
