/** Shapes to rows of pixels: a thick segment, a polygon, a connected region. Each gives rows to a callback; none knows of labels. */

/** @typedef {import("../core/viewport.js").Point} Point */
/** @typedef {(y: number, from: number, to: number) => void} PaintRow row number, and the span in image pixels */

/**
 * A segment with round ends, as a brush leaves it between two samples. The shape is convex: a row cuts it in one span.
 * @param {Point} a
 * @param {Point} b
 * @param {number} radius image pixels; at least the pixel under each end is painted
 * @param {PaintRow} paintRow
 */
export function paintSegment(a, b, radius, paintRow) {
  const r = Math.max(radius, 0.5);
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const length = Math.hypot(dx, dy);
  const nx = length > 0 ? (-dy / length) * r : 0;
  const ny = length > 0 ? (dx / length) * r : 0;
  const corners = [
    { x: a.x + nx, y: a.y + ny }, { x: b.x + nx, y: b.y + ny }, { x: b.x - nx, y: b.y - ny }, { x: a.x - nx, y: a.y - ny },
  ];
  const top = Math.floor(Math.min(a.y, b.y) - r);
  const bottom = Math.ceil(Math.max(a.y, b.y) + r);
  for (let y = top; y <= bottom; y += 1) {
    const center = y + 0.5;
    const span = { from: Infinity, to: -Infinity };
    for (const end of [a, b]) {
      const rest = r * r - (center - end.y) ** 2;
      if (rest >= 0) widen(span, end.x - Math.sqrt(rest), end.x + Math.sqrt(rest));
    }
    if (length > 0) widenByPolygon(span, corners, center);
    if (span.to >= span.from) paintRow(y, span.from, span.to);
  }
  if (r <= 0.75) for (const end of [a, b]) paintRow(Math.floor(end.y), Math.floor(end.x) + 0.5, Math.floor(end.x) + 0.5);
}

/** @param {{from: number, to: number}} span @param {number} from @param {number} to */
function widen(span, from, to) {
  if (from < span.from) span.from = from;
  if (to > span.to) span.to = to;
}

/** @param {{from: number, to: number}} span @param {Point[]} corners @param {number} y */
function widenByPolygon(span, corners, y) {
  for (let i = 0; i < corners.length; i += 1) {
    const p = corners[i];
    const q = corners[(i + 1) % corners.length];
    if ((p.y <= y) === (q.y <= y)) continue;
    const x = p.x + ((y - p.y) / (q.y - p.y)) * (q.x - p.x);
    widen(span, x, x);
  }
}

/**
 * A closed polygon, by pixel centres, non-zero winding: a lasso that crosses itself stays full.
 * @param {Point[]} points
 * @param {PaintRow} paintRow
 */
export function paintPolygon(points, paintRow) {
  if (points.length < 3) return;
  let top = Infinity;
  let bottom = -Infinity;
  for (const point of points) {
    top = Math.min(top, point.y);
    bottom = Math.max(bottom, point.y);
  }
  for (let y = Math.floor(top); y <= Math.ceil(bottom); y += 1) {
    const center = y + 0.5;
    /** @type {{x: number, turn: number}[]} */
    const crossings = [];
    for (let i = 0; i < points.length; i += 1) {
      const p = points[i];
      const q = points[(i + 1) % points.length];
      if ((p.y <= center) === (q.y <= center)) continue;
      crossings.push({ x: p.x + ((center - p.y) / (q.y - p.y)) * (q.x - p.x), turn: p.y <= center ? 1 : -1 });
    }
    crossings.sort((one, other) => one.x - other.x);
    let winding = 0;
    for (let i = 0; i + 1 < crossings.length; i += 1) {
      winding += crossings[i].turn;
      if (winding !== 0) paintRow(y, crossings[i].x, crossings[i + 1].x);
    }
  }
}

/**
 * The region of equal cells around a pixel (4-connected), as spans.
 * @param {Uint8Array} cells row-major
 * @param {number} width
 * @param {number} height
 * @param {number} x column inside
 * @param {number} y row inside
 * @param {Uint8Array} [seen] cells that earlier regions have; this one's are added
 * @returns {{rows: [number, number, number][], area: number, touchesBorder: boolean}} rows: y, first and last column
 */
export function regionAt(cells, width, height, x, y, seen = new Uint8Array(cells.length)) {
  const value = cells[y * width + x];
  /** @type {[number, number, number][]} */
  const rows = [];
  const stack = [y * width + x];
  let area = 0;
  let touchesBorder = false;
  while (stack.length > 0) {
    const seed = /** @type {number} */ (stack.pop());
    if (seen[seed]) continue;
    const row = Math.floor(seed / width);
    const rowStart = row * width;
    let first = seed;
    while (first > rowStart && cells[first - 1] === value && !seen[first - 1]) first -= 1;
    let last = seed;
    while (last < rowStart + width - 1 && cells[last + 1] === value && !seen[last + 1]) last += 1;
    seen.fill(1, first, last + 1);
    rows.push([row, first - rowStart, last - rowStart]);
    area += last - first + 1;
    touchesBorder ||= row === 0 || row === height - 1 || first === rowStart || last === rowStart + width - 1;
    for (const next of [row > 0 ? -width : 0, row < height - 1 ? width : 0]) {
      if (next === 0) continue;
      for (let i = first + next; i <= last + next; i += 1) {
        // One seed for each run above and below.
        if (cells[i] === value && !seen[i] && (i === first + next || cells[i - 1] !== value || seen[i - 1])) stack.push(i);
      }
    }
  }
  return { rows, area, touchesBorder };
}
