/** What all dashboards have in common: data source, variables, links, annotations. */

import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';

import { DATASOURCE } from './parts.js';
import { BAD, DEEP, WARN } from './units.js';
import { PROJECT, date, selector } from './promql.js';

export interface Frame {
  uid: string;
  title: string;
  description: string;
  /** Each after those that it depends on. */
  variables: dashboard.QueryVariableBuilder[];
  /** Where the range begins: 90 days back unless given. */
  from?: string;
  /** How far it goes: as far ahead as a panel shows. */
  until: 'now' | 'now+90d';
}

export function frame(what: Frame): dashboard.DashboardBuilder {
  const datasource = new dashboard.DatasourceVariableBuilder('datasource').label('Data source').type('prometheus');
  const builder = new dashboard.DashboardBuilder(what.title)
    .uid(what.uid)
    .description(what.description)
    .tags(['readiness'])
    .time({ from: what.from ?? 'now-90d', to: what.until })
    .refresh('1m')
    .timezone('')
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .withVariable(datasource)
    .link(links());
  what.variables.forEach((variable) => builder.withVariable(variable));
  return builder;
}

function links(): dashboard.DashboardLinkBuilder {
  const link = new dashboard.DashboardLinkBuilder('Readiness').type(dashboard.DashboardLinkType.Dashboards);
  return link.tags(['readiness']).asDropdown(false).includeVars(true).keepTime(true).icon('external link').targetBlank(false);
}

/** One of the values that a label has. */
function variable(name: string, label: string, query: string): dashboard.QueryVariableBuilder {
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .definition(query)
    .query({ query, refId: 'StandardVariableQuery' })
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalAsc);
}

/** Some of them, or all. */
function variables(name: string, label: string, query: string): dashboard.QueryVariableBuilder {
  const all = { text: 'All', value: '$__all' } as dashboard.VariableOption;
  return variable(name, label, query).multi(true).includeAll(true).allValue('.*').current(all);
}

const PROJECTS = 'label_values(readiness_project_info, project)';

export const oneProject = () => variable('project', 'Project', PROJECTS);
export const projects = () => variables('project', 'Project', PROJECTS);
export const areas = () => variables('area', 'Area', `label_values(readiness_area_info{${PROJECT}}, area)`);
export const milestones = () =>
  variables('milestone', 'Milestone', `label_values(readiness_milestone_info{${PROJECT}}, milestone)`);
export const workstreams = () =>
  variables('workstream', 'Workstream', `label_values(readiness_workstream_info{${PROJECT},area=~"$area"}, workstream)`);
/** Those of work that is left, unless others are chosen. */
export const statuses = () => {
  const left = ['partial', 'todo'];
  const current = { text: left, value: left } as dashboard.VariableOption;
  return variables('status', 'Status', `label_values(readiness_task_info{${PROJECT}}, status)`).current(current);
};
export const assignees = () => variables('assignee', 'Assignee', `label_values(readiness_task_info{${PROJECT}}, assignee)`);

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

/** When a status was reported: its date is the value. */
export function reports(): dashboard.AnnotationQueryBuilder {
  const expr = date(`max by (project) (${selector('readiness_project_as_of_timestamp_seconds')})`);
  return annotation('Status reports', DEEP, expr, '{{project}} reported', '6h').useValueForTime(true).enable(false);
}

/** When a milestone was given another date. */
export function replans(): dashboard.AnnotationQueryBuilder {
  const expr = `max by (project, milestone) (changes(${selector('readiness_milestone_due_timestamp_seconds')}[6h])) > 0`;
  return annotation('Dates agreed anew', WARN, expr, '{{milestone}} has another date', '6h');
}

/** While an alert fires. */
export function alerts(): dashboard.AnnotationQueryBuilder {
  const expr = `max by (alertname, project, root) (ALERTS{alertname=~"Readiness.+",alertstate="firing",project=~"$project|"})`;
  return annotation('Alerts', BAD, expr, '{{alertname}} {{root}}', '6h').enable(false);
}
