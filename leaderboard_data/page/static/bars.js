// The bar under a score: how far it comes on its column's own scale, and its interval as a whisker. The server's first rows
// have the same bars (leaderboard_data/page/first_rows.py); a browser test compares them.
import { percent } from "./scores.js";

// Where a column's scale begins and ends: from a little below its lowest tenth to its best. So one outlier far below does
// not press all others to the right, and the last of nine still has a bar. Null where the column has no score.
export function scaleOf(values) {
  const sorted = Float64Array.from(values.filter((value) => value != null)).sort();
  if (!sorted.length) return null;
  const best = sorted[sorted.length - 1];
  const low = sorted[Math.floor(sorted.length / 10)];
  return { low: Math.min(low - 0.25 * (best - low), best - 1), best };
}

// Percent of the scale, whole numbers from 0 to 100.
const share = (value, { low, best }) =>
  Math.min(100, Math.max(0, Math.round((100 * (value - low)) / (best - low))));

// The HTML below a score; `interval`: its ends, or null.
export function bar(value, scale, interval) {
  const top = value === scale.best ? " kel-top" : "";
  const whisker = interval ? whiskerOf(interval, scale) : "";
  return `<i class="kel-scale${top}" style="--w:${share(value, scale)}%">${whisker}</i>`;
}

function whiskerOf([low, high], scale) {
  const [from, to] = [share(low, scale), share(high, scale)];
  return `<small class="kel-ci kel-whisker" data-low="${percent(low)}" data-high="${percent(high)}" style="--from:${from}%;--to:${to}%"></small>`;
}
