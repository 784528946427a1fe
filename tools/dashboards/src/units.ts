/** Units (names defined by Grafana) and colours. */

export const DATE = 'time:YYYY-MM-DD';
export const PERCENT = 'percentunit';
export const DAYS = 'suffix: d';
export const COUNT = 'short';
export const SECONDS = 's';
export const BYTES = 'bytes';
export const FROM_NOW = 'dateTimeFromNow';
export const RATE = 'cps';

/** Colours that remain distinguishable with red-green colour blindness: they also differ in lightness. */
export const GOOD = '#5794F2';
export const WARN = '#FF780A';
export const BAD = '#C4162A';
export const PALE = '#8AB8FF66';
export const GREY = '#8E8E8E';
export const FAINT = '#8E8E8E44';
export const DEEP = '#1F60C4';
