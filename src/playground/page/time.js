// Times as Discord writes them: <t:UNIX:style>, in the reader's zone and language.

import { h } from './dom.js';

const REFRESH_MS = 1000;
const STYLES = {
  t: { timeStyle: 'short' },
  T: { timeStyle: 'medium' },
  d: { dateStyle: 'short' },
  D: { dateStyle: 'long' },
  f: { dateStyle: 'long', timeStyle: 'short' },
  F: { dateStyle: 'full', timeStyle: 'short' },
  s: { dateStyle: 'short', timeStyle: 'short' },
  S: { dateStyle: 'short', timeStyle: 'medium' },
};
/** Units of a distance: its seconds, and the number of them from which the next unit is used. */
const UNITS = [
  ['second', 1, 60], ['minute', 60, 60], ['hour', 3600, 24], ['day', 86400, 30],
  ['month', 2629746, 12], ['year', 31556952, Infinity],
];
const distance = new Intl.RelativeTimeFormat(undefined, { numeric: 'always' });

/** The `time` element of a timestamp; null if there is no such date. */
export function timeElement(unix, style = 'f') {
  const date = new Date(unix * 1000);
  if (Number.isNaN(date.getTime())) return null;
  const text = style === 'R' ? relative(unix) : written(date, style);
  return h('time', {
    class: 'stamp', datetime: date.toISOString(), title: written(date, 'F'),
    'data-relative': style === 'R' && unix,
  }, text);
}

/** The time of a message: "Today at 20:00", or with its date. */
export function messageTime(iso) {
  const date = new Date(iso);
  const today = date.toDateString() === new Date().toDateString();
  const text = today ? `Today at ${written(date, 't')}` : written(date, 's');
  return h('time', { class: 'sent', datetime: iso, title: written(date, 'F') }, text);
}

/** Keeps all relative times on the page true. */
export function keepTime() {
  setInterval(() => {
    for (const element of document.querySelectorAll('time[data-relative]')) {
      const text = relative(Number(element.dataset.relative));
      if (element.textContent !== text) element.textContent = text;
    }
  }, REFRESH_MS);
}

function written(date, style) {
  return new Intl.DateTimeFormat(undefined, STYLES[style] ?? STYLES.f).format(date);
}

function relative(unix) {
  const seconds = unix - Date.now() / 1000;
  for (const [unit, size, most] of UNITS) {
    const count = Math.round(seconds / size);
    if (Math.abs(count) < most) return distance.format(count, unit);
  }
  return '';
}
