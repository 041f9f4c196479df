/** A small limb for tests: a tube of 24 x 8 quads, six cameras every 60 degrees, pick maps by a z-buffer of its own. */

const AROUND = 24;
const ALONG = 8;
const RADIUS_M = 0.05;
const HEIGHT_M = 0.3;

export const SIZE = 160;

/** @returns {{ manifest: any, bytes: ArrayBuffer }} what the server would send, inflated */
export function cylinderPart() {
  const vertices = [];
  for (let j = 0; j <= ALONG; j += 1) {
    for (let i = 0; i < AROUND; i += 1) {
      const angle = (2 * Math.PI * i) / AROUND;
      vertices.push([RADIUS_M * Math.sin(angle), HEIGHT_M * (0.5 - j / ALONG), RADIUS_M * Math.cos(angle)]);
    }
  }
  const triangles = [];
  for (let j = 0; j < ALONG; j += 1) {
    for (let i = 0; i < AROUND; i += 1) {
      const [a, b] = [j * AROUND + i, j * AROUND + ((i + 1) % AROUND)];
      triangles.push([a, a + AROUND, b], [b, a + AROUND, b + AROUND]);
    }
  }
  triangles.pop(); // a hole, and an odd number of triangles: the floats after them lie off a multiple of four
  const views = Array.from({ length: 6 }, (_, i) => cameraAt(i + 1, i * 60));
  const picks = views.map((view) => rasterise(view, vertices, triangles));
  return {
    manifest: {
      surface: "s", style: "t", part: 12, size_px: SIZE, views, n_triangles: triangles.length, n_vertices: vertices.length,
    },
    bytes: join([
      ...picks,
      new Uint16Array(triangles.flat()),
      new Float32Array(vertices.flat()),
      new Uint16Array(triangles.map((_, t) => 1000 + t)),
    ]),
  };
}

function cameraAt(number, degrees) {
  const angle = (degrees * Math.PI) / 180;
  const [s, c] = [Math.sin(angle), Math.cos(angle)];
  return {
    number, name: `at ${degrees}`, up: "elbow", down: "wrist", left: "l", right: "r", azimuth_deg: degrees,
    elevation_deg: 0, picture: `view-${number}.webp`, px_per_m: 450, origin: [SIZE / 2, SIZE / 2],
    axis_x: [c, 0, -s], axis_y: [0, -1, 0], towards: [s, 0, c],
  };
}

function rasterise(view, vertices, triangles) {
  const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  const pick = new Int16Array(SIZE * SIZE).fill(-1);
  const nearest = new Float64Array(SIZE * SIZE).fill(-Infinity);
  triangles.forEach((corners, t) => {
    const [a, b, c] = corners.map((v) => [
      view.origin[0] + view.px_per_m * dot(view.axis_x, vertices[v]),
      view.origin[1] + view.px_per_m * dot(view.axis_y, vertices[v]),
      dot(view.towards, vertices[v]),
    ]);
    const area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    for (let y = 0; y < SIZE; y += 1) {
      for (let x = 0; x < SIZE; x += 1) {
        const [px, py] = [x + 0.5 - a[0], y + 0.5 - a[1]];
        const wb = (px * (c[1] - a[1]) - py * (c[0] - a[0])) / area;
        const wc = ((b[0] - a[0]) * py - (b[1] - a[1]) * px) / area;
        const depth = a[2] + wb * (b[2] - a[2]) + wc * (c[2] - a[2]);
        if (Math.min(wb, wc, 1 - wb - wc) < 0 || depth <= nearest[y * SIZE + x]) continue;
        nearest[y * SIZE + x] = depth;
        pick[y * SIZE + x] = area < 0 ? t : -1; // a back face is ground: the tube is open
      }
    }
  });
  return pick;
}

function join(arrays) {
  const bytes = new Uint8Array(arrays.reduce((sum, array) => sum + array.byteLength, 0));
  let at = 0;
  for (const array of arrays) {
    bytes.set(new Uint8Array(array.buffer), at);
    at += array.byteLength;
  }
  return bytes.buffer;
}
