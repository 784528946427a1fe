/** Builders of queries, columns and panels with common defaults. */

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

/** The data source of all queries: the variable of the dashboard. */
export const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

export type Panel = Builder<dashboard.Panel>;

export interface PanelSpec {
  title: string;
  description: string;
  /** Text for no data. */
  noData: string;
  /** Size in grid units: the width of a row is 24, one unit of height is 38 pixels. */
  width: number;
  height: number;
}

/** Methods that all panel builders have. */
interface Common<T> {
  title(title: string): T;
  description(description: string): T;
  noValue(text: string): T;
  span(width: number): T;
  height(height: number): T;
  datasource(ref: common.DataSourceRef): T;
}

export function applySpec<T extends Common<T>>(panel: T, spec: PanelSpec): T {
  return panel
    .title(spec.title)
    .description(spec.description)
    .noValue(spec.noData)
    .span(spec.width)
    .height(spec.height)
    .datasource(DATASOURCE);
}

/** Instant query in table format. */
export function tableQuery(refId: string, expr: string): prometheus.DataqueryBuilder {
  const query = new prometheus.DataqueryBuilder().refId(refId).datasource(DATASOURCE).expr(expr);
  return query.instant().format(prometheus.PromQueryFormat.Table);
}

/** Instant query in time series format. */
export function instantQuery(refId: string, expr: string, legend: string): prometheus.DataqueryBuilder {
  const query = new prometheus.DataqueryBuilder().refId(refId).datasource(DATASOURCE).expr(expr);
  return query.instant().format(prometheus.PromQueryFormat.TimeSeries).legendFormat(legend);
}

/** Range query. */
export function rangeQuery(refId: string, expr: string, legend: string): prometheus.DataqueryBuilder {
  const query = new prometheus.DataqueryBuilder().refId(refId).datasource(DATASOURCE).expr(expr);
  return query.range().format(prometheus.PromQueryFormat.TimeSeries).legendFormat(legend);
}

export function thresholds(...steps: [number | null, string][]): Builder<dashboard.ThresholdsConfig> {
  const built = steps.map(([value, color]) => ({ value, color }));
  return new dashboard.ThresholdsConfigBuilder().mode(dashboard.ThresholdsMode.Absolute).steps(built);
}

/** Slip in working days: on time, late, or late by a week or more. */
export const SLIP_THRESHOLDS = thresholds([null, units.GOOD], [0.5, units.WARN], [5, units.BAD]);
/** On-time probability, with the thresholds of the alerts. */
const PROBABILITY_STEPS: [number, string][] = [[0.5, units.WARN], [0.85, units.GOOD]];
export const PROBABILITY_THRESHOLDS = thresholds([null, units.BAD], ...PROBABILITY_STEPS);
/** The same for stat panels, which show the text for no data in the lowest colour. */
const PROBABILITY_STAT_THRESHOLDS = thresholds([null, units.GREY], [0, units.BAD], ...PROBABILITY_STEPS);
export const ZERO_IS_GOOD = thresholds([null, units.GOOD], [1, units.WARN]);
export const NO_THRESHOLDS = thresholds([null, units.GOOD]);

/** Time range of instant queries. The range of the dashboard can end in the future, where there is no data. */
const INSTANT_RANGE = '1h';

/** A single value. */
export function statPanel(spec: PanelSpec, unit: string, query: prometheus.DataqueryBuilder): stat.PanelBuilder {
  return applySpec(new stat.PanelBuilder(), spec)
    .unit(unit)
    .withTarget(query)
    .timeFrom(INSTANT_RANGE)
    .hideTimeOverride(true)
    .thresholds(NO_THRESHOLDS)
    .colorMode(common.BigValueColorMode.Value)
    .graphMode(common.BigValueGraphMode.None)
    .justifyMode(common.BigValueJustifyMode.Center)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false));
}

/** A single value with a sparkline of the last 90 days. */
export function sparklinePanel(spec: PanelSpec, unit: string, query: prometheus.DataqueryBuilder): stat.PanelBuilder {
  return statPanel(spec, unit, query.range()).timeFrom('90d').graphMode(common.BigValueGraphMode.Area);
}

/** Missing values have a neutral colour. */
const NO_VALUE = { type: 'special', options: { match: 'null+nan', result: { text: '–', color: 'text' } } };

/** No forecast is certain: probabilities at the ends are shown as bounds. */
const NEARLY_CERTAIN: dashboard.ValueMapping[] = [
  { type: 'range', options: { from: 0.99, to: 1, result: { text: '>99 %' } } } as dashboard.RangeMap,
  { type: 'range', options: { from: 0, to: 0.01, result: { text: '<1 %' } } } as dashboard.RangeMap,
];

/** A single on-time probability. */
export function probabilityPanel(spec: PanelSpec, query: prometheus.DataqueryBuilder): stat.PanelBuilder {
  return statPanel(spec, units.PERCENT, query).thresholds(PROBABILITY_STAT_THRESHOLDS).decimals(0).mappings(NEARLY_CERTAIN);
}

/** Format of a column. */
export type ColumnFormat = 'text' | 'wrapped' | 'date' | 'days' | 'slip' | 'percent' | 'probability' | 'gauge' | 'count' | 'zero-is-good' | 'number';

export interface Column {
  /** Header. */
  name: string;
  kind: ColumnFormat;
  width?: number;
  /** Data link of the cells. */
  link?: { title: string; url: string };
}

/** A column with the values of a query. */
export interface ValueColumn extends Column {
  /** Unique in the table. */
  refId: string;
  expr: string;
}

/** A column with the values of a label. Without a name, it is hidden and only used by links. */
export interface LabelColumn extends Partial<Column> {
  label: string;
}

const FORMAT_PROPERTIES: Record<ColumnFormat, dashboard.DynamicConfigValue[]> = {
  text: [],
  // Grafana reads cellOptions up to 12.1, and wrapText from 12.2.
  wrapped: [{ id: 'custom.cellOptions', value: { type: 'auto', wrapText: true } }, { id: 'custom.wrapText', value: true }],
  date: [{ id: 'unit', value: units.DATE }],
  days: [{ id: 'unit', value: units.DAYS }, { id: 'decimals', value: 0 }],
  slip: [
    { id: 'unit', value: units.DAYS },
    { id: 'decimals', value: 1 },
    { id: 'thresholds', value: SLIP_THRESHOLDS.build() },
    { id: 'mappings', value: [NO_VALUE] },
    { id: 'custom.cellOptions', value: { type: 'color-text' } },
  ],
  percent: [{ id: 'unit', value: units.PERCENT }, { id: 'decimals', value: 0 }],
  probability: [
    { id: 'unit', value: units.PERCENT },
    { id: 'decimals', value: 0 },
    { id: 'thresholds', value: PROBABILITY_THRESHOLDS.build() },
    { id: 'mappings', value: [NO_VALUE, ...NEARLY_CERTAIN] },
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
  'zero-is-good': [
    { id: 'unit', value: units.COUNT },
    { id: 'decimals', value: 0 },
    { id: 'thresholds', value: ZERO_IS_GOOD.build() },
    { id: 'mappings', value: [NO_VALUE] },
    { id: 'custom.cellOptions', value: { type: 'color-text' } },
  ],
  number: [{ id: 'unit', value: units.COUNT }, { id: 'decimals', value: 1 }],
};

/** A table of current values, with a row for each set of labels. */
export function tablePanel(spec: PanelSpec, labels: LabelColumn[], figures: ValueColumn[], sort?: { by: string; desc: boolean }): table.PanelBuilder {
  const panel = applySpec(new table.PanelBuilder(), spec).timeFrom(INSTANT_RANGE).hideTimeOverride(true).cellHeight(common.TableCellHeight.Sm);
  panel.unit(units.COUNT).showHeader(true).minWidth(50);
  for (const column of figures) {
    panel.withTarget(tableQuery(column.refId, column.expr));
  }
  // With a single query, Grafana names the value column `Value`. A column without a name only adds labels.
  const isMerged = figures.length > 1;
  const shown = figures.filter((it) => it.name !== '');
  const value = (column: ValueColumn) => (isMerged ? `Value #${column.refId} (lastNotNull)` : 'Value');
  const names = [...labels.map((it) => it.label), ...shown.map(value)];
  const titles = [...labels.map((it) => it.name ?? it.label), ...shown.map((it) => it.name)];
  if (isMerged) {
    panel.withTransformation({ id: 'merge', options: {} });
    panel.withTransformation({ id: 'groupBy', options: { fields: groupByLabels(labels, shown) } });
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

/** Groups by all labels. A grouped table without rows has no columns, so Grafana shows the text for no data. */
function groupByLabels(labels: LabelColumn[], figures: ValueColumn[]) {
  const keys = labels.map((it) => [it.label, { operation: 'groupby', aggregations: [] as string[] }] as const);
  const values = figures.map((it) => [`Value #${it.refId}`, { operation: 'aggregate', aggregations: ['lastNotNull'] }] as const);
  return Object.fromEntries([...keys, ...values]);
}

function columnProperties(column: LabelColumn | ValueColumn): dashboard.DynamicConfigValue[] {
  if (column.name === undefined) {
    return [{ id: 'custom.hidden', value: true }];
  }
  // Overrides the panel's text for no data, which Grafana would also show in empty cells.
  const properties = [{ id: 'noValue', value: '–' }, ...FORMAT_PROPERTIES[column.kind ?? 'text']];
  if (column.width) {
    properties.push({ id: 'custom.width', value: column.width });
  }
  if (column.link) {
    properties.push({ id: 'links', value: [{ ...column.link, targetBlank: false }] });
  }
  return properties;
}

/** Lines over time, drawn as steps. */
export function timeSeriesPanel(spec: PanelSpec, unit: string, queries: prometheus.DataqueryBuilder[]): timeseries.PanelBuilder {
  const panel = applySpec(new timeseries.PanelBuilder(), spec).unit(unit).lineWidth(2).fillOpacity(0);
  panel.showPoints(common.VisibilityMode.Never).lineInterpolation(common.LineInterpolation.StepAfter);
  // Connects points up to an hour apart, so that missed scrapes are not shown as gaps.
  panel.spanNulls(3600_000).thresholds(NO_THRESHOLDS).colorScheme(colorScheme(dashboard.FieldColorModeId.PaletteClassicByName));
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

export function colorScheme(mode: dashboard.FieldColorModeId, fixed?: string): dashboard.FieldColorBuilder {
  const color = new dashboard.FieldColorBuilder().mode(mode);
  return fixed ? color.fixedColor(fixed) : color;
}

export function fixedColor(color: string): dashboard.DynamicConfigValue {
  return { id: 'color', value: { mode: 'fixed', fixedColor: color } };
}

export const DASHED: dashboard.DynamicConfigValue = { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 6] } };
export const DOTTED: dashboard.DynamicConfigValue = { id: 'custom.lineStyle', value: { fill: 'dot', dash: [2, 6] } };
export const HIDDEN_IN_LEGEND: dashboard.DynamicConfigValue = {
  id: 'custom.hideFrom',
  value: { legend: true, tooltip: false, viz: false },
};

/** Horizontal bars with names. */
export function barGaugePanel(spec: PanelSpec, unit: string, queries: prometheus.DataqueryBuilder[]): bargauge.PanelBuilder {
  const panel = applySpec(new bargauge.PanelBuilder(), spec).unit(unit).timeFrom(INSTANT_RANGE).hideTimeOverride(true).thresholds(NO_THRESHOLDS);
  panel.orientation(common.VizOrientation.Horizontal).displayMode(common.BarGaugeDisplayMode.Basic).showUnfilled(true);
  panel.valueMode(common.BarGaugeValueMode.Text).namePlacement(common.BarGaugeNamePlacement.Left).min(0);
  panel.text(new common.VizTextDisplayOptionsBuilder().titleSize(13).valueSize(13)).sizing(common.BarGaugeSizing.Manual).maxVizHeight(26).minVizHeight(18);
  panel.reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false));
  queries.forEach((query) => panel.withTarget(query));
  return panel;
}

/** A segment of a stacked bar. */
export interface Segment {
  refId: string;
  name: string;
  expr: string;
  /** `undefined`: invisible, a gap in the bar. */
  color?: string;
  /** Hidden in the legend and in the tooltip. */
  unlisted?: boolean;
}

/** Stacked horizontal bars, one for each value of the label `by`. */
export function stackedBarPanel(spec: PanelSpec, unit: string, by: string, parts: Segment[]): barchart.PanelBuilder {
  const panel = applySpec(new barchart.PanelBuilder(), spec).timeFrom(INSTANT_RANGE).hideTimeOverride(true);
  panel.orientation(common.VizOrientation.Horizontal).stacking(common.StackingMode.Normal).showValue(common.VisibilityMode.Never);
  panel.xField(by).fillOpacity(90).lineWidth(0).barWidth(0.7).groupWidth(0.7).thresholds(NO_THRESHOLDS);
  // Only for numbers: otherwise, Grafana formats names as dates.
  panel.unit('none').overrideByFieldType('number', [{ id: 'unit', value: unit }]);
  panel.tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.None));
  panel.legend(legend());
  for (const part of parts) {
    panel.withTarget(tableQuery(part.refId, part.expr));
    const properties = part.color
      ? [fixedColor(part.color)]
      : [fixedColor('transparent'), { id: 'custom.fillOpacity', value: 0 }];
    const hidden = { legend: true, tooltip: part.color === undefined || part.unlisted, viz: false };
    if (part.unlisted || !part.color) {
      properties.push({ id: 'custom.hideFrom', value: hidden });
    }
    panel.overrideByName(part.name, properties);
  }
  return panel;
}

/** Keeps only the label and the segments, in order. */
export function arrangeSegments(panel: barchart.PanelBuilder, by: string, parts: Segment[], sort?: string, desc = false): barchart.PanelBuilder {
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
