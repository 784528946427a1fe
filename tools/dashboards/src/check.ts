/** Checks the dashboards against a schema that is made from Grafana's own types, and says what doesn't fit. */

import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Ajv, type ValidateFunction } from 'ajv';
import { createGenerator } from 'ts-json-schema-generator';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const generator = createGenerator({
  path: here('../src/grafana.ts'),
  tsconfig: here('../tsconfig.json'),
  skipTypeCheck: true,
  additionalProperties: false,
  jsDoc: 'none',
});
const ajv = new Ajv({ allErrors: true, strict: false });

/** What Grafana's types of these leave out, and its own dashboards have. */
const OPEN = ['AnnotationQuery', 'AnnotationTarget', 'VariableModel'];

/** The type `name` as a schema. The types call what has a default required, so that nothing is. */
function validator(name: string): ValidateFunction {
  const schema = generator.createSchema(name);
  for (const [key, definition] of Object.entries(schema.definitions ?? {})) {
    relax(definition);
    if (OPEN.includes(key) && typeof definition === 'object') {
      definition.additionalProperties = true;
    }
  }
  return ajv.compile(schema);
}

function relax(schema: unknown) {
  if (schema !== null && typeof schema === 'object') {
    if ('required' in schema && Array.isArray(schema.required)) {
      delete schema.required;
    }
    Object.values(schema).forEach(relax);
  }
}

/** The types of a panel's options and, where it has some, of its fields. */
const PANELS: Record<string, [ValidateFunction, ValidateFunction?]> = {
  barchart: [validator('BarchartOptions'), validator('BarchartFieldConfig')],
  bargauge: [validator('BargaugeOptions')],
  nodeGraph: [validator('NodeGraphOptions')],
  stat: [validator('StatOptions')],
  table: [validator('TableOptions'), validator('TableFieldConfig')],
  timeseries: [validator('TimeseriesOptions'), validator('TimeseriesFieldConfig')],
};
const DASHBOARD = validator('AnyDashboard');

interface Panel {
  title: string;
  type: string;
  options?: unknown;
  fieldConfig?: { defaults?: { custom?: unknown } };
}

const found: string[] = [];

function check(place: string, valid: ValidateFunction, value: unknown) {
  if (!valid(value)) {
    const errors = valid.errors ?? [];
    found.push(...errors.map((it) => `${place}${it.instancePath}: ${it.message} ${JSON.stringify(it.params)}`));
  }
}

const folder = here('../../../dashboards/');
let panels = 0;
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
for (const file of files) {
  const dashboard = JSON.parse(readFileSync(folder + file, 'utf8')) as { panels: Panel[] };
  check(file, DASHBOARD, dashboard);
  for (const panel of dashboard.panels) {
    const place = `${file}: ${panel.title}`;
    const [options, custom] = PANELS[panel.type] ?? [];
    panels += 1;
    if (!options) {
      found.push(`${place}: there is no type for a panel \`${panel.type}\`; add it to PANELS`);
      continue;
    }
    check(`${place}: options`, options, panel.options ?? {});
    if (custom) {
      check(`${place}: custom`, custom, panel.fieldConfig?.defaults?.custom ?? {});
    }
  }
}

if (files.length === 0) {
  found.push(`no dashboard in ${folder}`);
}
found.forEach((line) => console.error(line));
console.log(`${files.length} dashboards, ${panels} panels, ${found.length} errors`);
process.exitCode = found.length > 0 ? 1 : 0;
