// Means, ranks and the choice of rows, by the rules of leaderboard_data/board.py. Scores are in percent. Which tasks,
// categories, weights and averages there are says the suite's description in the data (evaluator/suite.py).
import { costsOf } from "./costs.js";
import { applicable, kindsOf, places } from "./hybrid.js";
import { customWeights } from "./state.js";
import { trainingOf } from "./training.js";

export const percent = (value) => {
  const hundredths = Math.floor(Math.round(Math.abs(value) * 1e10) / 1e8 + 0.5);
  return (value < 0 && hundredths ? "-" : "") + (hundredths / 100).toFixed(2);
};

const mean = (values) => (values.includes(null) ? null : values.reduce((a, b) => a + b, 0) / values.length);

// Of each category its families, each the numbers of its tasks; a family counts as one task does.
const familiesOf = (suite) => {
  const number = new Map(suite.tasks.map((task, i) => [task.id, i]));
  return suite.categories.map((category) => category.groups.map((group) => group.map((id) => number.get(id))));
};

// The parts of a mean over the suite, [weight, score]: the categories', or all their families'; what weighs nothing is
// left out.
function parts(suite, over, categories, scores, weights) {
  const of = over === "tasks"
    ? familiesOf(suite).flatMap((groups, c) => groups.map((group) => [weights[c], mean(group.map((i) => scores[i]))]))
    : categories.map((score, i) => [weights[i], score]);
  return of.filter(([weight]) => weight);
}

function weightedMean(of) {
  if (!of.length || of.some(([, score]) => score == null)) return null;
  return of.reduce((sum, [w, score]) => sum + w * score, 0) / of.reduce((sum, [w]) => sum + w, 0);
}

export function readEntries(data) {
  const { scores, low, high, means, failures, odd, mean_intervals: meanIntervals, ties, ...columns } = data.entries;
  const { suite } = data;
  const trained = trainingOf(columns.training);
  const kinds = kindsOf(data.entries);
  const costs = costsOf(data.entries);
  const weights = suite.categories.map((c) => c.weight);
  const commercial = new Set(data.commercial);
  const families = familiesOf(suite);
  const needed = suite.tasks.map((task) => suite.categories.find((c) => c.id === task.category).weight > 0);
  return columns.model.map((model, row) => {
    const own = scores.map((column) => column[row]);
    const categories =
      means[row]?.slice(0, -1) ?? families.map((groups) => mean(groups.map((group) => mean(group.map((i) => own[i])))));
    const averages = suite.averages.map(({ over }) => weightedMean(parts(suite, over, categories, own, weights)));
    if (means[row]) averages[0] = means[row].at(-1);
    return {
      row,
      model,
      name: columns.name[row] ?? model,
      spec: columns.spec[row],
      local: !!columns.local[row],
      origin: data.origins[columns.origin[row]],
      precision: columns.precision[row],
      at: columns.at[row],
      parameters: columns.parameters[row],
      dimension: columns.dimension[row],
      max_tokens: columns.max_tokens[row],
      license: columns.license[row],
      commercial: commercial.has(columns.license[row]?.trim().toLowerCase()),
      llm: columns.llm[row],
      open: columns.open[row],
      speed: columns.speed[row],
      scores: own,
      categories,
      averages,
      average: averages[0],
      complete: !own.some((score, i) => score == null && needed[i] && !kinds(row).notApplicable.has(i)),
      intervals: low[row] ? low[row].map((l, i) => (l == null ? null : [l, high[row][i]])) : null,
      meanIntervals: meanIntervals[row] ?? null,
      failures: failures[row] ?? {},
      odd: odd[row] ?? {},
      doubts: columns.doubts[row] ?? [],
      ...trained(row),
      ...kinds(row),
      ...costs(row),
    };
  });
}

// One row of each model and precision; entries come best first.
export function choose(entries, origins) {
  const listed = new Map();
  return entries.filter((entry) => {
    if (!origins.includes(entry.origin)) return false;
    const precisions = listed.get(entry.model) ?? listed.set(entry.model, new Set()).get(entry.model);
    if (precisions.has(entry.precision) || (precisions.size && (entry.precision == null || precisions.has(null))))
      return false;
    return precisions.add(entry.precision);
  });
}

export function ranks(scores) {
  const rounded = scores.map((s) => (s == null ? null : Math.round(s * 1e10)));
  const first = new Map();
  rounded
    .filter((s) => s != null)
    .sort((a, b) => b - a)
    .forEach((s, i) => first.has(s) || first.set(s, i + 1));
  return rounded.map((s) => first.get(s) ?? null);
}

// Borda: a model gets, for each task, a point for each model below it and half a point for each one beside it.
export function bordaRanks(entries, tasks) {
  const complete = entries.filter((e) => e.complete && !e.lexical && canDo(e, tasks) && showsAll(e, tasks));
  const points = new Map(complete.map((e) => [e, 0]));
  for (const i of tasks) {
    const sorted = complete.filter((e) => e.scores[i] != null).sort((a, b) => a.scores[i] - b.scores[i]);
    for (let from = 0, to; from < sorted.length; from = to) {
      to = from;
      while (to < sorted.length && sorted[to].scores[i] === sorted[from].scores[i]) to++;
      for (let j = from; j < to; j++) points.set(sorted[j], points.get(sorted[j]) + from + (to - from - 1) / 2);
    }
  }
  const rank = ranks(complete.map((e) => points.get(e)));
  const of = new Map(complete.map((e, i) => [e, rank[i]]));
  return entries.map((e) => of.get(e) ?? null);
}

// The ranks of MTEB's board, by the rules of leaderboard_data/ranking.py: for each family that a row has, as many points
// as there are other rows, less its place among those that have it.
export function mtebRanks(entries, families) {
  const points = entries.map(() => 0);
  const present = (values) => values.filter((value) => value != null);
  for (const group of families) {
    const scores = entries.map((entry) => {
      const held = present(group.map((i) => entry.scores[i]));
      return held.length ? Math.round((held.reduce((a, b) => a + b, 0) / held.length) * 1e10) : null;
    });
    const sorted = present(scores).sort((a, b) => b - a);
    const first = new Map();
    const equal = new Map();
    sorted.forEach((score, i) => {
      if (!first.has(score)) first.set(score, i);
      equal.set(score, (equal.get(score) ?? 0) + 1);
    });
    scores.forEach((score, i) => {
      if (score != null) points[i] += entries.length - 1 - (first.get(score) + (equal.get(score) + 1) / 2);
    });
  }
  return ranks(points);
}

// What a row stands by: its rank; a lexical model before those that it is not below.
export const orderOf = ({ rank, place }) => rank ?? (place == null ? 1e9 : place - 0.5);

// Whether none of these tasks' scores is hidden. Who lacks one has no place: a count would take it for a defeat.
const showsAll = (entry, tasks) => !tasks.some((i) => entry.hides?.[i]);

// Whether all of these tasks are applicable to a row's kind of model: else it has no place among those that do them.
const canDo = (entry, tasks) => !tasks.some((i) => entry.notApplicable.has(i));

function shownRanks(entries, families) {
  const counts = (entry) => !entry.lexical && canDo(entry, families.flat()) && showsAll(entry, families.flat());
  const ranked = mtebRanks(entries.filter(counts), families).values();
  return entries.map((entry) => (counts(entry) ? ranked.next().value : null));
}

// {columns: [{name, kind, ...}], rows: [{entry, values, rank, ties, borda}], best, key} in the order of the board; `key`: the
// number of the column that it ranks by.
export function viewOf(data, all, view, state) {
  const { suite } = data;
  const shows = suite.views.find((v) => v.id === view)?.shows;
  const category = shows === "category" ? suite.categories.findIndex((c) => c.id === view) : -1;
  const tasks = suite.tasks.flatMap((t, i) => (category < 0 || t.category === view ? [i] : []));
  const entries = applicable(all, tasks);
  const custom = category < 0 && customWeights(state);
  const over = suite.averages[0].over;
  const average = custom ? (e) => weightedMean(parts(suite, over, e.categories, e.scores, state.w)) : (e) => e.average;
  const taskColumns = tasks.map((i) => ({ name: suite.tasks[i].column, task: i, of: (e) => e.scores[i] }));
  const meanColumn = (i) => ({ name: suite.categories[i].column, mean: i, of: (e) => e.categories[i] });
  const averages = suite.averages.map(({ column }, i) => {
    const first = { name: column, mean: custom ? null : suite.categories.length, weighted: custom, of: average };
    return i ? { name: column, mean: suite.categories.length + i, of: (e) => e.averages[i] } : first;
  });
  const middle = shows === "tasks" ? taskColumns : suite.categories.map((_, i) => meanColumn(i));
  const whole = suite.averages_first ? [...averages, ...middle] : [...middle, ...averages];
  const columns = category >= 0 ? [...taskColumns, meanColumn(category)] : whole;
  const key = category >= 0 ? columns.at(-1).of : average;
  const borda = suite.ranks_by === "borda" && !custom;
  const families = familiesOf(suite).filter((_, c) => (category < 0 ? suite.categories[c].weight : c === category));
  const rank = borda
    ? shownRanks(entries, families.flat())
    : ranks(entries.map((e) => ((e.complete || custom) && !e.lexical ? key(e) : null)));
  const place = borda ? [] : places(entries, rank, key);
  const ties = custom || state.unseen ? {} : (data.entries.ties[category >= 0 ? view : "overall"] ?? {});
  const rankOf = new Map(entries.map((e, i) => [e.row, rank[i]]));
  const rows = entries.map((entry, i) => ({
    entry,
    values: columns.map((c) => c.of(entry)),
    rank: rank[i],
    place: place[i] ?? null, // of a lexical model: the rank that its score would have
    borda: null,
    ties: ties[entry.row]?.map((row) => rankOf.get(row) ?? rank[i]) ?? null,
  }));
  if (state.cols.includes("borda"))
    bordaRanks(entries, tasks).forEach((borda, i) => {
      rows[i].borda = borda;
    });
  const score = (row) => (borda ? 0 : (key(row.entry) ?? -1e9));
  // What shows more stands before what shows less, where neither has the score that the view is sorted by.
  const known = (row) => (borda || key(row.entry) != null ? 0 : row.values.filter((value) => value != null).length);
  rows.sort(
    (a, b) =>
      orderOf(a) - orderOf(b) ||
      score(b) - score(a) ||
      known(b) - known(a) ||
      (a.entry.name < b.entry.name ? -1 : 1),
  );
  const first = category >= 0 ? columns.length - 1 : columns.findIndex((c) => c.name === averages[0].name);
  const best = columns.map((_, i) => rows.reduce((top, row) => Math.max(top, row.values[i] ?? -Infinity), -Infinity));
  return { columns, rows, best, key: first };
}

// The points {x, y} that no other beats in both: higher y, and less (or, where more is better, more) of x; by x.
// Points at the same place are all on the front.
export function paretoFront(points, moreIsBetter) {
  const sign = moreIsBetter ? -1 : 1;
  const front = [];
  let best = { y: -Infinity };
  for (const point of [...points].sort((a, b) => sign * (a.x - b.x) || b.y - a.y))
    if (point.y > best.y || (point.y === best.y && point.x === best.x)) front.push((best = point));
  return front.sort((a, b) => a.x - b.x);
}

const within = (value, [low, high]) =>
  (low == null && high == null) || (value != null && (low == null || value >= low) && (high == null || value <= high));

export const typeOf = ({ kind, llm }) => (kind !== "dense" ? kind : llm == null ? "unknown" : llm ? "llm" : "encoder");

// Whether an entry passes the filters (origins aside: they decide which entry of a model is listed).
export function matches(entry, state, words) {
  if (words.length) {
    const text = `${entry.name}\n${entry.model}`.toLowerCase();
    if (!words.every((word) => text.includes(word))) return false;
  }
  return (
    (!state.precision.length || state.precision.includes(entry.precision ?? "unknown")) &&
    within(entry.parameters == null ? null : entry.parameters / 1e6, state.params) &&
    within(entry.dimension, state.dim) &&
    within(entry.max_tokens, state.tokens) &&
    (!state.license.length ||
      state.license.includes(entry.license ?? "unknown") ||
      (entry.commercial && state.license.includes("commercial"))) &&
    (!state.open || entry.open === (state.open === "open" ? 1 : 0)) &&
    (!state.type || typeOf(entry) === state.type)
  );
}

export const searchWords = (state) => state.q.toLowerCase().split(/\s+/).filter(Boolean);
