/** The camera compass of a view: a head seen from above, nose down, and a wedge where the camera stands. */

const SVG = "http://www.w3.org/2000/svg";
/** A camera that looks more steeply than this stands over or under the part. */
const STEEP_DEG = 60;

/**
 * @param {SVGSVGElement} svg with viewBox "0 0 32 32"
 * @param {import("./camera.js").ViewCamera} camera
 */
export function drawCompass(svg, camera) {
  const { azimuthDeg, elevationDeg } = camera;
  const head = [node("path", { class: "compass-nose", d: "M13 20 L16 24.5 L19 20 Z" }),
    node("ellipse", { class: "compass-head", cx: 16, cy: 16, rx: 7, ry: 6 })];
  if (Math.abs(elevationDeg) > STEEP_DEG) {
    // Over the part: a dot; from below: a ring.
    const below = elevationDeg < 0 ? " compass-camera-below" : "";
    svg.replaceChildren(...head, node("circle", { cx: 16, cy: 16, r: 3.5, class: `compass-camera${below}` }));
    return;
  }
  // Azimuth 0 stands in front, 90 at the body's left: on the right hand of who faces it, as in the pictures.
  const angle = (azimuthDeg * Math.PI) / 180;
  const [x, y] = [16 + 13 * Math.sin(angle), 16 + 13 * Math.cos(angle)];
  const wedge = node("path", {
    class: "compass-camera", d: "M0 -3.6 L4 2.8 L-4 2.8 Z", transform: `translate(${x} ${y}) rotate(${-azimuthDeg})`,
  });
  svg.replaceChildren(...head, wedge);
}

/** @param {string} name @param {Record<string, string | number>} attributes */
function node(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}
