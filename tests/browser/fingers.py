"""Pen and fingers on a page: pointer events as the browser itself makes them from a device."""

from playwright.sync_api import Page

Point = tuple[float, float]


class Hand:
    """One hand with a pen and two fingers."""

    def __init__(self, page: Page) -> None:
        self._cdp = page.context.new_cdp_session(page)
        self._cdp.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 2})

    def pen(self, start: Point, end: Point, *, pressure: float, steps: int = 8) -> None:
        """Draw a straight line with the pen."""
        path = [start, *_between(start, end, steps)]
        for n, (x, y) in enumerate(path):
            kind = "mousePressed" if n == 0 else "mouseMoved"
            self._pen(kind, x, y, pressure)
        self._pen("mouseReleased", *path[-1], 0)

    def drag(self, *fingers: tuple[Point, Point], steps: int = 6) -> None:
        """Move one or two fingers at once, each from its start to its end, and lift them."""
        paths = [[start, *_between(start, end, steps)] for start, end in fingers]
        for n in range(steps + 1):
            points = [{"x": path[n][0], "y": path[n][1], "id": number} for number, path in enumerate(paths)]
            self._cdp.send(
                "Input.dispatchTouchEvent", {"type": "touchMove" if n else "touchStart", "touchPoints": points}
            )
        self._cdp.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def tap(self, at: Point) -> None:
        self.drag((at, at), steps=1)

    def _pen(self, kind: str, x: float, y: float, pressure: float) -> None:
        self._cdp.send("Input.dispatchMouseEvent", {
            "type": kind, "x": x, "y": y, "button": "left", "buttons": 0 if kind == "mouseReleased" else 1,
            "clickCount": 1, "pointerType": "pen", "force": pressure,
        })  # fmt: skip


def _between(start: Point, end: Point, steps: int) -> list[Point]:
    (x0, y0), (x1, y1) = start, end
    return [(x0 + (x1 - x0) * n / steps, y0 + (y1 - y0) * n / steps) for n in range(1, steps + 1)]
