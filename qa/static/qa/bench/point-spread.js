/** How far the answers to each point lie apart, and in which order a reviewer looks at them. */

/** @typedef {{a: number, b: number, cm: (number | null)[]}} Pair distances of two answers, by point */
/** @typedef {{cm: number | null, isSplit: boolean}} Spread cm: the widest of the pairs; isSplit: one placed, another did not */

/**
 * @param {{status: number[]}[]} answers @param {Pair[]} pairs @param {number} n number of points
 * @returns {Spread[]}
 */
export function spreadsOf(answers, pairs, n) {
  return Array.from({ length: n }, (_, row) => {
    const known = pairs.map(({ cm }) => cm[row]).filter((cm) => cm !== null);
    return {
      cm: known.length > 0 ? Math.max(.../** @type {number[]} */ (known)) : null,
      isSplit: new Set(answers.map(({ status }) => status[row])).size > 1,
    };
  });
}

/** @param {Spread} spread @returns {number} larger is looked at first: a split says more than any distance on a body */
const urgency = ({ cm, isSplit }) => (isSplit ? 1000 : 0) + (cm ?? 0);

/**
 * The order to look at points in: the part whose answers lie widest apart first, and so within it. Part by part, as each
 * has pictures of its own.
 * @param {Spread[]} spreads @param {number[]} parts of each point
 * @returns {number[]} rows; in their own order where nothing tells them apart
 */
export function byUrgency(spreads, parts) {
  /** @type {Map<number, number>} */
  const worst = new Map();
  parts.forEach((part, row) => worst.set(part, Math.max(worst.get(part) ?? 0, urgency(spreads[row]))));
  const first = (/** @type {number} */ row) => parts.indexOf(parts[row]);
  return spreads
    .map((_, row) => row)
    .sort((i, j) =>
      (worst.get(parts[j]) ?? 0) - (worst.get(parts[i]) ?? 0) || first(i) - first(j) || urgency(spreads[j]) - urgency(spreads[i]) || i - j);
}

/**
 * Mean and worst distance by part, the worst mean first.
 * @param {number[]} parts of each point @param {Spread[]} spreads
 * @returns {{part: number, n: number, mean: number | null, worst: number | null, splits: number}[]}
 */
export function spreadByPart(parts, spreads) {
  /** @type {Map<number, number[]>} */
  const rows = new Map();
  parts.forEach((part, row) => rows.set(part, [...(rows.get(part) ?? []), row]));
  return [...rows]
    .map(([part, own]) => {
      const cm = own.flatMap((row) => spreads[row].cm ?? []);
      return {
        part,
        n: own.length,
        mean: cm.length ? cm.reduce((sum, value) => sum + value, 0) / cm.length : null,
        worst: cm.length ? Math.max(...cm) : null,
        splits: own.filter((row) => spreads[row].isSplit).length,
      };
    })
    .sort((a, b) => (b.mean ?? -1) - (a.mean ?? -1));
}
