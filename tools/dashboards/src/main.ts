/** Writes each dashboard to a file named after its uid. */

import { writeFileSync } from 'node:fs';

import { overview } from './overview.js';
import { exporter } from './exporter.js';
import { milestones } from './milestones.js';
import { project } from './project.js';
import { tasks } from './tasks.js';

const folder = new URL('../../../dashboards/', import.meta.url);

/** Properties that the SDK writes by default but Grafana no longer reads: the footer of a table. */
const OBSOLETE = ['footer'];

for (const dashboard of [overview(), project(), milestones(), tasks(), exporter()]) {
  const built = dashboard.build();
  writeFileSync(new URL(`${built.uid}.json`, folder), `${JSON.stringify(sortKeys(built), null, 2)}\n`);
}

/** Sorts the keys of all objects, so that diffs are minimal. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sortKeys);
  }
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).filter(([key]) => !OBSOLETE.includes(key)).sort(([left], [right]) => (left < right ? -1 : 1));
    return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]));
  }
  return value;
}
