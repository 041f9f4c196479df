"""All views on one sheet, with the words that the workbench puts around them, on a light or a dark ground."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageDraw, ImageFont

from body.parts import Part, part_by_number
from rendering.views.store import PartViews

_CELL_PX: Final = 320
_GAP_PX: Final = 8
_LABEL_PX: Final = 48
_BAR_PX: Final = 8


@dataclass(frozen=True)
class _Ground:
    ground: str
    line: str
    strong: str
    faint: str


_LIGHT: Final = _Ground("#F7F8FA", "#D9DDDD", "#15191A", "#5C6568")
_DARK: Final = _Ground("#15191C", "#2D3335", "#EDF0F0", "#97A1A4")


def draw_contact_sheet(views: Sequence[PartViews], is_dark: bool = False) -> Image.Image:
    """Draw one row of six views for each part.

    Args:
        views: rendered parts, in the order of the rows.
        is_dark: on the dark ground of the workbench instead of the light one.
    """
    ground = _DARK if is_dark else _LIGHT
    width = _LABEL_PX + 6 * (_CELL_PX + _GAP_PX)
    row_height = _CELL_PX + _GAP_PX
    sheet = Image.new("RGB", (width, max(1, len(views)) * row_height), ground.ground)
    for row, part_views in enumerate(views):
        top = row * row_height
        _draw_label(sheet, part_by_number(part_views.manifest["part"]), top, ground)
        for column, view in enumerate(part_views.manifest["views"]):
            left = _LABEL_PX + column * (_CELL_PX + _GAP_PX)
            _draw_view(sheet, part_views.folder, view, (left, top), ground)
        ImageDraw.Draw(sheet).line([(0, top + row_height - 1), (width, top + row_height - 1)], fill=ground.line)
    return sheet


def _draw_view(
    sheet: Image.Image, folder: Path, view: dict[str, Any], corner: tuple[int, int], ground: _Ground
) -> None:
    with Image.open(folder / view["picture"]) as opened:
        picture = opened.convert("RGBA").resize((_CELL_PX, _CELL_PX), Image.Resampling.LANCZOS)
    sheet.paste(picture, corner, picture)
    draw = ImageDraw.Draw(sheet)
    left, top = corner
    right, bottom, middle = left + _CELL_PX, top + _CELL_PX, left + _CELL_PX // 2
    small = ImageFont.load_default(13)
    caption = f"{view['number']}  {view['name']}"
    draw.text((left + 4, top + 4), caption, font=ImageFont.load_default(16), fill=ground.strong)
    draw.text((left + 4, top + 24), view["hint"].replace(", ", "\n"), font=small, fill=ground.faint)
    draw.text((right - 4, top + 6), view["up"], font=small, fill=ground.faint, anchor="ra")
    draw.text((middle, bottom - 4), view["down"], font=small, fill=ground.faint, anchor="mb")
    draw.text((left + 4, bottom - 4), f"< {view['left']}", font=small, fill=ground.faint, anchor="lb")
    draw.text((right - 4, bottom - 4), f"{view['right']} >", font=small, fill=ground.faint, anchor="rb")


def _draw_label(sheet: Image.Image, part: Part, top: int, ground: _Ground) -> None:
    strip = Image.new("RGB", (_CELL_PX, _LABEL_PX), ground.ground)
    draw = ImageDraw.Draw(strip)
    draw.rectangle([0, 0, _CELL_PX, _BAR_PX], fill=part.colour)
    draw.text((_CELL_PX // 2, 30), part.name, font=ImageFont.load_default(20), fill=ground.strong, anchor="mm")
    sheet.paste(strip.rotate(90, expand=True), (0, top))
