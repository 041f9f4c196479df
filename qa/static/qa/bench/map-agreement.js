/** Agreement of painted answers: overlap by part between each two, and the pixels that are disputed. */

const N_PARTS = 14;

/**
 * @param {Uint8Array[]} maps label maps of one size
 * @returns {Uint8Array} 1 where not all say the same
 */
export function disputedPixels(maps) {
  const [first, ...others] = maps;
  const disputed = new Uint8Array(first?.length ?? 0);
  for (const other of others) {
    for (let i = 0; i < first.length; i += 1) if (other[i] !== first[i]) disputed[i] = 1;
  }
  return disputed;
}

/**
 * Intersection over union by part.
 * @param {Uint8Array} a @param {Uint8Array} b
 * @returns {(number | null)[]} by part 1..14 (slot 0: all parts together, mean over the pixels that either painted); null where neither painted it
 */
export function overlapByPart(a, b) {
  const both = new Float64Array(N_PARTS + 1);
  const either = new Float64Array(N_PARTS + 1);
  for (let i = 0; i < a.length; i += 1) {
    const [p, q] = [a[i], b[i]];
    if (p === q) {
      if (!p) continue;
      both[p] += 1;
      either[p] += 1;
      both[0] += 1;
      either[0] += 1;
    } else {
      if (p) either[p] += 1;
      if (q) either[q] += 1;
      either[0] += 1;
    }
  }
  return Array.from(either, (n, part) => (n ? both[part] / n : null));
}

/**
 * The lowest overlap of any two answers, by part; the worst part first.
 * @param {Uint8Array[]} maps
 * @returns {{part: number, overlap: number}[]} parts that someone painted
 */
export function worstOverlaps(maps) {
  /** @type {Map<number, number>} */
  const worst = new Map();
  for (let i = 0; i < maps.length; i += 1) {
    for (let j = i + 1; j < maps.length; j += 1) {
      overlapByPart(maps[i], maps[j]).forEach((overlap, part) => {
        if (part && overlap !== null) worst.set(part, Math.min(overlap, worst.get(part) ?? 1));
      });
    }
  }
  return [...worst].map(([part, overlap]) => ({ part, overlap })).sort((a, b) => a.overlap - b.overlap);
}

/**
 * The box around the pixels of one part in any of the answers.
 * @param {Uint8Array[]} maps @param {number} width @param {number} part
 * @returns {{x: number, y: number, width: number, height: number} | null}
 */
export function boundsOfPart(maps, width, part) {
  let [left, top, right, bottom] = [Infinity, Infinity, -1, -1];
  for (const map of maps) {
    for (let i = 0; i < map.length; i += 1) {
      if (map[i] !== part) continue;
      const x = i % width;
      const y = (i - x) / width;
      [left, right] = [Math.min(left, x), Math.max(right, x)];
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
    }
  }
  return right < 0 ? null : { x: left, y: top, width: right + 1 - left, height: bottom + 1 - top };
}
