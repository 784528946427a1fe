/** Writes the dashboards, each into a file that is named like its uid. */

import { writeFileSync } from 'node:fs';

import { overview } from './overview.js';
import { exporter } from './exporter.js';
import { milestones } from './milestones.js';
import { project } from './project.js';
import { tasks } from './tasks.js';

const folder = new URL('../../../dashboards/', import.meta.url);

/** What the library writes by default and Grafana has moved elsewhere: the footer of a table. */
const MOVED = ['footer'];

for (const dashboard of [overview(), project(), milestones(), tasks(), exporter()]) {
  const built = dashboard.build();
  writeFileSync(new URL(`${built.uid}.json`, folder), `${JSON.stringify(sorted(built), null, 2)}\n`);
}

/** With the keys of all objects in order, so that a change shows as what it is. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).filter(([key]) => !MOVED.includes(key)).sort(([left], [right]) => (left < right ? -1 : 1));
    return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
  }
  return value;
}
