"""The error of answers painted on the body: six views around it in one picture, coloured by the mean distance in cm."""

import io
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from body.canonical import load_canonical_body
from rendering.views.cameras import Camera
from rendering.views.rays import PictureMesh

CELL: Final = (270, 400)  # width, height in px
COLUMNS: Final = 3
# Directions of the viewer around the body, 0 in front, growing to its left; in the order of the cells.
AZIMUTHS_DEG: Final = (0, 60, 120, 180, 240, 300)
TOP_CM: Final = 8.0
RAMPS: Final = {
    "light": ("#F3F0FA", "#C0B3E3", "#7F6BC0", "#2A1C63"),
    "dark": ("#2A2740", "#594E8C", "#9D92D6", "#E6E0FF"),
}
_NOT_MEASURED: Final = {"light": (198, 204, 205), "dark": (60, 68, 71)}
_UNITS_PER_CM: Final = 25


def paint_body(vertex_error: NDArray[np.uint8] | None, ramp: str) -> bytes:
    """Return a PNG of the six views, transparent around the body.

    Args:
        vertex_error: (6890,) as FigureSheet keeps it; None paints a body where nothing was measured.
        ramp: "light" or "dark", for the ground it stands on.
    """
    triangles, weights, shade, inside = _views()
    colours = np.array([[int(text[i : i + 2], 16) for i in (1, 3, 5)] for text in RAMPS[ramp]], np.float64)
    error = np.full(6890, 255, np.uint8) if vertex_error is None else vertex_error
    corners = load_canonical_body().faces[triangles]
    cm = (error[corners] / _UNITS_PER_CM * weights).sum(1)
    along = np.clip(cm / TOP_CM, 0, 1) * (len(colours) - 1)
    mixed = np.column_stack([np.interp(along, np.arange(len(colours)), colours[:, k]) for k in range(3)])
    mixed[(error[corners] == 255).any(1)] = _NOT_MEASURED[ramp]
    pixels = np.zeros((*inside.shape, 4), np.uint8)
    pixels[inside, :3] = (mixed * shade[:, None]).astype(np.uint8)
    pixels[inside, 3] = 255
    sink = io.BytesIO()
    Image.fromarray(pixels).save(sink, "PNG", compress_level=3)
    return sink.getvalue()


@lru_cache(maxsize=1)
def _views() -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return triangle (N,), weights (N, 3), shade (N,) of the pixels that show the body, and where those lie (H, W)."""
    body = load_canonical_body()
    rows = -(-len(AZIMUTHS_DEG) // COLUMNS)
    width, height = CELL
    inside = np.zeros((rows * height, COLUMNS * width), np.bool_)
    kept: dict[tuple[int, int], tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]] = {}
    xy = np.stack(np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5), -1).reshape(-1, 2)
    edges = body.vertices[body.faces]
    normals = np.cross(edges[:, 1] - edges[:, 0], edges[:, 2] - edges[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    owner = np.full(inside.shape, -1, np.int32)
    for number, azimuth in enumerate(AZIMUTHS_DEG):
        camera = _camera(azimuth, body.vertices)
        mesh = PictureMesh(camera, body.vertices, body.faces)
        hits = mesh.first_hits(xy)
        seen = hits >= 0
        cell = (number // COLUMNS, number % COLUMNS)
        kept[cell] = (
            hits[seen],
            np.clip(mesh.weights(hits[seen], xy[seen]), 0, 1),
            0.72 + 0.28 * np.clip(normals[hits[seen]] @ camera.towards, 0, 1),
        )
        window = np.s_[cell[0] * height : (cell[0] + 1) * height, cell[1] * width : (cell[1] + 1) * width]
        inside[window] = seen.reshape(height, width)
        owner[window][seen.reshape(height, width)] = number
    # Values in the order in which a boolean mask reads the whole picture.
    parts = [kept[number // COLUMNS, number % COLUMNS] for number in range(len(AZIMUTHS_DEG))]
    order = np.argsort(np.argsort(owner[inside], kind="stable"), kind="stable")
    triangle, weights, shade = (np.concatenate([part[k] for part in parts])[order] for k in range(3))
    return triangle, weights, shade, inside


def _camera(azimuth_deg: float, vertices: NDArray[np.float64]) -> Camera:
    angle = np.radians(azimuth_deg)
    towards = np.array([np.sin(angle), 0.0, np.cos(angle)])
    axis_x, axis_y = np.array([np.cos(angle), 0.0, -np.sin(angle)]), np.array([0.0, -1.0, 0.0])
    low, high = vertices.min(0), vertices.max(0)
    width, height = CELL
    px_per_m = 0.96 * min(height / float(high[1] - low[1]), width / float(high[0] - low[0]))
    middle = (low + high) / 2
    origin = np.array([width / 2 - px_per_m * (axis_x @ middle), height / 2 - px_per_m * (axis_y @ middle)])
    words = ("", "", "", "", "", "")
    return Camera(1, *words, float(azimuth_deg), 0.0, px_per_m, origin, axis_x, axis_y, towards)
