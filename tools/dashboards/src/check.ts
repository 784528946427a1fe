/** Validates the dashboards against JSON Schemas generated from Grafana's TypeScript types. */

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

/** Types that lack properties which Grafana's own dashboards use: additional properties are allowed. */
const OPEN_TYPES = ['AnnotationQuery', 'AnnotationTarget', 'VariableModel'];

/** Compiles the type `name`. No property is required: the types also mark properties with a default as required. */
function validator(name: string): ValidateFunction {
  const schema = generator.createSchema(name);
  for (const [key, definition] of Object.entries(schema.definitions ?? {})) {
    removeRequired(definition);
    if (OPEN_TYPES.includes(key) && typeof definition === 'object') {
      definition.additionalProperties = true;
    }
  }
  return ajv.compile(schema);
}

function removeRequired(schema: unknown) {
  if (schema !== null && typeof schema === 'object') {
    if ('required' in schema && Array.isArray(schema.required)) {
      delete schema.required;
    }
    Object.values(schema).forEach(removeRequired);
  }
}

/** Validators of a panel's options and, if the type has one, of its field config. */
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

const errors: string[] = [];

function check(location: string, valid: ValidateFunction, value: unknown) {
  if (!valid(value)) {
    errors.push(...(valid.errors ?? []).map((it) => `${location}${it.instancePath}: ${it.message} ${JSON.stringify(it.params)}`));
  }
}

const folder = here('../../../dashboards/');
let panels = 0;
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
for (const file of files) {
  const dashboard = JSON.parse(readFileSync(folder + file, 'utf8')) as { panels: Panel[] };
  check(file, DASHBOARD, dashboard);
  for (const panel of dashboard.panels) {
    const location = `${file}: ${panel.title}`;
    const [options, custom] = PANELS[panel.type] ?? [];
    panels += 1;
    if (!options) {
      errors.push(`${location}: unknown panel type \`${panel.type}\`: add it to PANELS`);
      continue;
    }
    check(`${location}: options`, options, panel.options ?? {});
    if (custom) {
      check(`${location}: custom`, custom, panel.fieldConfig?.defaults?.custom ?? {});
    }
  }
}

if (files.length === 0) {
  errors.push(`no dashboards in ${folder}`);
}
errors.forEach((line) => console.error(line));
console.log(`${files.length} dashboards, ${panels} panels, ${errors.length} errors`);
process.exitCode = errors.length > 0 ? 1 : 0;
