/** The layer below: the photograph, and a veil over what lies outside the person's box. */

/** @typedef {import("../core/viewport.js").Rect} Rect */
/** @typedef {import("../core/viewport.js").Viewport} Viewport */

const VEIL_ALPHA = 0.42;
const AROUND_VEIL_ALPHA = 0.36;
// Near enough to count pixels, they are shown as they are.
const CRISP_FROM_SCALE = 8;

/** @param {CanvasRenderingContext2D} context @param {Viewport} viewport @param {CanvasImageSource} image */
export function drawPhoto(context, viewport, image) {
  context.setTransform(...viewport.transform);
  context.imageSmoothingEnabled = viewport.scale < CRISP_FROM_SCALE;
  context.imageSmoothingQuality = viewport.scale < 1 ? "high" : "medium";
  context.drawImage(image, 0, 0, viewport.imageWidth, viewport.imageHeight);
}

/** @param {CanvasRenderingContext2D} context @param {Viewport} viewport @param {{image: ImageBitmap, rect: Rect}} around rect in crop pixels */
export function drawAround(context, viewport, { image, rect }) {
  context.setTransform(...viewport.transform);
  context.imageSmoothingEnabled = true;
  context.drawImage(image, rect.x, rect.y, rect.width, rect.height);
  // Where nothing can be painted it is paler still than under the veil.
  const ratio = viewport.devicePixelRatio;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.globalAlpha = AROUND_VEIL_ALPHA;
  context.fillStyle = veilColour();
  context.fillRect(0, 0, viewport.width, viewport.height);
  context.globalAlpha = 1;
}

/**
 * What lies outside the box may be painted, and is not exported.
 * @param {CanvasRenderingContext2D} context
 * @param {Viewport} viewport
 * @param {Rect} box crop pixels
 * @param {boolean} isAround the photograph goes on beyond the crop, and so does the veil
 */
export function drawVeil(context, viewport, box, isAround) {
  const ratio = viewport.devicePixelRatio;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  const [from, to] = [viewport.toScreen(box.x, box.y), viewport.toScreen(box.x + box.width, box.y + box.height)];
  const [start, end] = isAround ? [{ x: 0, y: 0 }, { x: viewport.width, y: viewport.height }] : [viewport.toScreen(0, 0), viewport.toScreen(viewport.imageWidth, viewport.imageHeight)];
  context.fillStyle = veilColour();
  context.globalAlpha = VEIL_ALPHA;
  context.beginPath();
  context.rect(start.x, start.y, end.x - start.x, end.y - start.y);
  context.rect(from.x, from.y, to.x - from.x, to.y - from.y);
  context.fill("evenodd");
  context.globalAlpha = 1;
  context.lineWidth = 1;
  for (const [style, offset] of /** @type {[string, number][]} */ ([["rgba(255,255,255,0.9)", 0], ["rgba(20,25,26,0.55)", 5]])) {
    context.strokeStyle = style;
    context.setLineDash([5, 5]);
    context.lineDashOffset = offset;
    context.strokeRect(Math.round(from.x) + 0.5, Math.round(from.y) + 0.5, Math.round(to.x - from.x), Math.round(to.y - from.y));
  }
  context.setLineDash([]);
}

function veilColour() {
  return getComputedStyle(document.documentElement).getPropertyValue("--canvas").trim() || "#888";
}
