/**
 * Runs in the workbench's page before its own scripts: times from an event to the frame that shows it, and long tasks.
 *
 * "Paint" is from the event to just after the frame that follows it: a message posted inside the last animation frame
 * callback is handled when style, layout and paint of that frame are done. "Frame" is of that from when the page learns of
 * the event; until then it waits in the browser for the next tick. "Work" is what the page's scripts do in it.
 */
(() => {
  const probe = { work: [], frame: [], paint: [], long: [], image: 0, key: 0 };
  globalThis.probe = probe;
  const after = new MessageChannel();
  let waiting = [];
  let spent = 0;
  after.port1.onmessage = () => {
    const now = performance.now();
    for (const at of waiting) probe.paint.push(now - at);
    probe.frame.push(now - learned);
    probe.work.push(spent);
    waiting = [];
    spent = 0;
  };
  // Capturing on the window comes before all listeners of the page, bubbling there after them. So the first frame callback
  // runs before the page's own drawing, and the second one after it.
  let learned = 0;
  let began = 0;
  let frame = 0;
  addEventListener("pointermove", (event) => {
    began = performance.now();
    if (waiting.push(event.timeStamp) > 1) return;
    learned = began;
    requestAnimationFrame(() => (frame = performance.now()));
  }, { capture: true });
  addEventListener("pointermove", () => {
    spent += performance.now() - began;
    if (waiting.length > 1) return;
    requestAnimationFrame(() => {
      spent += performance.now() - frame;
      after.port2.postMessage(0);
    });
  });
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) probe.long.push(duration);
  }).observe({ type: "longtask" });

  // When a picture is first drawn that was not there before.
  const seen = new WeakSet();
  const drawImage = CanvasRenderingContext2D.prototype.drawImage;
  CanvasRenderingContext2D.prototype.drawImage = function (picture, ...rest) {
    drawImage.call(this, picture, ...rest);
    if (!(picture instanceof ImageBitmap) || seen.has(picture)) return;
    seen.add(picture);
    requestAnimationFrame(() => setTimeout(() => (probe.image = performance.now())));
  };
  addEventListener("keydown", (event) => (probe.key = event.timeStamp), { capture: true });
})();
