/** What dashboards are made of: queries, columns, and panels in the product's manner. */

import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as barchart from '@grafana/grafana-foundation-sdk/barchart';
import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

import * as units from './units.js';

/** Where all queries go: the data source that is chosen at the top of the dashboard. */
export const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

export type Panel = Builder<dashboard.Panel>;

/** What each panel says of itself. */
export interface About {
  title: string;
  description: string;
  /** What stands there when there is nothing to show. */
  none: string;
  /** The size, in Grafana's units: 24 are a row, and one of height is 38 pixels. */
  width: number;
  height: number;
}

/** What all builders of panels have in common. */
interface Common<T> {
  title(title: string): T;
  description(description: string): T;
  noValue(text: string): T;
  span(width: number): T;
  height(height: number): T;
  datasource(ref: common.DataSourceRef): T;
}

export function described<T extends Common<T>>(panel: T, what: About): T {
  return panel
    .title(what.title)
    .description(what.description)
    .noValue(what.none)
    .span(what.width)
    .height(what.height)
    .datasource(DATASOURCE);
}

/** What is so at the end of the range. */
export function instant(refId: string, expr: string): prometheus.DataqueryBuilder {
  const query = new prometheus.DataqueryBuilder().refId(refId).datasource(DATASOURCE).expr(expr);
  return query.instant().format(prometheus.PromQueryFormat.Table);
}

/** One value of each series, by a name. */
export function values(refId: string, expr: string, legend: string): prometheus.DataqueryBuilder {
  const query = new prometheus.DataqueryBuilder().refId(refId).datasource(DATASOURCE).expr(expr);
  return query.instant().format(prometheus.PromQueryFormat.TimeSeries).legendFormat(legend);
}

/** What was so over the range. */
export function series(refId: string, expr: string, legend: string): prometheus.DataqueryBuilder {
  const query = new prometheus.DataqueryBuilder().refId(refId).datasource(DATASOURCE).expr(expr);
  return query.range().format(prometheus.PromQueryFormat.TimeSeries).legendFormat(legend);
}

export function thresholds(...steps: [number | null, string][]): Builder<dashboard.ThresholdsConfig> {
  const built = steps.map(([value, color]) => ({ value, color }));
  return new dashboard.ThresholdsConfigBuilder().mode(dashboard.ThresholdsMode.Absolute).steps(built);
}

/** Days late: none, some, or a week and more. */
export const LATENESS = thresholds([null, units.GOOD], [0.5, units.WARN], [5, units.BAD]);
/** Probabilities of being in time, at the alerts' bounds. */
const GOOD_ENOUGH: [number, string][] = [[0.5, units.WARN], [0.85, units.GOOD]];
export const CHANCE = thresholds([null, units.BAD], ...GOOD_ENOUGH);
/** The same for a figure, whose text for no data is in the lowest colour. */
export const CHANCE_IF_ANY = thresholds([null, units.GREY], [0, units.BAD], ...GOOD_ENOUGH);
export const NONE_WANTED = thresholds([null, units.GOOD], [1, units.WARN]);
export const PLAIN = thresholds([null, units.GOOD]);

/**
 * Whatever is asked for now is asked for with a range of its own: at the end of a range that ends in the future,
 * there is nothing.
 */
const NOW = '1h';

/** A single figure. */
export function figure(what: About, unit: string, query: prometheus.DataqueryBuilder): stat.PanelBuilder {
  return described(new stat.PanelBuilder(), what)
    .unit(unit)
    .withTarget(query)
    .timeFrom(NOW)
    .hideTimeOverride(true)
    .thresholds(PLAIN)
    .colorMode(common.BigValueColorMode.Value)
    .graphMode(common.BigValueGraphMode.None)
    .justifyMode(common.BigValueJustifyMode.Center)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false));
}

/** A single figure above its last ninety days. */
export function trend(what: About, unit: string, query: prometheus.DataqueryBuilder): stat.PanelBuilder {
  return figure(what, unit, query.range()).timeFrom('90d').graphMode(common.BigValueGraphMode.Area);
}

/** What isn't told is neither good nor bad. */
const NOTHING = { type: 'special', options: { match: 'null+nan', result: { text: '–', color: 'text' } } };

/** How a column's values are written. */
export type Kind = 'text' | 'long' | 'date' | 'days' | 'late' | 'percent' | 'chance' | 'gauge' | 'count' | 'wanted-none' | 'number';

export interface Column {
  /** What stands above it. */
  name: string;
  kind: Kind;
  width?: number;
  /** Where a click leads to. */
  link?: { title: string; url: string };
}

/** A column of numbers. */
export interface Figures extends Column {
  /** Short, and unlike the others of its table. */
  refId: string;
  expr: string;
}

/** A column of texts, from a label; a hidden one serves links only. */
export interface Label extends Partial<Column> {
  label: string;
}

const PROPERTIES: Record<Kind, dashboard.DynamicConfigValue[]> = {
  text: [],
  // The first is read by Grafana up to 12.1, the second from 12.2 on.
  long: [{ id: 'custom.cellOptions', value: { type: 'auto', wrapText: true } }, { id: 'custom.wrapText', value: true }],
  date: [{ id: 'unit', value: units.DATE }],
  days: [{ id: 'unit', value: units.DAYS }, { id: 'decimals', value: 0 }],
  late: [
    { id: 'unit', value: units.DAYS },
    { id: 'decimals', value: 1 },
    { id: 'thresholds', value: LATENESS.build() },
    { id: 'mappings', value: [NOTHING] },
    { id: 'custom.cellOptions', value: { type: 'color-text' } },
  ],
  percent: [{ id: 'unit', value: units.PERCENT }, { id: 'decimals', value: 0 }],
  chance: [
    { id: 'unit', value: units.PERCENT },
    { id: 'decimals', value: 0 },
    { id: 'thresholds', value: CHANCE.build() },
    { id: 'mappings', value: [NOTHING] },
    { id: 'custom.cellOptions', value: { type: 'color-text' } },
  ],
  gauge: [
    { id: 'unit', value: units.PERCENT },
    { id: 'decimals', value: 0 },
    { id: 'min', value: 0 },
    { id: 'max', value: 1 },
    { id: 'color', value: { mode: 'fixed', fixedColor: units.GOOD } },
    { id: 'custom.cellOptions', value: { type: 'gauge', mode: 'basic', valueDisplayMode: 'text' } },
  ],
  count: [{ id: 'unit', value: units.COUNT }, { id: 'decimals', value: 0 }],
  'wanted-none': [
    { id: 'unit', value: units.COUNT },
    { id: 'decimals', value: 0 },
    { id: 'thresholds', value: NONE_WANTED.build() },
    { id: 'mappings', value: [NOTHING] },
    { id: 'custom.cellOptions', value: { type: 'color-text' } },
  ],
  number: [{ id: 'unit', value: units.COUNT }, { id: 'decimals', value: 1 }],
};

/** A table of what is so now: a row for each set of labels. */
export function listing(what: About, labels: Label[], figures: Figures[], sort?: { by: string; desc: boolean }): table.PanelBuilder {
  const panel = described(new table.PanelBuilder(), what).timeFrom(NOW).hideTimeOverride(true).cellHeight(common.TableCellHeight.Sm);
  panel.unit(units.COUNT).showHeader(true).minWidth(50);
  for (const column of figures) {
    panel.withTarget(instant(column.refId, column.expr));
  }
  // With one query, Grafana doesn't number its values. A value without a name is there for its labels.
  const isMerged = figures.length > 1;
  const shown = figures.filter((it) => it.name !== '');
  const value = (column: Figures) => (isMerged ? `Value #${column.refId} (lastNotNull)` : 'Value');
  const names = [...labels.map((it) => it.label), ...shown.map(value)];
  const titles = [...labels.map((it) => it.name ?? it.label), ...shown.map((it) => it.name)];
  if (isMerged) {
    panel.withTransformation({ id: 'merge', options: {} });
    panel.withTransformation({ id: 'groupBy', options: { fields: groups(labels, shown) } });
  }
  panel.withTransformation({
    id: 'organize',
    options: {
      excludeByName: Object.fromEntries(['Time', '__name__', ...(shown.length === 0 ? ['Value'] : [])].map((name) => [name, true])),
      indexByName: Object.fromEntries(names.map((name, index) => [name, index])),
      renameByName: Object.fromEntries(names.map((name, index) => [name, titles[index]]).filter(([name, title]) => name !== title)),
    },
  });
  for (const column of [...labels, ...figures]) {
    const properties = columnProperties(column);
    const name = column.name ?? ('label' in column ? column.label : '');
    if (properties.length > 0 && name !== '') {
      panel.overrideByName(name, properties);
    }
  }
  if (sort) {
    panel.sortBy([new common.TableSortByFieldStateBuilder().displayName(sort.by).desc(sort.desc)]);
  }
  return panel;
}

/**
 * Groups of one row each: unlike a merged table, a grouped one without rows has no columns either, and so the panel
 * says that it is empty.
 */
function groups(labels: Label[], figures: Figures[]) {
  const keys = labels.map((it) => [it.label, { operation: 'groupby', aggregations: [] as string[] }] as const);
  const values = figures.map((it) => [`Value #${it.refId}`, { operation: 'aggregate', aggregations: ['lastNotNull'] }] as const);
  return Object.fromEntries([...keys, ...values]);
}

function columnProperties(column: Label | Figures): dashboard.DynamicConfigValue[] {
  if (column.name === undefined) {
    return [{ id: 'custom.hidden', value: true }];
  }
  // What a panel says when it is empty is not what an empty cell says.
  const properties = [{ id: 'noValue', value: '–' }, ...PROPERTIES[column.kind ?? 'text']];
  if (column.width) {
    properties.push({ id: 'custom.width', value: column.width });
  }
  if (column.link) {
    properties.push({ id: 'links', value: [{ ...column.link, targetBlank: false }] });
  }
  return properties;
}

/** Lines over time. */
export function lines(what: About, unit: string, queries: prometheus.DataqueryBuilder[]): timeseries.PanelBuilder {
  const panel = described(new timeseries.PanelBuilder(), what).unit(unit).lineWidth(2).fillOpacity(0);
  panel.showPoints(common.VisibilityMode.Never).lineInterpolation(common.LineInterpolation.StepAfter);
  // A scrape or two may be missing; what is missing for longer is a gap.
  panel.spanNulls(3600_000).thresholds(PLAIN).colorScheme(scheme(dashboard.FieldColorModeId.PaletteClassicByName));
  panel.tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending));
  panel.legend(legend());
  queries.forEach((query) => panel.withTarget(query));
  return panel;
}

export function legend(): Builder<common.VizLegendOptions> {
  return new common.VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(common.LegendDisplayMode.List)
    .placement(common.LegendPlacement.Bottom)
    .calcs([]);
}

export function scheme(mode: dashboard.FieldColorModeId, fixed?: string): dashboard.FieldColorBuilder {
  const color = new dashboard.FieldColorBuilder().mode(mode);
  return fixed ? color.fixedColor(fixed) : color;
}

export function fixed(color: string): dashboard.DynamicConfigValue {
  return { id: 'color', value: { mode: 'fixed', fixedColor: color } };
}

export const DASHED: dashboard.DynamicConfigValue = { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 6] } };
export const DOTTED: dashboard.DynamicConfigValue = { id: 'custom.lineStyle', value: { fill: 'dot', dash: [2, 6] } };
export const UNLISTED: dashboard.DynamicConfigValue = {
  id: 'custom.hideFrom',
  value: { legend: true, tooltip: false, viz: false },
};

/** Bars beside names, each as long as its value. */
export function gauges(what: About, unit: string, queries: prometheus.DataqueryBuilder[]): bargauge.PanelBuilder {
  const panel = described(new bargauge.PanelBuilder(), what).unit(unit).timeFrom(NOW).hideTimeOverride(true).thresholds(PLAIN);
  panel.orientation(common.VizOrientation.Horizontal).displayMode(common.BarGaugeDisplayMode.Basic).showUnfilled(true);
  panel.valueMode(common.BarGaugeValueMode.Text).namePlacement(common.BarGaugeNamePlacement.Left).min(0);
  panel.text(new common.VizTextDisplayOptionsBuilder().titleSize(13).valueSize(13)).sizing(common.BarGaugeSizing.Manual).maxVizHeight(26).minVizHeight(18);
  panel.reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false));
  queries.forEach((query) => panel.withTarget(query));
  return panel;
}

/** One part of a bar: a name that is listed, or one like it that isn't. */
export interface Segment {
  refId: string;
  name: string;
  expr: string;
  /** `undefined`: it takes its place, and isn't drawn. */
  color?: string;
  unlisted?: boolean;
}

/** Horizontal bars of parts after each other, a bar for each value of the label `by`. */
export function segments(what: About, unit: string, by: string, parts: Segment[]): barchart.PanelBuilder {
  const panel = described(new barchart.PanelBuilder(), what).timeFrom(NOW).hideTimeOverride(true);
  panel.orientation(common.VizOrientation.Horizontal).stacking(common.StackingMode.Normal).showValue(common.VisibilityMode.Never);
  panel.xField(by).fillOpacity(90).lineWidth(0).barWidth(0.7).groupWidth(0.7).thresholds(PLAIN);
  // Of the numbers alone: a name isn't a date.
  panel.unit('none').overrideByFieldType('number', [{ id: 'unit', value: unit }]);
  panel.tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.None));
  panel.legend(legend());
  for (const part of parts) {
    panel.withTarget(instant(part.refId, part.expr));
    const properties = part.color
      ? [fixed(part.color)]
      : [fixed('transparent'), { id: 'custom.fillOpacity', value: 0 }];
    const hidden = { legend: true, tooltip: part.color === undefined || part.unlisted, viz: false };
    if (part.unlisted || !part.color) {
      properties.push({ id: 'custom.hideFrom', value: hidden });
    }
    panel.overrideByName(part.name, properties);
  }
  return panel;
}

/** Leaves the label and the parts of each bar, in their order. */
export function arrange(panel: barchart.PanelBuilder, by: string, parts: Segment[], sort?: string, desc = false): barchart.PanelBuilder {
  const names = [by, ...parts.map((part) => `Value #${part.refId}`)];
  panel.withTransformation({ id: 'joinByField', options: { byField: by, mode: 'outer' } });
  panel.withTransformation({ id: 'filterFieldsByName', options: { include: { names } } });
  if (sort) {
    panel.withTransformation({ id: 'sortBy', options: { sort: [{ field: `Value #${sort}`, desc }] } });
  }
  return panel.withTransformation({
    id: 'organize',
    options: {
      excludeByName: {},
      indexByName: Object.fromEntries(names.map((name, index) => [name, index])),
      renameByName: Object.fromEntries(parts.map((part) => [`Value #${part.refId}`, part.name])),
    },
  });
}

export type { Dataquery };
