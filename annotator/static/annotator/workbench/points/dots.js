/** Marks of points on a canvas, in CSS pixels: legible on skin, snow and black cloth by a white ring in a dark one. */

const DARK = "rgb(21 25 26 / 85%)";
const RED = "#d3122a";

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x @param {number} y @param {number} radius px
 * @param {string} fill
 */
export function drawDisc(context, x, y, radius, fill) {
  ring(context, x, y, radius + 2, DARK);
  ring(context, x, y, radius + 1.25, "#ffffff");
  ring(context, x, y, radius, fill);
}

/**
 * A placed point of the part in work: its number on its colour.
 * @param {CanvasRenderingContext2D} context @param {number} x @param {number} y
 * @param {{fill: string, ink: string, number: number | string, isCurrent?: boolean, isDoubtful?: boolean}} dot
 * @param {number} [radius]
 */
export function drawNumbered(context, x, y, dot, radius = 7.5) {
  if (dot.isCurrent) ring(context, x, y, radius + 4.5, RED);
  drawDisc(context, x, y, radius, dot.fill);
  context.fillStyle = dot.ink;
  context.font = `600 ${Math.round(radius * 1.4)}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(String(dot.number), x, y + 0.5);
  if (dot.isDoubtful) drawDoubt(context, x + radius + 2, y - radius - 1);
}

/**
 * What joins two answers to the same point.
 * @param {CanvasRenderingContext2D} context
 * @param {{x: number, y: number}} from @param {{x: number, y: number}} to
 * @param {boolean} isCurrent
 */
export function drawLink(context, from, to, isCurrent) {
  context.lineCap = "round";
  for (const [style, width] of /** @type {[string, number][]} */ ([["#ffffff", isCurrent ? 4 : 2.5], [isCurrent ? RED : DARK, isCurrent ? 2 : 1]])) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
  }
}

/**
 * An open point.
 * @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} radius
 */
export function drawHollow(context, x, y, radius) {
  stroke(context, x, y, radius, DARK, 3.5);
  stroke(context, x, y, radius, "#ffffff", 1.75);
}

/**
 * An answer without a place: a small cross-bar in a ring.
 * @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} radius
 */
export function drawWithout(context, x, y, radius) {
  ring(context, x, y, radius + 1, "#ffffff");
  stroke(context, x, y, radius, DARK, 1.5);
  context.strokeStyle = DARK;
  context.lineWidth = 1.75;
  context.beginPath();
  context.moveTo(x - radius / 2, y);
  context.lineTo(x + radius / 2, y);
  context.stroke();
}

/**
 * The current point: a red cross, open in the middle, so that what it points at can be seen.
 * @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} [arm]
 */
export function drawCross(context, x, y, arm = 16) {
  const gap = 4;
  for (const [style, width] of /** @type {[string, number][]} */ ([[DARK, 6], ["#ffffff", 4.5], [RED, 2.25]])) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.lineCap = "round";
    context.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(x + dx * gap, y + dy * gap);
      context.lineTo(x + dx * arm, y + dy * arm);
    }
    context.stroke();
  }
}

/**
 * The place looked at on the surface: a red ring with a dot, as in the views.
 * @param {CanvasRenderingContext2D} context @param {number} x @param {number} y
 */
export function drawTarget(context, x, y) {
  stroke(context, x, y, 11, "#ffffff", 5);
  stroke(context, x, y, 11, RED, 2.5);
  ring(context, x, y, 1.75, RED);
}

/** Dashes by who proposes: short from neighbours, long by a model, dots for one's own earlier answer. */
const DASHES = { neighbours: [3.5, 3], model: [8, 4.5], previous: [0.5, 4.5] };

/**
 * Where a point might lie: hollow and dashed, so that nobody takes it for an answer.
 * @param {CanvasRenderingContext2D} context @param {number} x @param {number} y
 * @param {keyof typeof DASHES} source
 */
export function drawGhost(context, x, y, source) {
  context.lineCap = source === "previous" ? "round" : "butt";
  for (const [style, width] of /** @type {[string, number][]} */ ([["#ffffff", 5], ["#15191a", source === "previous" ? 3 : 2]])) {
    context.setLineDash(style === "#ffffff" ? [] : DASHES[source]);
    stroke(context, x, y, 8, style, width);
  }
  context.setLineDash([]);
  ring(context, x, y, 1.5, DARK);
}

/** A quiet "check this". @param {CanvasRenderingContext2D} context @param {number} x @param {number} y */
function drawDoubt(context, x, y) {
  context.beginPath();
  context.moveTo(x, y - 6);
  context.lineTo(x + 6.5, y + 5);
  context.lineTo(x - 6.5, y + 5);
  context.closePath();
  context.fillStyle = "#f0bc5e";
  context.strokeStyle = "#15191a";
  context.lineWidth = 1.5;
  context.lineJoin = "round";
  context.fill();
  context.stroke();
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} radius @param {string} fill */
function ring(context, x, y, radius, fill) {
  context.fillStyle = fill;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

/**
 * @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} radius
 * @param {string} style @param {number} width
 */
function stroke(context, x, y, radius, style, width) {
  context.strokeStyle = style;
  context.lineWidth = width;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
}
