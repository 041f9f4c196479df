/** Pointer and wheel on the six views, in px of their pictures: hover, click, and drag or wheel in an enlarged one. */

/** A press that moves farther than this, in CSS px, is a drag. */
const DRAG_PX = 5;

/**
 * @typedef {object} ViewPointerEvents
 * @property {(cell: import("./view-cell.js").ViewCell, x: number, y: number) => void} hover px of the picture
 * @property {(cell: import("./view-cell.js").ViewCell, x: number, y: number) => void} click px of the picture
 * @property {(cell: import("./view-cell.js").ViewCell) => void} leave
 */

/**
 * @param {import("./view-cell.js").ViewCell} cell
 * @param {ViewPointerEvents} events
 */
export function listenToPointer(cell, events) {
  const { element, viewport } = cell;
  /** @type {Map<number, {x: number, y: number}>} pointers that are down */
  const down = new Map();
  let isDrag = false;
  const isEnlarged = () => element.classList.contains("is-enlarged");

  element.addEventListener("pointerdown", (event) => {
    if (event.button > 1 || event.target !== element) return;
    down.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    isDrag = down.size > 1 || event.button === 1;
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => {
    const from = down.get(event.pointerId);
    // Over the caption nothing can be placed, and positions would be the caption's.
    if (!from) return event.target === element ? hover(event) : events.leave(cell);
    const [dx, dy] = [event.offsetX - from.x, event.offsetY - from.y];
    if (!isDrag && Math.hypot(dx, dy) < DRAG_PX) return;
    if (!isEnlarged()) return hover(event);
    isDrag = true;
    if (down.size === 2) pinch(event, from);
    else cell.panBy(dx, dy);
    down.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
  });
  element.addEventListener("pointerup", (event) => {
    if (!down.delete(event.pointerId) || isDrag || event.button !== 0) return;
    const { x, y } = viewport.toImage(event.offsetX, event.offsetY);
    events.click(cell, x, y);
  });
  element.addEventListener("pointercancel", (event) => down.delete(event.pointerId));
  element.addEventListener("pointerleave", () => events.leave(cell));
  element.addEventListener("wheel", (event) => {
    if (!isEnlarged()) return;
    event.preventDefault();
    cell.zoomAt(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), event.offsetX, event.offsetY);
  }, { passive: false });

  /** @param {PointerEvent} event */
  function hover(event) {
    const { x, y } = viewport.toImage(event.offsetX, event.offsetY);
    events.hover(cell, x, y);
  }

  /** @param {PointerEvent} event @param {{x: number, y: number}} from where this finger was */
  function pinch(event, from) {
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
    if (!other) return;
    const before = Math.hypot(from.x - other.x, from.y - other.y) || 1;
    const after = Math.hypot(event.offsetX - other.x, event.offsetY - other.y);
    cell.zoomAt(after / before, (event.offsetX + other.x) / 2, (event.offsetY + other.y) / 2);
  }
}
