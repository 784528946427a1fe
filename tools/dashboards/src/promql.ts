/**
 * PromQL queries.
 *
 * All queries aggregate by the exporter's own labels. Replicas, replaced pods and imported history have different
 * values of `instance` and `pod`; without aggregation, each series would be shown several times.
 */

/**
 * Matcher of the selected cluster, or clusters if the variable allows several. Without a label `cluster`, the variable
 * has no value, or all values. Both match series without the label.
 */
export const CLUSTER = 'cluster=~"$cluster"';

/** Matcher of the selected project, or projects if the variable allows several, in the selected clusters. */
export const PROJECT = `${CLUSTER},project=~"$project"`;

/** Matcher of the alerts of the selected clusters and projects, and of alerts about no cluster or project. */
export const ALERTS_OF_PROJECT = 'alertname=~"Readiness.+",cluster=~"$cluster|",project=~"$project|"';

/** The forecast to plan with: 85 % probability, with risks. */
export const P85 = ['percentile="85"', 'model="risk"'];
export const P50 = ['percentile="50"', 'model="risk"'];
export const WITH_RISKS = 'model="risk"';

/** Selects the series of the selected projects. */
export function selector(metric: string, ...matchers: string[]): string {
  return `${metric}{${[PROJECT, ...matchers].join(',')}}`;
}

/** Aggregates a metric of the selected projects by `by`. */
export function maxBy(by: string, metric: string, ...matchers: string[]): string {
  return `max by (${by}) (${selector(metric, ...matchers)})`;
}

/**
 * Adds the cluster to `label`, for the legend. A legend of two labels would end with a space where there is no label
 * `cluster`, and Grafana derives colours from the legend.
 */
export function nameWithCluster(expression: string, label: string): string {
  return `label_replace(label_join(${expression}, "${label}", " ", "${label}", "cluster"), "${label}", "$1", "${label}", "(.*) ")`;
}

/** Converts a timestamp from seconds to milliseconds, as Grafana's date units require. */
export function toMilliseconds(expression: string): string {
  return `1000 * ${expression}`;
}

/** Converts seconds to days. */
export function toDays(expression: string): string {
  return `${expression} / 86400`;
}

/** Adds the title of the milestone as label `title`. */
export function withMilestoneTitle(expression: string): string {
  const info = maxBy('cluster, project, milestone, title', 'readiness_milestone_info');
  return `${expression} * on (cluster, project, milestone) group_left (title) ${info}`;
}

/** Adds the title of the workstream as label `title`. */
export function withWorkstreamTitle(expression: string): string {
  const info = maxBy('cluster, project, area, workstream, title', 'readiness_workstream_info');
  return `${expression} * on (cluster, project, area, workstream) group_left (title) ${info}`;
}

/** Adds the path of the workstream as label `item`, as in the series of dependencies and risks. */
export function withWorkstreamItem(expression: string): string {
  return `label_join(${expression}, "item", "/", "area", "workstream")`;
}

/** Adds the path of the milestone as label `item`. */
export function withMilestoneItem(expression: string): string {
  return `label_replace(${expression}, "item", "$1", "milestone", "(.+)")`;
}

/** Adds the title of the item in label `item` as label `about`, or its path if it has no title. */
export function withItemTitle(expression: string): string {
  const title = `label_replace(${maxBy('cluster, project, item, title', 'readiness_item_info')}, "about", "$1", "title", "(.+)")`;
  const titled = `(${expression}) * on (cluster, project, item) group_left (about) ${title}`;
  return `(${titled} or label_replace((${expression}) unless on (cluster, project, item) ${title}, "about", "$1", "item", "(.+)"))`;
}

export const OPEN_MILESTONES = `unless on (cluster, project, milestone) ${maxBy('cluster, project, milestone', 'readiness_milestone_done_timestamp_seconds')}`;

/** Minimum of two vectors with equal labels. */
export function minOf(left: string, right: string): string {
  return `(${left} < ${right} or ${right})`;
}

/** Maximum of two vectors with equal labels. */
export function maxOf(left: string, right: string): string {
  return `(${left} > ${right} or ${right})`;
}

/**
 * The current value of a series of one project, as a constant over the range, even if the range ends in the future.
 * Series that ended before the newest sample of the project belong to replaced pods and are ignored.
 */
export function latestValue(metric: string, ...matchers: string[]): string {
  const series = selector(metric, ...matchers);
  const newest = `scalar(max(last_over_time(timestamp(${selector('readiness_project_info')})[190d:30m] @ end())))`;
  return (
    `scalar(max(last_over_time(${series}[190d:30m] @ end())` +
    ` and last_over_time(timestamp(${series})[190d:30m] @ end()) >= ${newest} - 1800))`
  );
}
