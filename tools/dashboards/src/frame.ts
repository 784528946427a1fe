/** Common parts of the dashboards: data source, variables, links, annotations. */

import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';

import { DATASOURCE } from './parts.js';
import { BAD, DEEP, WARN } from './units.js';
import { ALERTS_OF_PROJECT, CLUSTER, PROJECT, toMilliseconds, selector } from './promql.js';

export interface DashboardSpec {
  uid: string;
  title: string;
  description: string;
  /** In order of dependency. */
  variables: dashboard.QueryVariableBuilder[];
  /** Start of the time range. Default: 90 days ago. */
  from?: string;
  /** End of the time range: in the future if a panel shows forecasts over time. */
  until: 'now' | 'now+90d';
}

export function createDashboard(spec: DashboardSpec): dashboard.DashboardBuilder {
  const datasource = new dashboard.DatasourceVariableBuilder('datasource').label('Data source').type('prometheus');
  const builder = new dashboard.DashboardBuilder(spec.title)
    .uid(spec.uid)
    .description(spec.description)
    .tags(['readiness'])
    .time({ from: spec.from ?? 'now-90d', to: spec.until })
    .refresh('1m')
    .timezone('')
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .withVariable(datasource)
    .link(links());
  spec.variables.forEach((variable) => builder.withVariable(variable));
  return builder;
}

function links(): dashboard.DashboardLinkBuilder {
  const link = new dashboard.DashboardLinkBuilder('Readiness').type(dashboard.DashboardLinkType.Dashboards);
  return link.tags(['readiness']).asDropdown(false).includeVars(true).keepTime(true).icon('external link').targetBlank(false);
}

/** A variable with a single value. */
function singleVariable(name: string, label: string, query: string): dashboard.QueryVariableBuilder {
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .definition(query)
    .query({ query, refId: 'StandardVariableQuery' })
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalAsc);
}

/** A variable with several values, or all. */
function multiVariable(name: string, label: string, query: string): dashboard.QueryVariableBuilder {
  const all = { text: 'All', value: '$__all' } as dashboard.VariableOption;
  return singleVariable(name, label, query).multi(true).includeAll(true).allValue('.*').current(all);
}

/** A project, then a cluster that has it. The cluster has no value if the series have no label `cluster`. */
export const projectVariables = () => [
  singleVariable('project', 'Project', 'label_values(readiness_project_info, project)'),
  singleVariable('cluster', 'Cluster', 'label_values(readiness_project_info{project=~"$project"}, cluster)'),
];
/** Clusters, by the series `info`. */
export const clustersVariable = (info: string) => multiVariable('cluster', 'Cluster', `label_values(${info}, cluster)`);
/** Clusters, then their projects. */
export const projectsVariables = () => [
  clustersVariable('readiness_project_info'),
  multiVariable('project', 'Project', `label_values(readiness_project_info{${CLUSTER}}, project)`),
];
export const areaVariable = () => multiVariable('area', 'Area', `label_values(readiness_area_info{${PROJECT}}, area)`);
export const milestoneVariable = () =>
  multiVariable('milestone', 'Milestone', `label_values(readiness_milestone_info{${PROJECT}}, milestone)`);
export const workstreamVariable = () =>
  multiVariable('workstream', 'Workstream', `label_values(readiness_workstream_info{${PROJECT},area=~"$area"}, workstream)`);
/** Default: unfinished tasks. */
export const statusVariable = () => {
  const unfinished = ['partial', 'todo'];
  const current = { text: unfinished, value: unfinished } as dashboard.VariableOption;
  return multiVariable('status', 'Status', `label_values(readiness_task_info{${PROJECT}}, status)`).current(current);
};
export const assigneeVariable = () => multiVariable('assignee', 'Assignee', `label_values(readiness_task_info{${PROJECT}}, assignee)`);

function annotation(name: string, color: string, expr: string, title: string, step: string): dashboard.AnnotationQueryBuilder {
  const query = new prometheus.DataqueryBuilder().refId('Anno').expr(expr).interval(step).range();
  return new dashboard.AnnotationQueryBuilder()
    .name(name)
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor(color)
    .expr(expr)
    .step(step)
    .titleFormat(title)
    .target(query);
}

/** Status reports, at their status date. */
export function statusReports(): dashboard.AnnotationQueryBuilder {
  const expr = toMilliseconds(`max by (cluster, project) (${selector('readiness_project_as_of_timestamp_seconds')})`);
  return annotation('Status reports', DEEP, expr, '{{project}} reported', '6h').useValueForTime(true).enable(false);
}

/** Changed due dates. */
export function dueDateChanges(): dashboard.AnnotationQueryBuilder {
  const expr = `max by (cluster, project, milestone) (changes(${selector('readiness_milestone_due_timestamp_seconds')}[6h])) > 0`;
  return annotation('Due date changes', WARN, expr, 'due date of {{milestone}} changed', '6h');
}

/** Firing alerts. */
export function firingAlerts(): dashboard.AnnotationQueryBuilder {
  const expr = `max by (alertname, cluster, project, root) (ALERTS{${ALERTS_OF_PROJECT},alertstate="firing"})`;
  return annotation('Alerts', BAD, expr, '{{alertname}} {{root}}', '6h').enable(false);
}
