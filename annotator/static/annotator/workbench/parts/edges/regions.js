/**
 * Small regions that follow the photograph's edges, at two nested scales, as a server's worker found them. No DOM here.
 *
 * The file (inflated): width, height, n as uint16 (little-endian); n parents as uint16: the coarse region of each fine one; then
 * a byte for each pixel: bit 1 it differs from its left neighbour, bit 2 from the one above. Regions are what these borders
 * enclose, numbered in the order of their first pixel. The grid may be smaller than the crop.
 */

const FROM_LEFT = 1;
const FROM_ABOVE = 2;

/**
 * @typedef {object} Regions All typed arrays, so that a worker hands them over without a copy.
 * @property {number} width of the crop
 * @property {number} height
 * @property {Uint16Array} labels fine region of each crop pixel, row-major
 * @property {Uint16Array} parents coarse region of each fine one
 * @property {Uint32Array} offsets where each fine region's spans begin, one more at the end
 * @property {Uint16Array} spans triples: row, first and last column
 */

/** @param {Uint8Array} bytes inflated @param {number} width of the crop @param {number} height @returns {Regions} */
export function readRegions(bytes, width, height) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [gridWidth, gridHeight, count] = [0, 2, 4].map((at) => view.getUint16(at, true));
  const parents = Uint16Array.from({ length: count }, (_, i) => view.getUint16(6 + 2 * i, true));
  const borders = bytes.subarray(6 + 2 * count);
  if (borders.length !== gridWidth * gridHeight) throw new RangeError("the file of regions is damaged");
  const labels = enlarged(connected(borders, gridWidth, gridHeight), gridWidth, gridHeight, width, height);
  return { width, height, labels, parents, ...spansOf(labels, width, height, count) };
}

/** The fine regions that a pixel stands for. @param {Regions} regions @param {number} x @param {number} y image pixels @param {boolean} isCoarse @returns {number[]} */
export function regionsAt({ labels, parents, width, height }, x, y, isCoarse) {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  if (column < 0 || row < 0 || column >= width || row >= height) return [];
  const fine = labels[row * width + column];
  if (!isCoarse) return [fine];
  const found = [];
  for (let i = 0; i < parents.length; i += 1) if (parents[i] === parents[fine]) found.push(i);
  return found;
}

/** @param {Regions} regions @param {number} region @param {(row: number, from: number, to: number) => void} paintRow spans in image pixels */
export function paintRegion({ offsets, spans }, region, paintRow) {
  for (let i = offsets[region]; i < offsets[region + 1]; i += 1) paintRow(spans[3 * i], spans[3 * i + 1] + 0.5, spans[3 * i + 2] + 0.5);
}

/**
 * The border of regions taken together, along the edges of pixels.
 * @param {Regions} regions
 * @param {Set<number>} wanted fine regions
 * @param {Pick<Path2D, "moveTo" | "lineTo">} path image pixels
 */
export function outlineOf({ labels, width, height, offsets, spans }, wanted, path) {
  const isWanted = (/** @type {number} */ x, /** @type {number} */ y) => x >= 0 && y >= 0 && x < width && y < height && wanted.has(labels[y * width + x]);
  const line = (/** @type {number} */ x0, /** @type {number} */ y0, /** @type {number} */ x1, /** @type {number} */ y1) => {
    path.moveTo(x0, y0);
    path.lineTo(x1, y1);
  };
  for (const region of wanted) {
    for (let i = offsets[region]; i < offsets[region + 1]; i += 1) {
      const [y, first, last] = [spans[3 * i], spans[3 * i + 1], spans[3 * i + 2]];
      if (!isWanted(first - 1, y)) line(first, y, first, y + 1);
      if (!isWanted(last + 1, y)) line(last + 1, y, last + 1, y + 1);
      for (const [beside, edge] of [[y - 1, y], [y + 1, y + 1]]) {
        for (let x = first; x <= last; x += 1) {
          const start = x;
          while (x <= last && !isWanted(x, beside)) x += 1;
          if (x > start) line(start, edge, x, edge);
        }
      }
    }
  }
}

/** @param {Uint8Array} borders @param {number} width @param {number} height @returns {Uint16Array} */
function connected(borders, width, height) {
  const parent = new Uint32Array(borders.length);
  const root = (/** @type {number} */ i) => {
    while (parent[i] !== i) i = parent[i] = parent[parent[i]];
    return i;
  };
  for (let i = 0; i < borders.length; i += 1) {
    const joinsLeft = i % width > 0 && (borders[i] & FROM_LEFT) === 0;
    const joinsAbove = i >= width && (borders[i] & FROM_ABOVE) === 0;
    parent[i] = joinsLeft ? root(i - 1) : joinsAbove ? root(i - width) : i;
    // The lower root stays: a region is known by its first pixel.
    if (joinsLeft && joinsAbove) {
      const [one, other] = [root(i - 1), root(i - width)];
      parent[Math.max(one, other)] = Math.min(one, other);
    }
  }
  const labels = new Uint16Array(borders.length);
  const numbers = new Uint16Array(borders.length);
  let next = 0;
  for (let i = 0; i < borders.length; i += 1) {
    const first = root(i);
    if (first === i) {
      numbers[i] = next;
      next += 1;
    }
    labels[i] = numbers[first];
  }
  return labels;
}

/** @param {Uint16Array} labels @param {number} gridWidth @param {number} gridHeight @param {number} width @param {number} height */
function enlarged(labels, gridWidth, gridHeight, width, height) {
  if (gridWidth === width && gridHeight === height) return labels;
  const large = new Uint16Array(width * height);
  for (let y = 0, i = 0; y < height; y += 1) {
    const start = Math.floor(((y + 0.5) * gridHeight) / height) * gridWidth;
    for (let x = 0; x < width; x += 1, i += 1) large[i] = labels[start + Math.floor(((x + 0.5) * gridWidth) / width)];
  }
  return large;
}

/** @param {Uint16Array} labels @param {number} width @param {number} height @param {number} count of regions */
function spansOf(labels, width, height, count) {
  const offsets = new Uint32Array(count + 1);
  const isStart = (/** @type {number} */ i) => i % width === 0 || labels[i] !== labels[i - 1];
  for (let i = 0; i < labels.length; i += 1) if (isStart(i)) offsets[labels[i] + 1] += 1;
  for (let i = 0; i < count; i += 1) offsets[i + 1] += offsets[i];
  const spans = new Uint16Array(3 * offsets[count]);
  const at = offsets.slice();
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; ) {
      const label = labels[y * width + x];
      let last = x;
      while (last + 1 < width && labels[y * width + last + 1] === label) last += 1;
      spans.set([y, x, last], 3 * at[label]);
      at[label] += 1;
      x = last + 1;
    }
  }
  return { offsets, spans };
}
