/**
 * Outlines of the label map as curves, tile by tile, so that an edit traces again only the tiles it touched. Marching squares
 * on pixel centres; each part's line runs a little inside its own border, so that two neighbours show two lines.
 */

/** @typedef {import("../core/viewport.js").Point} Point */

export const TILE = 64;
// Image pixels from the border towards the inside.
const INSET = 0.28;

// Corner bits of a square: 1 top left, 2 top right, 4 bottom right, 8 bottom left. Edges: 0 top, 1 right, 2 bottom, 3 left.
// Pairs [from, to] with the inside on the right hand, so that chains can be linked.
/** @type {number[][][]} */
const SEGMENTS = [
  [], [[0, 3]], [[1, 0]], [[1, 3]], [[2, 1]], [[0, 3], [2, 1]], [[2, 0]], [[2, 3]],
  [[3, 2]], [[0, 2]], [[1, 0], [3, 2]], [[1, 2]], [[3, 1]], [[0, 1]], [[3, 0]], [],
];
// The two corner bits that an edge joins, first the one at smaller x or y.
const EDGE_BITS = [[1, 2], [2, 4], [8, 4], [1, 8]];

/**
 * Trace one tile.
 * @param {Uint8Array} cells row-major
 * @param {number} width
 * @param {number} height
 * @param {number} column of the tile
 * @param {number} row of the tile
 * @returns {Map<number, Point[][]>} for each value its lines, in image pixels; a closed one ends where it began
 */
export function traceTile(cells, width, height, column, row) {
  /** @type {Map<number, Map<number, number>>} value -> from key -> to key */
  const links = new Map();
  /** @type {Map<number, Point>} */
  const points = new Map();
  const left = column * TILE;
  const top = row * TILE;
  // Square (x, y) has its bottom right corner at the centre of pixel (x, y); there is one more than pixels each way.
  const right = Math.min(left + TILE, width + 1);
  const bottom = Math.min(top + TILE, height + 1);
  for (let y = top; y < bottom; y += 1) {
    const hasAbove = y > 0;
    const hasBelow = y < height;
    for (let x = left; x < right; x += 1) {
      const hasLeft = x > 0;
      const hasRight = x < width;
      const i = y * width + x;
      const d = hasBelow && hasRight ? cells[i] : 0;
      const c = hasBelow && hasLeft ? cells[i - 1] : 0;
      const b = hasAbove && hasRight ? cells[i - width] : 0;
      const a = hasAbove && hasLeft ? cells[i - width - 1] : 0;
      if (a === b && b === c && c === d) continue;
      traceSquare(x, y, width, [a, b, d, c], links, points);
    }
  }
  return chain(links, points);
}

/**
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number[]} corners top left, top right, bottom right, bottom left
 * @param {Map<number, Map<number, number>>} links
 * @param {Map<number, Point>} points
 */
function traceSquare(x, y, width, corners, links, points) {
  for (let k = 0; k < 4; k += 1) {
    const value = corners[k];
    if (value === 0 || corners.indexOf(value) !== k) continue;
    let bits = 0;
    for (let j = 0; j < 4; j += 1) if (corners[j] === value) bits |= 1 << j;
    let own = links.get(value);
    if (!own) links.set(value, (own = new Map()));
    for (const [from, to] of SEGMENTS[bits]) {
      own.set(edgePoint(x, y, width, from, bits, value, points), edgePoint(x, y, width, to, bits, value, points));
    }
  }
}

/**
 * The crossing of an edge of a square, with a key that the neighbouring square gives it too.
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} edge
 * @param {number} bits
 * @param {number} value
 * @param {Map<number, Point>} points
 */
function edgePoint(x, y, width, edge, bits, value, points) {
  const isHorizontal = edge === 0 || edge === 2;
  const ex = edge === 1 ? x + 1 : x;
  const ey = edge === 2 ? y + 1 : y;
  const key = ((ey * (width + 2) + ex) * 2 + (isHorizontal ? 0 : 1)) * 32 + value;
  if (!points.has(key)) {
    const isFirstInside = (bits & EDGE_BITS[edge][0]) !== 0;
    const along = isFirstInside ? 0.5 - INSET : 0.5 + INSET;
    points.set(key, isHorizontal ? { x: ex - 0.5 + along, y: ey - 0.5 } : { x: ex - 0.5, y: ey - 0.5 + along });
  }
  return key;
}

/**
 * @param {Map<number, Map<number, number>>} links
 * @param {Map<number, Point>} points
 * @returns {Map<number, Point[][]>}
 */
function chain(links, points) {
  /** @type {Map<number, Point[][]>} */
  const lines = new Map();
  for (const [value, next] of links) {
    /** @type {Point[][]} */
    const own = [];
    const arrivals = new Set(next.values());
    // Lines that come in over the tile's border first; what is left is closed.
    const starts = [...next.keys()].filter((key) => !arrivals.has(key));
    for (const start of [...starts, ...next.keys()]) {
      if (!next.has(start)) continue;
      const line = [];
      /** @type {number | undefined} */
      let key = start;
      while (key !== undefined) {
        line.push(/** @type {Point} */ (points.get(key)));
        const following = next.get(key);
        next.delete(key);
        key = following;
      }
      own.push(line);
    }
    lines.set(value, own);
  }
  return lines;
}

/**
 * The lines as smooth curves through the middles of their pieces.
 * @param {Point[][]} lines
 * @param {Pick<Path2D, "moveTo" | "lineTo" | "quadraticCurveTo" | "closePath">} path
 */
export function addLines(lines, path) {
  for (const line of lines) {
    const last = line.length - 1;
    const isClosed = last > 2 && line[0] === line[last];
    const start = isClosed ? middle(line[0], line[1]) : line[0];
    path.moveTo(start.x, start.y);
    for (let i = 1; i < last; i += 1) {
      const mid = middle(line[i], line[i + 1]);
      path.quadraticCurveTo(line[i].x, line[i].y, mid.x, mid.y);
    }
    if (isClosed) {
      path.quadraticCurveTo(line[0].x, line[0].y, start.x, start.y);
      path.closePath();
    } else {
      path.lineTo(line[last].x, line[last].y);
    }
  }
}

/** @param {Point} a @param {Point} b */
function middle(a, b) {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
