"""The two workbenches, as a person uses them: by pointer and by key."""

import base64
import io
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from annotator.models import Lease
from labels.label_maps import unpack

Point = tuple[float, float]
PADDING_PX = 4  # free around a fitted crop, on each side


class Workbench:
    """What both stages share."""

    stage = ""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, project_id: int) -> None:
        self.page.goto(f"/projects/{project_id}/annotate/{self.stage}/")
        self.wait_ready()

    def wait_ready(self) -> None:
        expect(self.page.locator("[data-hook=submit]")).to_be_enabled()
        expect(self.notice).to_be_hidden()

    @property
    def notice(self) -> Locator:
        return self.page.locator("[data-hook=notice]")

    @property
    def save(self) -> Locator:
        return self.page.locator("[data-hook=save]")

    def message(self, title: str) -> Locator:
        return self.page.locator(".message", has=self.page.get_by_role("heading", name=title, exact=True))

    def wait_saved(self) -> None:
        expect(self.save).to_have_attribute("data-state", "saved")

    def wait_state(self, state: str) -> None:
        expect(self.save).to_have_attribute("data-state", state)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def submit(self) -> None:
        self.page.locator("[data-hook=submit]").click()

    @property
    def lease(self) -> Lease:
        """The lease that this window shows."""
        keys = self.page.evaluate("() => Object.entries(sessionStorage)")
        (lease_id,) = [value for key, value in keys if key.startswith("workbench:") and f":{self.stage}:" in key]
        return Lease.objects.select_related("task__person").get(pk=lease_id)


class PartsBench(Workbench):
    stage = "parts"

    def part(self, number: int) -> Locator:
        return self.page.locator(f".palette-cell[data-part='{number}']")

    def states(self) -> dict[int, str]:
        cells = self.page.locator(".palette-cell").all()
        return {int(cell.get_attribute("data-part") or 0): cell.get_attribute("data-state") or "" for cell in cells}

    def look(self) -> np.ndarray:
        """The painted layer as it is seen, (H, W, 4) uint8."""
        self.settle()
        url = self.page.locator("[data-hook=layer-labels]").evaluate("canvas => canvas.toDataURL()")
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))

    def settle(self) -> None:
        """Let two frames pass, so that what was asked for is drawn."""
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def at(self, x: float, y: float) -> Point:
        """Where a pixel of the fitted crop is in the window, by arithmetic of our own."""
        pane = self.page.locator("[data-hook=pane]").bounding_box()
        crop = self.lease.shown_crop
        assert pane is not None
        scale = min((pane["width"] - 2 * PADDING_PX) / crop.width, (pane["height"] - 2 * PADDING_PX) / crop.height)
        left = pane["x"] + (pane["width"] - crop.width * scale) / 2
        top = pane["y"] + (pane["height"] - crop.height * scale) / 2
        return left + x * scale, top + y * scale

    def stroke(self, *points: Point) -> None:
        """Drag through points of the fitted crop."""
        mouse = self.page.mouse
        mouse.move(*self.at(*points[0]))
        mouse.down()
        for point in points[1:]:
            mouse.move(*self.at(*point), steps=8)
        mouse.up()

    def saved_map(self) -> np.ndarray:
        """The label map of the draft that the server has."""
        self.wait_saved()
        lease = self.lease
        assert lease.draft is not None
        return unpack(base64.b64decode(lease.draft["label_map"]), lease.shown_crop.shape)

    def decided(self) -> dict[str, str]:
        self.wait_saved()
        return dict(self.lease.draft["decided"])


class PointsBench(Workbench):
    stage = "correspondence"

    def wait_ready(self) -> None:
        super().wait_ready()
        self.wait_views()

    def wait_views(self) -> None:
        expect(self.page.locator("[data-hook=views]")).not_to_have_class("view-grid is-loading")
        self.page.wait_for_function(_HAS_PICTURE)

    def cell(self, number: int) -> Locator:
        return self.page.locator(".view-cell").nth(number - 1)

    def surface_pixels(self, view: int, count: int) -> list[Point]:
        """Places in the window that show the body in a view, spread over it, away from its edge."""
        found = self.cell(view).locator("[data-cell-picture]").evaluate(_SURFACE_PIXELS, count)
        assert found, f"view {view} shows no body"
        return [(x, y) for x, y in found]

    def rings(self) -> dict[int, Point]:
        """Where each view shows the ring of the surface point under the pointer, in the window."""
        return {int(view): (at[0], at[1]) for view, at in self.page.evaluate(_RINGS).items()}

    def on_photo(self, xy: Any) -> Point:
        """Where an image pixel is in the window while the whole crop is shown, by arithmetic of our own."""
        pane = self.page.locator("[data-hook=photo]").bounding_box()
        crop = self.lease.shown_crop
        assert pane is not None
        scale = min((pane["width"] - 16) / crop.width, (pane["height"] - 16) / crop.height)
        left = pane["x"] + (pane["width"] - crop.width * scale) / 2
        top = pane["y"] + (pane["height"] - crop.height * scale) / 2
        return left + (float(xy[0]) - crop.x) * scale, top + (float(xy[1]) - crop.y) * scale

    def photo_cover(self) -> float:
        """The share of its pane that the photograph fills."""
        share: float = self.page.locator("[data-hook=photo] canvas").first.evaluate(_COVER)
        return share

    def answers(self) -> dict[str, Any]:
        self.wait_saved()
        return dict((self.lease.draft or {"answers": {}})["answers"])

    def current(self) -> str:
        self.wait_saved()
        return str(self.lease.draft["current"])

    def text(self, hook: str) -> str:
        return self.page.locator(f"[data-hook={hook}]").inner_text()


def is_same_look(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two looks agree, but for lines' dashes and softness: an edit draws only its neighbourhood anew."""
    if a.shape != b.shape:
        return False
    difference = np.abs(a.astype(np.int16) - b).max(axis=2)
    return bool((difference > 32).mean() < 0.004)


# A copy is read: reading the page's own canvas would move it off the accelerated path.
_COPY = """
const pixelsOf = (canvas) => {
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  return copy.getImageData(0, 0, canvas.width, canvas.height).data;
};"""

_COVER = (
    "(canvas) => {"
    + _COPY
    + """
  const data = pixelsOf(canvas);
  let count = 0;
  for (let i = 3; i < data.length; i += 4) count += data[i] === 255 ? 1 : 0;
  return count / (data.length / 4);
}"""
)

_HAS_PICTURE = f"""() => {{{_COPY}
  const canvas = document.querySelector(".view-cell [data-cell-picture]");
  if (!canvas || !canvas.width) return false;
  const data = pixelsOf(canvas);
  for (let i = 3; i < data.length; i += 4) if (data[i] === 255) return true;
  return false;
}}"""

# Every pixel that is opaque for a few px around it, thinned to the number wanted.
_SURFACE_PIXELS = (
    "(canvas, count) => {"
    + _COPY
    + """
  const { width, height } = canvas;
  const data = pixelsOf(canvas);
  const box = canvas.getBoundingClientRect();
  const solid = (x, y) => data[4 * (y * width + x) + 3] === 255;
  const found = [];
  for (let y = 30; y < height - 30; y += 3) for (let x = 6; x < width - 6; x += 3) {
    if (solid(x, y) && solid(x - 5, y) && solid(x + 5, y) && solid(x, y - 5) && solid(x, y + 5)) {
      found.push([box.x + (x + 0.5) * box.width / width, box.y + (y + 0.5) * box.height / height]);
    }
  }
  const step = found.length / count;
  return Array.from({ length: Math.min(count, found.length) }, (_, i) => found[Math.floor((i + 0.5) * step)]);
}"""
)

_RINGS = """() => Object.fromEntries([...document.querySelectorAll(".view-cell")].flatMap((cell, i) => {
  const ring = cell.querySelector("[data-cell-ring]");
  if (ring.hidden) return [];
  const { x, y } = ring.getBoundingClientRect();
  return [[i + 1, [x, y]]];
}))"""
