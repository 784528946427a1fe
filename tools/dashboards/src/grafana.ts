/** Grafana's types for validation, each under a unique name. */

import type * as dashboard from '../node_modules/@grafana/schema/dist/types/raw/dashboard/x/types.gen.js';
import type * as barchart from '../node_modules/@grafana/schema/dist/types/raw/composable/barchart/panelcfg/x/types.gen.js';
import type * as bargauge from '../node_modules/@grafana/schema/dist/types/raw/composable/bargauge/panelcfg/x/types.gen.js';
import type * as nodegraph from '../node_modules/@grafana/schema/dist/types/raw/composable/nodegraph/panelcfg/x/types.gen.js';
import type * as stat from '../node_modules/@grafana/schema/dist/types/raw/composable/stat/panelcfg/x/types.gen.js';
import type * as table from '../node_modules/@grafana/schema/dist/types/raw/composable/table/panelcfg/x/types.gen.js';
import type * as timeseries from '../node_modules/@grafana/schema/dist/types/raw/composable/timeseries/panelcfg/x/types.gen.js';

export type AnyDashboard = dashboard.Dashboard;
export type AnyPanel = dashboard.Panel;
export type BarchartOptions = barchart.Options;
export type BarchartFieldConfig = barchart.FieldConfig;
export type BargaugeOptions = bargauge.Options;
export type NodeGraphOptions = nodegraph.Options;
export type StatOptions = stat.Options;
export type TableOptions = table.Options;
export type TableFieldConfig = table.FieldConfig;
export type TimeseriesOptions = timeseries.Options;
export type TimeseriesFieldConfig = timeseries.FieldConfig;
