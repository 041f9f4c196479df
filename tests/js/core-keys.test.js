import assert from "node:assert/strict";
import { test } from "node:test";

import { KeyMap, capsOf, combinationOf, listenForKeys } from "../../annotator/static/annotator/workbench/core/keys.js";
import { partsActions } from "../../annotator/static/annotator/workbench/parts/actions.js";

const press = (key, code = "", more = {}) => ({ key, code, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...more });

const ACTIONS = [
  { id: "brush", label: "Brush", group: "Tools", keys: ["b"] },
  { id: "swap", label: "Swap", group: "Tools", keys: ["w"] },
  { id: "digit", label: "1", group: "Parts", keys: ["1"], isFixed: true },
  { id: "peek", label: "Peek", group: "See", keys: ["space"], isHeld: true },
];

test("combinations have one name each", () => {
  assert.equal(combinationOf(press("B", "KeyB", { shiftKey: true })), "shift+b");
  assert.equal(combinationOf(press("Enter", "Enter", { ctrlKey: true })), "mod+enter");
  assert.equal(combinationOf(press("Enter", "Enter", { metaKey: true })), "mod+enter");
  assert.equal(combinationOf(press("?", "Slash", { shiftKey: true })), "?");
  assert.equal(combinationOf(press(" ", "Space")), "space");
  assert.equal(combinationOf(press("#", "Digit3", { shiftKey: true })), "shift+3");
  assert.equal(combinationOf(press("3", "Numpad3")), "3");
  assert.equal(combinationOf(press("é", "Digit2")), "2", "a French keyboard");
  assert.equal(combinationOf(press("'", "Digit4")), "4");
  const altGraph = { ctrlKey: true, altKey: true, getModifierState: (/** @type {string} */ name) => name === "AltGraph" };
  assert.equal(combinationOf(press("[", "Digit8", altGraph)), "[", "a German keyboard");
  assert.equal(combinationOf(press("Shift", "ShiftLeft", { shiftKey: true })), null);
  assert.equal(combinationOf(press("ㄖ", "KeyB")), "b", "a keyboard that writes Zhuyin");
  assert.equal(combinationOf(press("и", "KeyB")), "b", "a Cyrillic keyboard");
});

test("own keys win over the usual ones, unknown actions are passed over", () => {
  const keys = new KeyMap(ACTIONS, { swap: "x", nothing: "y", digit: "9" });
  assert.equal(keys.actionFor(press("x", "KeyX"))?.id, "swap");
  assert.equal(keys.actionFor(press("w", "KeyW")), null);
  assert.equal(keys.actionFor(press("1", "Digit1"))?.id, "digit");
  assert.deepEqual(keys.own(), { swap: "x" });
});

test("binding a key tells who lost it and what is free; a fixed key stays", () => {
  const keys = new KeyMap(ACTIONS);
  const result = keys.bind("swap", "b");
  assert.equal(result.taken, true);
  assert.equal(result.from?.id, "brush");
  assert.deepEqual(result.freed, ["w"]);
  assert.deepEqual(keys.keysOf("brush"), []);
  assert.equal(keys.bind("swap", "1").taken, false);
  assert.equal(keys.actionFor(press("b", "KeyB"))?.id, "swap");
  const again = new KeyMap(ACTIONS, keys.own());
  assert.equal(again.actionFor(press("b", "KeyB"))?.id, "swap");
  keys.reset();
  assert.equal(keys.actionFor(press("b", "KeyB"))?.id, "brush");
});

test("the usual keys of the parts workbench do not clash", () => {
  const keys = partsActions().flatMap((action) => action.keys);
  assert.deepEqual(keys.filter((key, place) => keys.indexOf(key) !== place), []);
});

test("caps are written as on the keyboard", () => {
  assert.deepEqual(capsOf("mod+enter", true), ["⌘", "↵"]);
  assert.deepEqual(capsOf("mod+shift+z", false), ["Ctrl", "⇧", "Z"]);
  assert.deepEqual(capsOf("+"), ["+"]);
});

test("a held key acts at its press and at its end, and once only", () => {
  const target = new EventTarget();
  const calls = [];
  listenForKeys(target, new KeyMap(ACTIONS), (id, _event, phase) => void calls.push(`${id} ${phase}`));
  const send = (type, key, code, repeat = false) => target.dispatchEvent(Object.assign(new Event(type, { cancelable: true }), press(key, code), { repeat }));
  send("keydown", " ", "Space");
  send("keydown", " ", "Space", true);
  send("keyup", " ", "Space");
  send("keydown", "b", "KeyB");
  send("keydown", "b", "KeyB", true);
  assert.deepEqual(calls, ["peek press", "peek release", "brush press"]);
});

test("a field in a closed dialog takes no keys, though it has the focus until the next frame", () => {
  const calls = [];
  const send = (holding) => {
    const field = Object.assign(new EventTarget(), { tagName: "TEXTAREA", closest: (selector) => selector.split(/,\s*/).some((one) => holding.includes(one)) });
    listenForKeys(field, new KeyMap(ACTIONS), (id) => void calls.push(id));
    field.dispatchEvent(Object.assign(new Event("keydown", { cancelable: true }), press("b", "KeyB")));
  };
  send(["textarea"]);
  assert.deepEqual(calls, []);
  send(["textarea", "dialog:not([open])"]);
  assert.deepEqual(calls, ["brush"]);
});
