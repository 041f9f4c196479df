/** The camera compass of a view: a head seen from above, nose down, and a wedge where the camera stands. */

const SVG = "http://www.w3.org/2000/svg";
/** A camera that looks more steeply than this stands over or under the body. */
const STEEP = 0.8;

/**
 * @param {SVGSVGElement} svg with viewBox "0 0 32 32"
 * @param {import("./camera.js").ViewCamera} camera
 */
export function drawCompass(svg, camera) {
  const [left, up, front] = camera.towards;
  const head = [node("path", { class: "compass-nose", d: "M13 20 L16 24.5 L19 20 Z" }),
    node("ellipse", { class: "compass-head", cx: 16, cy: 16, rx: 7, ry: 6 })];
  if (Math.abs(up) > STEEP) {
    // Over the body: a dot; from below: a ring, the tail of an arrow.
    const mark = up > 0 ? { class: "compass-camera", r: 3.5 } : { class: "compass-camera compass-camera--below", r: 3.5 };
    svg.replaceChildren(...head, node("circle", { cx: 16, cy: 16, ...mark }));
    return;
  }
  // The body's left is on the right hand of who faces it, as in the pictures.
  const length = Math.hypot(left, front) || 1;
  const [x, y] = [16 + (13 * left) / length, 16 + (13 * front) / length];
  // The wedge points at the body.
  const degrees = (-Math.atan2(left, front) * 180) / Math.PI;
  const wedge = node("path", {
    class: "compass-camera", d: "M0 -3.6 L4 2.8 L-4 2.8 Z", transform: `translate(${x} ${y}) rotate(${degrees})`,
  });
  svg.replaceChildren(...head, wedge);
}

/** @param {string} name @param {Record<string, string | number>} attributes */
function node(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}
