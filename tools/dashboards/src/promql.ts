/**
 * Queries, in Prometheus' language.
 *
 * Each aggregates by the product's own labels: replicas, replaced pods and history that was loaded from elsewhere
 * have other values of `instance` and `pod`, and would draw everything twice.
 */

/** What is looked at: one project, or where the variable allows it, several. */
export const PROJECT = 'project=~"$project"';

/** The forecast that people are to plan with: reached with 85 %, risks included. */
export const P85 = ['percentile="85"', 'model="risk"'];
export const P50 = ['percentile="50"', 'model="risk"'];
export const WITH_RISKS = 'model="risk"';

/** The series of a metric about projects. */
export function selector(metric: string, ...matchers: string[]): string {
  return `${metric}{${[PROJECT, ...matchers].join(',')}}`;
}

/** A metric about projects, by some of its labels. */
export function most(by: string, metric: string, ...matchers: string[]): string {
  return `max by (${by}) (${selector(metric, ...matchers)})`;
}

/** A moment in seconds as Grafana wants it, in milliseconds. */
export function date(expression: string): string {
  return `1000 * ${expression}`;
}

/** Seconds of working time as days. */
export function days(expression: string): string {
  return `${expression} / 86400`;
}

/** What people call a milestone, for a series about it. */
export function milestone(expression: string): string {
  const info = most('project, milestone, title', 'readiness_milestone_info');
  return `${expression} * on (project, milestone) group_left (title) ${info}`;
}

/** What people call a workstream, for a series about it. */
export function workstream(expression: string): string {
  const info = most('project, area, workstream, title', 'readiness_workstream_info');
  return `${expression} * on (project, area, workstream) group_left (title) ${info}`;
}

/** The path of a workstream as the label `item`, as dependencies and risks name it. */
export function item(expression: string): string {
  return `label_join(${expression}, "item", "/", "area", "workstream")`;
}

/** The path of a milestone as the label `item`. */
export function milestoneItem(expression: string): string {
  return `label_replace(${expression}, "item", "$1", "milestone", "(.+)")`;
}

/** What people call an item, as the label `about`, for a series with its path in the label `item`; or else the path. */
export function about(expression: string): string {
  const title = `label_replace(${most('project, item, title', 'readiness_item_info')}, "about", "$1", "title", "(.+)")`;
  const called = `(${expression}) * on (project, item) group_left (about) ${title}`;
  return `(${called} or label_replace((${expression}) unless on (project, item) ${title}, "about", "$1", "item", "(.+)"))`;
}

export const OPEN_MILESTONES = `unless on (project, milestone) ${most('project, milestone', 'readiness_milestone_done_timestamp_seconds')}`;

/** The lesser of two vectors with equal labels. */
export function lesser(left: string, right: string): string {
  return `(${left} < ${right} or ${right})`;
}

/** The greater of two vectors with equal labels. */
export function greater(left: string, right: string): string {
  return `(${left} > ${right} or ${right})`;
}

/**
 * The value that a series of one project has now, as a scalar that stands for a whole range, also one that ends in
 * the future. What was last seen before the newest sample of the project is another pod's, and is left out.
 */
export function now(metric: string, ...matchers: string[]): string {
  const series = selector(metric, ...matchers);
  const newest = `scalar(max(last_over_time(timestamp(${selector('readiness_project_info')})[190d:30m] @ end())))`;
  return (
    `scalar(max(last_over_time(${series}[190d:30m] @ end())` +
    ` and last_over_time(timestamp(${series})[190d:30m] @ end()) >= ${newest} - 1800))`
  );
}
