// Where a model stands among the others: its place in every category and task, what of it is said in words, and who
// beats it at its size. Pure: from the board's rows (scores.js) alone. The rules in sentences: docs/board.md.
import { choose, ranks, viewOf } from "./scores.js";
import { unseenOnly } from "./training.js";

export const BANDS = [5, 10, 20, 30]; // percent from the top, or from the bottom
export const LEAST_IN_BAND = 2; // of a band with room for fewer models nothing is said
export const SIZE_FACTOR = 1.5; // parameters at most so many times more, or fewer

// The rows that a model is held against: those of the origins that the address asks for, or of all where it has none there.
export function against(board, model) {
  const { state, data, entries } = board;
  const listed = board.listed();
  if (listed.some((entry) => entry.model === model)) return { entries: listed, origins: state.origin };
  return { entries: unseenOnly(choose(entries, data.origins), state.unseen, data), origins: data.origins };
}

// A line for the average, each category and each of its tasks: {id, kind, name, values: [[score, entry], ...] of all that
// have that score, value, low, high, rank, of, ties, place}, as far as the model has them. Baselines are not among `values`.
// `of` counts all that have a rank: where ranks are by Borda counts, models that lack some of the scores too. `ranks` are
// those of the models that have a rank and the score itself.
export function standings(data, entries, state, model) {
  const { suite } = data;
  const asked = { ...state, cols: [] };
  const mine = entries.find((entry) => entry.model === model);
  const lines = [lineOfView(data, entries, asked, mine, "overall")];
  suite.categories.forEach((category, c) => {
    lines.push({ ...lineOfView(data, entries, asked, mine, category.id), category: c });
    suite.tasks.forEach((task, i) => {
      if (task.category === category.id) lines.push({ ...lineOfTask(entries, mine, task, i), category: c });
    });
  });
  return lines.filter((line) => line.values.length);
}

function lineOfView(data, entries, state, mine, view) {
  const { suite } = data;
  const { columns, rows, key: at } = viewOf(data, entries, view, state);
  const overall = view === "overall";
  const row = rows.find(({ entry }) => entry === mine);
  const ranked = rows.filter(({ rank }) => rank != null);
  const scored = ranked.filter(({ values }) => values[at] != null);
  const interval = columns[at].weighted ? null : mine?.meanIntervals?.[columns[at].mean];
  return {
    id: view,
    kind: overall ? "average" : "category",
    name: overall ? columns[at].name : suite.categories.find(({ id }) => id === view).label,
    weighted: !!columns[at].weighted,
    values: rows.filter(({ values, entry }) => values[at] != null && !entry.lexical).map(({ values, entry }) => [values[at], entry]),
    value: row?.values[at] ?? null,
    low: interval?.[0] ?? null,
    high: interval?.[1] ?? null,
    rank: row?.rank ?? null,
    place: row?.place ?? null,
    of: ranked.length,
    ranks: scored.map(({ rank }) => rank),
    ties: row?.ties ?? null,
    rows,
    at,
  };
}

// By a task's score alone, of all that have one; tie groups are of means.
function lineOfTask(entries, mine, task, i) {
  const held = entries.filter((entry) => !entry.lexical && entry.scores[i] != null);
  const rank = ranks(held.map((entry) => entry.scores[i]));
  const value = mine?.scores[i] ?? null;
  const interval = mine?.intervals?.[i];
  const own = held.indexOf(mine);
  return {
    id: task.id,
    kind: "task",
    task: i,
    name: task.column,
    values: held.map((entry) => [entry.scores[i], entry]),
    value,
    low: interval?.[0] ?? null,
    high: interval?.[1] ?? null,
    rank: own < 0 ? null : rank[own],
    place: own < 0 && value != null ? 1 + held.filter((entry) => entry.scores[i] > value).length : null,
    of: held.length,
    ranks: rank,
    ties: null,
  };
}

// Where a value lies between the lowest and the highest of all, from 0 to 1.
export const position = (value, low, high) => (high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 0.5);

// Whether a place is among the best or the worst: {side, band, place, of}, the band in percent, or null. A model that
// others tie with is taken at the worse end of its tie group for the top, and at the better end for the bottom. A model
// without the score has none: a Borda count ranks it low for what it lacks.
export function bandOf({ value, rank, ties, ranks: all }) {
  if (rank == null || value == null) return null;
  const worst = Math.max(rank, ties?.[1] ?? rank);
  const best = Math.min(rank, ties?.[0] ?? rank);
  const within = (count) => BANDS.find((band) => 100 * count <= band * all.length && roomIn(band, all.length));
  const at = { place: 1 + all.filter((other) => other < rank).length, of: all.length };
  const top = within(all.filter((other) => other <= worst).length);
  if (top) return { side: "top", band: top, ...at };
  const bottom = within(all.filter((other) => other >= best).length);
  return bottom ? { side: "bottom", band: bottom, ...at } : null;
}

const roomIn = (band, of) => Math.floor((band * of) / 100) >= LEAST_IN_BAND;

// What is strong and what is weak, of categories alone: only their ranks have tie groups. `enough`: whether a band has room
// for models in any category; `tested`: whether all that is said rests on tie groups.
export function inWords(lines) {
  const categories = lines.filter((line) => line.kind === "category" && line.rank != null && line.value != null);
  const found = categories.map((line) => ({ line, ...bandOf(line) })).filter(({ side }) => side);
  const of = (side) => found.filter((each) => each.side === side).sort((a, b) => a.band - b.band);
  return {
    top: of("top"),
    bottom: of("bottom"),
    ranked: categories.length,
    enough: categories.some(({ ranks: all }) => roomIn(BANDS.at(-1), all.length)),
    most: Math.max(0, ...categories.map(({ ranks: all }) => all.length)),
    tested: found.every(({ line }) => line.ties),
  };
}

// Models of about its size whose average is higher: `better`, best first, each once, and how many more are higher but in
// its tie group. Null where its own size or average is not known. `tested`: both have tie groups, and this is above its.
export function betterAtSize(overall, model) {
  const { rows, at } = overall;
  const mine = rows.find(({ entry }) => entry.model === model);
  const size = mine?.entry.parameters;
  if (!size || mine.values[at] == null) return null;
  const seen = new Set([model]);
  const higher = rows
    .filter(({ entry, values }) => {
      const other = entry.parameters;
      if (entry.lexical || !other || values[at] == null || seen.has(entry.model)) return false;
      if (other > size * SIZE_FACTOR || other * SIZE_FACTOR < size) return false;
      seen.add(entry.model); // its first row is the one that is listed first
      return Math.round(values[at] * 1e10) > Math.round(mine.values[at] * 1e10);
    })
    .map((row) => ({ row, entry: row.entry, value: row.values[at], tested: !!(row.ties && mine.ties) }))
    .sort((a, b) => b.value - a.value);
  const tied = ({ row, tested }) => tested && row.rank != null && row.rank >= mine.ties[0];
  return { better: higher.filter((each) => !tied(each)), tied: higher.filter(tied).length, value: mine.values[at], size };
}
