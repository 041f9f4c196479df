/**
 * The six orthographic cameras of a part, as `manifest.json` describes them.
 *
 * pixel = origin + pxPerM * (axisX . p, axisY . p) for p in metres; axisY points down the picture; `towards` points from
 * the surface to the viewer.
 */

/** @typedef {[number, number]} Pixel x right, y down; pixel i covers [i, i + 1) */
/** @typedef {[number, number, number]} Vector3 metres in the canonical frame */

/**
 * @typedef {object} ViewCamera
 * @property {number} number 1..6
 * @property {string} name "front"
 * @property {string} up what lies beyond the upper edge, "elbow"
 * @property {string} down
 * @property {string} left
 * @property {string} right
 * @property {number} azimuthDeg 0 sees the part's front
 * @property {number} elevationDeg
 * @property {string} picture file name beside the manifest
 * @property {number} pxPerM
 * @property {Pixel} origin
 * @property {Vector3} axisX
 * @property {Vector3} axisY
 * @property {Vector3} towards
 */

/**
 * Read one entry of `manifest.views`.
 * @param {any} view
 * @returns {ViewCamera}
 */
export function cameraOf(view) {
  return {
    number: view.number,
    name: view.name,
    up: view.up ?? "",
    down: view.down ?? "",
    left: view.left ?? "",
    right: view.right ?? "",
    azimuthDeg: view.azimuth_deg ?? 0,
    elevationDeg: view.elevation_deg ?? 0,
    picture: view.picture,
    pxPerM: view.px_per_m,
    origin: view.origin,
    axisX: view.axis_x,
    axisY: view.axis_y,
    towards: view.towards,
  };
}

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
export const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** @param {Vector3} a @param {Vector3} b @returns {Vector3} */
export const minus = (a, b) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];

/** @param {Vector3} a @param {Vector3} b @returns {Vector3} */
export const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];

/** @param {Vector3} a @returns {Vector3} the unit vector; a zero vector stays zero */
export function unit(a) {
  const length = Math.hypot(a[0], a[1], a[2]);
  return length > 0 ? [a[0] / length, a[1] / length, a[2] / length] : [0, 0, 0];
}

/** @param {Vector3} a @param {Vector3} b metres */
export const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);

/**
 * Where a point of space falls in the picture.
 * @param {ViewCamera} camera @param {ArrayLike<number>} point
 * @returns {Pixel}
 */
export function project(camera, point) {
  return [
    camera.origin[0] + camera.pxPerM * dot(camera.axisX, point),
    camera.origin[1] + camera.pxPerM * dot(camera.axisY, point),
  ];
}
