"""Views on disk: six WebP pictures, `pick.bin` and `manifest.json` in one folder for each part.

A folder is complete or not there: it is written beside its place, synced and renamed. Its content follows from surface
and style alone, both of which are in the manifest, so rendering twice changes nothing and old folders stay readable.
"""

import json
import os
import secrets
import shutil
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from body.canonical import load_canonical_body
from body.parts import part_by_number
from rendering.views.cameras import N_VIEWS, VIEW_SIZE_PX, cameras_of
from rendering.views.part_mesh import load_part_mesh
from rendering.views.style import STYLE_HASH

MANIFEST_FILE: Final = "manifest.json"
PICK_FILE: Final = "pick.bin"
_WEBP_QUALITY: Final = 86
_DEFLATE_LEVEL: Final = 9


@dataclass(frozen=True, eq=False)
class PartViews:
    """The rendered views of a part: their folder and what `manifest.json` in it says."""

    folder: Path
    manifest: dict[str, Any]


@dataclass(frozen=True, eq=False)
class PickData:
    """The content of `pick.bin`.

    Attributes:
        maps: (6, 800, 800) int16 part triangles, -1 none.
        triangles: (T, 3) uint16 into the part's vertices.
        vertices: (V, 3) float32 metres.
        canonical_triangle: (T,) uint16.
    """

    maps: NDArray[np.int16]
    triangles: NDArray[np.uint16]
    vertices: NDArray[np.float32]
    canonical_triangle: NDArray[np.uint16]


def views_key() -> str:
    """Return the name of what would be rendered now, for a folder or a URL: surface and style."""
    return f"{load_canonical_body().surface_hash}-{STYLE_HASH}"


def part_folder(root: Path, part: int) -> Path:
    """Return where under `root` the present views of a part 1..14 belong: `<surface>-<style>/<part key>`."""
    return root / views_key() / part_by_number(part).key


def render_part(part: int, out_dir: Path) -> PartViews:
    """Render the six views of a part into a folder, unless it holds them already.

    Safe to call again at any time, also from two processes at once and after one of them was killed.

    Args:
        part: 1..14.
        out_dir: the folder of this part; views of another style or surface in it are replaced.

    Raises:
        ValueError: there is no such part.
        OSError: the folder cannot be written.
    """
    part_by_number(part)
    existing = read_part_views(out_dir)
    if existing is not None and is_current(existing, part):
        return existing
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    fresh = out_dir.parent / f".{out_dir.name}.{secrets.token_hex(6)}.part"
    fresh.mkdir()
    try:
        manifest = _write_views(part, fresh)
        _sync_folder(fresh)
        _put_in_place(fresh, out_dir, part)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return PartViews(out_dir, manifest)


def read_part_views(folder: Path) -> PartViews | None:
    """Return the views in a folder, whatever their style, or None where they are not complete."""
    try:
        manifest = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
        is_complete = all((folder / name).stat().st_size == size for name, size in manifest["files"].items())
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return None
    return PartViews(folder, manifest) if is_complete else None


def is_current(views: PartViews, part: int) -> bool:
    """Tell whether views are those that would be rendered for a part now."""
    wanted = {"surface": load_canonical_body().surface_hash, "style": STYLE_HASH, "part": part}
    return all(views.manifest.get(key) == value for key, value in wanted.items())


def decode_pick_data(packed: bytes, n_triangles: int, n_vertices: int) -> PickData:
    """Read `pick.bin`.

    Args:
        packed: the file's bytes.
        n_triangles: T of the manifest.
        n_vertices: V of the manifest.

    Raises:
        ValueError: the bytes are damaged or of another length than the manifest says.
    """
    try:
        flat = zlib.decompress(packed)
    except zlib.error as error:
        raise ValueError(f"{PICK_FILE} is not one deflate stream: {error}") from error
    shapes = (
        ("<i2", (N_VIEWS, VIEW_SIZE_PX, VIEW_SIZE_PX)),
        ("<u2", (n_triangles, 3)),
        ("<f4", (n_vertices, 3)),
        ("<u2", (n_triangles,)),
    )
    sizes = [int(np.prod(shape)) * np.dtype(kind).itemsize for kind, shape in shapes]
    if len(flat) != sum(sizes):
        raise ValueError(f"{PICK_FILE} holds {len(flat)} bytes, the manifest says {sum(sizes)}")
    ends = np.cumsum(sizes)
    pieces = [
        np.frombuffer(flat[end - size : end], kind).reshape(shape)
        for (kind, shape), size, end in zip(shapes, sizes, ends, strict=True)
    ]
    return PickData(*pieces)


def _write_views(part: int, folder: Path) -> dict[str, Any]:
    # Drawing needs OpenCV and Pillow; the web process, which only reads and picks, does without.
    from PIL import Image

    from rendering.views.picture import draw_view

    mesh = load_part_mesh(part)
    files: dict[str, int] = {}
    maps: list[NDArray[np.int16]] = []
    views: list[dict[str, Any]] = []
    for camera in cameras_of(part):
        picture = draw_view(part, camera.number)
        encoded = BytesIO()
        Image.fromarray(picture.rgba).save(encoded, "WEBP", quality=_WEBP_QUALITY, method=4)
        name = f"view-{camera.number}.webp"
        files[name] = _write_file(folder / name, encoded.getvalue())
        maps.append(picture.pick)
        views.append(camera.manifest() | {"picture": name})
    flat = [
        np.stack(maps).astype("<i2"),
        mesh.triangles.astype("<u2"),
        mesh.vertices.astype("<f4"),
        mesh.canonical_triangle.astype("<u2"),
    ]
    packed = zlib.compress(b"".join(array.tobytes() for array in flat), _DEFLATE_LEVEL)
    files[PICK_FILE] = _write_file(folder / PICK_FILE, packed)
    manifest = {
        "surface": load_canonical_body().surface_hash,
        "style": STYLE_HASH,
        "part": part,
        "size_px": VIEW_SIZE_PX,
        "n_triangles": len(mesh.triangles),
        "n_vertices": len(mesh.vertices),
        "pick": PICK_FILE,
        "views": views,
        "files": files,
    }
    _write_file(folder / MANIFEST_FILE, json.dumps(manifest, indent=1).encode())
    return manifest


def _write_file(path: Path, content: bytes) -> int:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return len(content)


def _put_in_place(fresh: Path, out_dir: Path, part: int) -> None:
    """Rename a finished folder to its place, moving aside what is incomplete or of another style there."""
    while True:
        try:
            fresh.rename(out_dir)
        except OSError:
            existing = read_part_views(out_dir)
            if existing is not None and is_current(existing, part):
                return  # another process was first, with the same content
            if not out_dir.is_dir():
                raise
            aside = out_dir.parent / f".{out_dir.name}.{secrets.token_hex(6)}.old"
            out_dir.rename(aside)
            shutil.rmtree(aside, ignore_errors=True)
        else:
            _sync_folder(out_dir.parent)
            return


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
