"""Six pre-rendered views of each body part, and the exact way from a click on one to the surface and back.

Importing this is cheap; drawing (`render_part`) loads OpenCV and Pillow on first use.
"""

from rendering.views.cameras import N_VIEWS, VIEW_SIZE_PX, Camera, camera_of, cameras_of
from rendering.views.picking import pick, project
from rendering.views.store import (
    PartViews,
    PickData,
    decode_pick_data,
    is_current,
    part_folder,
    read_part_views,
    render_part,
    views_key,
)
from rendering.views.style import STYLE_HASH

__all__ = [
    "N_VIEWS",
    "STYLE_HASH",
    "VIEW_SIZE_PX",
    "Camera",
    "PartViews",
    "PickData",
    "camera_of",
    "cameras_of",
    "decode_pick_data",
    "is_current",
    "part_folder",
    "pick",
    "project",
    "read_part_views",
    "render_part",
    "views_key",
]
