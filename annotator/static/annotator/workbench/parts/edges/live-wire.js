/** Paths that cling to the photograph's edges: the cheapest way over a map where edges are cheap (Mortensen and Barrett's live-wire). No DOM here. */

/** @typedef {import("../../core/viewport.js").Point} Point */

/** @typedef {{width: number, height: number, costs: Uint8Array}} CostMap 1 on the strongest edges .. FLAT where nothing is */

const FLAT = 60;
// Room around the two ends in which the path is sought, and the most of the map that is looked at: pixels.
const MARGIN = 24;
const MAX_WINDOW = 400;
const STEPS = /** @type {[number, number, number][]} */ ([[1, 0, 5], [-1, 0, 5], [0, 1, 5], [0, -1, 5], [1, 1, 7], [1, -1, 7], [-1, 1, 7], [-1, -1, 7]]);

/** @param {Uint8ClampedArray} rgba @param {number} width @param {number} height @returns {CostMap} */
export function costsOf(rgba, width, height) {
  const light = new Float32Array(width * height);
  for (let i = 0; i < light.length; i += 1) light[i] = 0.3 * rgba[4 * i] + 0.59 * rgba[4 * i + 1] + 0.11 * rgba[4 * i + 2];
  const slopes = new Float32Array(width * height);
  const counts = new Uint32Array(1024);
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = 1; x < width - 1; x += 1) {
      const i = y * width + x;
      const [n, s] = [i - width, i + width];
      const dx = light[n + 1] + 2 * light[i + 1] + light[s + 1] - light[n - 1] - 2 * light[i - 1] - light[s - 1];
      const dy = light[s - 1] + 2 * light[s] + light[s + 1] - light[n - 1] - 2 * light[n] - light[n + 1];
      slopes[i] = Math.hypot(dx, dy);
      counts[Math.min(1023, Math.floor(slopes[i]))] += 1;
    }
  }
  // What only one pixel in twenty exceeds counts as a whole edge, whatever the contrast of the photograph.
  let strong = 1023;
  for (let above = 0; strong > 24 && above < light.length / 20; strong -= 1) above += counts[strong];
  const costs = Uint8Array.from(slopes, (slope) => 1 + Math.round((FLAT - 1) * (1 - Math.min(1, slope / strong)) ** 1.5));
  return { width, height, costs };
}

/**
 * @param {CostMap} map
 * @param {Point} from image pixels
 * @param {Point} to
 * @returns {Point[]} centres of pixels from end to end; straight where the ends are too far apart
 */
export function wire(map, from, to) {
  const [start, end] = [inside(map, from), inside(map, to)];
  const x = Math.max(0, Math.min(start.x, end.x) - MARGIN);
  const y = Math.max(0, Math.min(start.y, end.y) - MARGIN);
  const width = Math.min(map.width, Math.max(start.x, end.x) + MARGIN + 1) - x;
  const height = Math.min(map.height, Math.max(start.y, end.y) + MARGIN + 1) - y;
  if (Math.max(width, height) > MAX_WINDOW) return [from, to];
  const came = search(map, { x, y, width, height }, (start.y - y) * width + start.x - x, (end.y - y) * width + end.x - x);
  const path = [];
  for (let i = (end.y - y) * width + end.x - x; i !== -1; i = came[i]) path.push({ x: x + (i % width) + 0.5, y: y + Math.floor(i / width) + 0.5 });
  return path.reverse();
}

/** @param {CostMap} map @param {Point} at */
function inside({ width, height }, { x, y }) {
  return { x: Math.min(width - 1, Math.max(0, Math.floor(x))), y: Math.min(height - 1, Math.max(0, Math.floor(y))) };
}

/**
 * Dijkstra with a bucket for each distance: costs are small whole numbers, so no heap is needed.
 * @param {CostMap} map
 * @param {import("../../core/viewport.js").Rect} area
 * @param {number} start index inside the area
 * @param {number} end
 * @returns {Int32Array} for each pixel reached the one before it, -1 at the start
 */
function search({ costs, width: stride }, area, start, end) {
  const size = area.width * area.height;
  const came = new Int32Array(size).fill(-1);
  const distance = new Int32Array(size).fill(0x7fffffff);
  const nBuckets = 7 * FLAT + 1;
  /** @type {number[][]} */
  const buckets = Array.from({ length: nBuckets }, () => []);
  distance[start] = 0;
  buckets[0].push(start);
  for (let d = 0, waiting = 1; waiting > 0; d += 1) {
    const bucket = buckets[d % nBuckets];
    while (bucket.length > 0) {
      const i = /** @type {number} */ (bucket.pop());
      waiting -= 1;
      if (distance[i] !== d) continue;
      if (i === end) return came;
      const [x, y] = [i % area.width, Math.floor(i / area.width)];
      for (const [dx, dy, length] of STEPS) {
        if (x + dx < 0 || y + dy < 0 || x + dx >= area.width || y + dy >= area.height) continue;
        const j = i + dy * area.width + dx;
        const next = d + length * costs[(area.y + y + dy) * stride + area.x + x + dx];
        if (next >= distance[j]) continue;
        distance[j] = next;
        came[j] = i;
        buckets[next % nBuckets].push(j);
        waiting += 1;
      }
    }
  }
  return came;
}
