/** Colours of numbered points: matplotlib's plasma from dark violet to orange, the same in photograph and views. */

/** Samples of plasma at 0, 1/8 .. 6/8; the yellow end is left out, white rings would drown in it. */
const PLASMA = [
  [13, 8, 135], [84, 2, 163], [139, 10, 165], [185, 50, 137], [219, 92, 104], [244, 136, 73], [254, 188, 43],
];
const START = 0.06;

/**
 * @param {number} number 1.. within the part @param {number} total
 * @returns {{ fill: string, ink: string }} ink is legible on fill
 */
export function pointColour(number, total) {
  const share = total > 1 ? (number - 1) / (total - 1) : 0;
  const at = (START + (1 - START) * share) * (PLASMA.length - 1);
  const low = Math.min(Math.floor(at), PLASMA.length - 2);
  const [r, g, b] = PLASMA[low].map((value, i) => Math.round(value + (PLASMA[low + 1][i] - value) * (at - low)));
  const lightness = 0.299 * r + 0.587 * g + 0.114 * b;
  return { fill: `rgb(${r} ${g} ${b})`, ink: lightness > 140 ? "#15191a" : "#ffffff" };
}
