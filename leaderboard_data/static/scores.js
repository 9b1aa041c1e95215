// Means, ranks and the choice of rows, by the rules of leaderboard_data/board.py. Scores are in percent.

export const percent = value => {
  const hundredths = Math.floor(Math.round(Math.abs(value) * 1e10) / 1e8 + 0.5);
  return (value < 0 && hundredths ? "-" : "") + (hundredths / 100).toFixed(2);
};

const mean = values => values.some(v => v == null) ? null : values.reduce((a, b) => a + b, 0) / values.length;

export function readEntries(data) {
  const { model, name, spec, local, origin, precision, scores, means } = data.entries;
  const tasksOf = data.categories.map(c => data.tasks.flatMap((t, i) => t.category === c.id ? [i] : []));
  return model.map((id, row) => {
    const own = scores.map(column => column[row]);
    const categories = means[row]?.slice(0, -1) ?? tasksOf.map(tasks => mean(tasks.map(i => own[i])));
    return { model: id, name: name[row] ?? id, spec: spec[row], local: !!local[row], origin: data.origins[origin[row]],
      precision: precision[row], scores: own, categories, average: means[row] ? means[row].at(-1) : mean(categories),
      complete: !own.includes(null) };
  });
}

// One row of each model and precision; entries come best first.
export function choose(entries, origins) {
  const listed = new Map();
  return entries.filter(entry => {
    if (!origins.includes(entry.origin)) return false;
    const precisions = listed.get(entry.model) ?? listed.set(entry.model, new Set()).get(entry.model);
    if (precisions.has(entry.precision) || (precisions.size && (entry.precision == null || precisions.has(null)))) return false;
    return precisions.add(entry.precision);
  });
}

export function ranks(scores) {
  const rounded = scores.map(s => s == null ? null : Math.round(s * 1e10));
  const first = new Map();
  rounded.filter(s => s != null).sort((a, b) => b - a).forEach((s, i) => first.has(s) || first.set(s, i + 1));
  return rounded.map(s => first.get(s) ?? null);
}

// {columns, rows: [[entry, value, ..., rank]]} in the order of the board; the last value gives the rank.
export function viewOf(data, entries, view) {
  const category = data.categories.findIndex(c => c.id === view);
  const means = data.categories.map(c => `${c.label}_Average`);
  const tasks = data.tasks.flatMap((t, i) => category < 0 || t.category === view ? [i] : []);
  const columns = category >= 0 ? [...tasks.map(i => data.tasks[i].column), means[category]] : [...means, "Average"];
  const values = entries.map(e =>
    category >= 0 ? [...tasks.map(i => e.scores[i]), e.categories[category]] : [...e.categories, e.average]);
  const rank = ranks(values.map((v, i) => entries[i].complete ? v.at(-1) : null));
  const rows = entries.map((entry, i) => [entry, ...values[i], rank[i]]);
  const place = row => [row.at(-1) ?? Infinity, -(row.at(-2) ?? -Infinity)];
  return { columns: ["Model", ...columns, "Rank"], rows: rows.sort((a, b) => {
    const [ra, sa] = place(a), [rb, sb] = place(b);
    return (ra === rb ? sa === sb ? 0 : sa - sb : ra - rb) || (a[0].name < b[0].name ? -1 : 1);
  }) };
}
