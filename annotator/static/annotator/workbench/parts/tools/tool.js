/**
 * What a tool is: a few states that turn pointer samples into edits of the document; an edit ends in one commit, so one undo. Tools
 * know neither the pointer device nor the history: both are handed to them.
 */

/** @typedef {import("../../core/viewport.js").Point} Point */
/** @typedef {import("../label-document.js").Rule} Rule */

/**
 * @typedef {object} Sample One position of the pointer.
 * @property {number} x image pixels
 * @property {number} y image pixels
 * @property {number} pressure 0..1; 0.5 where the device knows none
 * @property {boolean} isPen
 * @property {boolean} isStraight Shift is held: brushes draw straight, tools of areas take away
 * @property {boolean} isRubber the other end of the pen: whatever the tool, it takes away
 */

/**
 * @typedef {object} Bench What tools work on.
 * @property {() => import("../label-document.js").LabelDocument | null} document
 * @property {() => number} part the current one
 * @property {() => number} radius of the brush, image pixels
 * @property {(at: Point) => Rule} rule for a stroke that begins here
 * @property {() => import("../../core/viewport.js").Viewport} viewport
 * @property {() => void} edited cells changed: draw them
 * @property {() => void} moved only the tool's own marks changed
 * @property {() => void} commit the edit is done
 * @property {(value: number) => void} picked a click chose a part
 * @property {(text: string) => void} say
 */

/**
 * @typedef {object} Tool
 * @property {string} name
 * @property {(sample: Sample) => void} down
 * @property {(samples: Sample[]) => void} move
 * @property {() => void} up
 * @property {() => void} [leave] the pointer is gone, or what it pointed at
 * @property {() => void} cancel give up what is under way
 * @property {boolean} isBusy something is under way that Escape would give up
 * @property {(id: "finish" | "back") => boolean} [key] Enter and Backspace while busy; whether it took them
 * @property {(context: CanvasRenderingContext2D) => void} [draw] its marks, in screen pixels
 * @property {boolean} [isPointing] it has marks though nothing is under way
 */

/** What a tool of areas paints when it begins here: the current part, or nothing where it takes away. @param {Bench} bench @param {Sample} sample @returns {number} */
export function valueFor(bench, sample) {
  return sample.isStraight || sample.isRubber ? 0 : bench.part();
}

/** Touching a part makes its suggestion an annotation. @param {Bench} bench @param {number} part 0: none is touched */
export function touchPart(bench, part) {
  const document = bench.document();
  if (!document || part === 0) return;
  document.takeHint(part);
  if (document.decided.get(part) !== "done") document.decide(part, "touched");
}
