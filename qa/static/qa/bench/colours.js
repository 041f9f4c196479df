/** A colour for each answer; its number always stands with it, so that colour is never alone. */

const COLOURS = [
  { fill: "#2f7bff", ink: "#ffffff" },
  { fill: "#ff9f1c", ink: "#15191a" },
  { fill: "#1fb37d", ink: "#15191a" },
  { fill: "#e0479e", ink: "#ffffff" },
  { fill: "#8c6bff", ink: "#ffffff" },
  { fill: "#b8b42d", ink: "#15191a" },
];

/** A place of the reviewer's own. */
export const OWN = { fill: "#ffffff", ink: "#15191a" };

/** @param {number} index */
export const colourOf = (index) => COLOURS[index % COLOURS.length];

// From 0 to 10 cm and more: near, apart, far. Dark enough for a white ring on any photograph.
const RAMP = [[31, 179, 125], [240, 188, 94], [224, 71, 60]];

/** @param {number | null} cm @param {boolean} isSplit @returns {{fill: string, ink: string}} */
export function spreadColour(cm, isSplit) {
  if (isSplit) return { fill: "rgb(224 71 60)", ink: "#ffffff" };
  if (cm === null) return { fill: "#8d9699", ink: "#15191a" };
  const at = Math.min(1, cm / 10) * (RAMP.length - 1);
  const low = Math.min(RAMP.length - 2, Math.floor(at));
  const mixed = RAMP[low].map((value, k) => Math.round(value + (RAMP[low + 1][k] - value) * (at - low)));
  return { fill: `rgb(${mixed.join(" ")})`, ink: at > 1.5 ? "#ffffff" : "#15191a" };
}
