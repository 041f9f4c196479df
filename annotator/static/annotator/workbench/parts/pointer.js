/**
 * All pointers in one place: mouse, pen and fingers. One of them works the tool; panning is by Space, the middle button, the move
 * tool, or a finger once a pen was seen; two fingers zoom. Samples are coalesced ones, so fast strokes stay round.
 */

/** @typedef {import("../core/viewport.js").Point} Point */
/** @typedef {import("./tools/tool.js").Sample} Sample */

/**
 * @typedef {object} PointerTarget
 * @property {() => import("./tools/tool.js").Tool} tool
 * @property {() => boolean} isPanning the next drag moves the picture, whatever the tool
 * @property {() => boolean} fingerPans
 * @property {() => void} penSeen
 * @property {(at: Point) => void} pick the part under a point (Alt, right button)
 * @property {(at: Point | null, event: PointerEvent | null) => void} hover screen pixels; null: gone
 * @property {(isPanning: boolean) => void} panned
 */

const CLICK_PX = 4;
const WHEEL_STEP = 0.0016;

export class PointerInput {
  #pane;
  #viewport;
  #target;
  #mode = /** @type {"none" | "tool" | "pan" | "pinch"} */ ("none");
  /** @type {number | null} */
  #active = null;
  /** @type {Map<number, Point>} screen pixels */
  #fingers = new Map();
  #isPenDown = false;
  /** @type {Point} */
  #start = { x: 0, y: 0 };
  /** @type {Point} */
  #last = { x: 0, y: 0 };
  /** @type {DOMRect} */
  #bounds;

  /** @param {HTMLElement} pane @param {import("../core/viewport.js").Viewport} viewport @param {PointerTarget} target */
  constructor(pane, viewport, target) {
    this.#pane = pane;
    this.#viewport = viewport;
    this.#target = target;
    this.#bounds = pane.getBoundingClientRect();
    pane.addEventListener("pointerdown", (event) => this.#down(event));
    pane.addEventListener("pointermove", (event) => this.#move(event));
    pane.addEventListener("pointerup", (event) => this.#up(event));
    pane.addEventListener("pointercancel", (event) => this.#up(event, true));
    pane.addEventListener("pointerleave", (event) => this.#mode === "none" && target.hover(null, event));
    // A click leaves the focus where it was, but ends typing: keys are the workbench's again.
    pane.addEventListener("mousedown", (event) => {
      event.preventDefault();
      if (document.activeElement instanceof HTMLElement && document.activeElement !== pane) document.activeElement.blur();
    });
    pane.addEventListener("contextmenu", (event) => event.preventDefault());
    pane.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  /** Where the pane lies on the page. */
  measure() {
    this.#bounds = this.#pane.getBoundingClientRect();
  }

  /** @param {PointerEvent} event */
  #down(event) {
    const at = this.#screen(event);
    if (event.pointerType === "pen") this.#startPen();
    if (event.pointerType === "touch") {
      // The palm of the hand that draws.
      if (this.#isPenDown) return;
      this.#fingers.set(event.pointerId, at);
      if (this.#fingers.size === 2) return this.#startPinch();
    }
    if (this.#mode !== "none") return;
    this.#pane.setPointerCapture(event.pointerId);
    this.#active = event.pointerId;
    this.#start = this.#last = at;
    this.#target.hover(at, event);
    const isFinger = event.pointerType === "touch";
    if (event.button === 1 || this.#target.isPanning() || (isFinger && this.#target.fingerPans())) {
      this.#mode = "pan";
      event.preventDefault();
    } else if (event.button === 2 || event.altKey) {
      this.#target.pick(this.#viewport.toImage(at.x, at.y));
    } else if (event.button === 0 || isRubber(event)) {
      this.#mode = this.#target.tool().name === "move" ? "pan" : "tool";
      if (this.#mode === "tool") this.#target.tool().down(this.#sample(event));
    }
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const at = this.#screen(event);
    if (this.#fingers.has(event.pointerId)) {
      if (this.#mode === "pinch") return this.#pinch(event.pointerId, at);
      this.#fingers.set(event.pointerId, at);
    }
    if (this.#mode !== "none" && event.pointerId !== this.#active) return;
    if (this.#mode === "pan") {
      this.#viewport.panBy(at.x - this.#last.x, at.y - this.#last.y);
      this.#target.panned(true);
    } else {
      const events = event.getCoalescedEvents?.() ?? [];
      this.#target.tool().move((events.length > 0 ? events : [event]).map((one) => this.#sample(one)));
    }
    this.#last = at;
    this.#target.hover(at, event);
  }

  /** @param {PointerEvent} event @param {boolean} [isCancelled] */
  #up(event, isCancelled = false) {
    if (event.pointerType === "pen") this.#isPenDown = false;
    this.#fingers.delete(event.pointerId);
    if (this.#mode === "pinch") {
      if (this.#fingers.size === 0) this.#mode = "none";
      return;
    }
    if (event.pointerId !== this.#active) return;
    const mode = this.#mode;
    this.#mode = "none";
    this.#active = null;
    const tool = this.#target.tool();
    if (mode === "tool") {
      if (isCancelled) tool.cancel();
      else tool.up();
    } else if (mode === "pan") {
      this.#target.panned(false);
      const at = this.#screen(event);
      const isClick = Math.hypot(at.x - this.#start.x, at.y - this.#start.y) < CLICK_PX;
      if (isClick && tool.name === "move" && event.button === 0) tool.down(this.#sample(event));
    }
    if (event.pointerType === "touch") this.#target.hover(null, event);
  }

  /** A pen goes before whatever fingers are at: they may be the palm of the same hand. */
  #startPen() {
    this.#target.penSeen();
    this.#isPenDown = true;
    this.#fingers.clear();
    if (this.#mode === "tool") return;
    if (this.#mode === "pan") this.#target.panned(false);
    this.#mode = "none";
  }

  #startPinch() {
    if (this.#mode === "tool") this.#target.tool().cancel();
    this.#mode = "pinch";
    this.#active = null;
    this.#target.hover(null, null);
  }

  /** @param {number} pointerId @param {Point} at */
  #pinch(pointerId, at) {
    const [a, b] = [...this.#fingers.values()];
    this.#fingers.set(pointerId, at);
    const [c, d] = [...this.#fingers.values()];
    if (!b || !d) return;
    const before = Math.hypot(a.x - b.x, a.y - b.y);
    const now = Math.hypot(c.x - d.x, c.y - d.y);
    const center = { x: (c.x + d.x) / 2, y: (c.y + d.y) / 2 };
    this.#viewport.panBy(center.x - (a.x + b.x) / 2, center.y - (a.y + b.y) / 2);
    if (before > 0) this.#viewport.zoomAt(now / before, center.x, center.y);
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const at = this.#screen(event);
    const unit = event.deltaMode === 1 ? 30 : event.deltaMode === 2 ? 300 : 1;
    if (event.shiftKey) return this.#viewport.panBy(-(event.deltaX + event.deltaY) * unit, 0);
    // A pinch on a trackpad comes as a wheel with Control, in smaller steps.
    const step = event.ctrlKey && event.deltaMode === 0 ? WHEEL_STEP * 5 : WHEEL_STEP;
    this.#viewport.zoomAt(Math.exp(-Math.max(-300, Math.min(300, event.deltaY * unit)) * step), at.x, at.y);
  }

  /** @param {MouseEvent} event @returns {Point} */
  #screen(event) {
    return { x: event.clientX - this.#bounds.left, y: event.clientY - this.#bounds.top };
  }

  /** @param {PointerEvent} event @returns {Sample} */
  #sample(event) {
    const at = this.#screen(event);
    const { x, y } = this.#viewport.toImage(at.x, at.y);
    return { x, y, pressure: event.pressure || 0.5, isPen: event.pointerType === "pen", isStraight: event.shiftKey, isRubber: isRubber(event) };
  }
}

/** The other end of a pen. @param {PointerEvent} event */
function isRubber(event) {
  return (event.buttons & 32) !== 0;
}
