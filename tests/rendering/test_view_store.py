"""Rendered folders: complete or absent, the same every time, small enough, and true to the rays."""

import hashlib
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from body.canonical import load_canonical_body
from body.parts import part_by_number
from rendering.views import (
    STYLE_HASH,
    VIEW_SIZE_PX,
    cameras_of,
    decode_pick_data,
    part_folder,
    pick,
    read_part_views,
    render_part,
    views_key,
)
from rendering.views import store as store_module
from rendering.views.contact_sheet import draw_contact_sheet
from rendering.views.part_mesh import load_part_mesh

LARGEST = 14  # the head has the most to store


@pytest.fixture(scope="module")
def head(tmp_path_factory):
    return render_part(LARGEST, part_folder(tmp_path_factory.mktemp("views"), LARGEST))


@pytest.fixture
def head_copy(head, tmp_path):
    return shutil.copytree(head.folder, tmp_path / "head")


def digest_of(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def pick_data_of(views):
    manifest = views.manifest
    packed = (views.folder / "pick.bin").read_bytes()
    return decode_pick_data(packed, manifest["n_triangles"], manifest["n_vertices"])


def test_the_manifest_says_what_the_browser_needs(head):
    manifest = json.loads((head.folder / "manifest.json").read_text())
    assert manifest == head.manifest
    assert manifest["surface"] == load_canonical_body().surface_hash
    assert manifest["style"] == STYLE_HASH
    assert (manifest["part"], manifest["size_px"]) == (LARGEST, VIEW_SIZE_PX)
    for camera, view in zip(cameras_of(LARGEST), manifest["views"], strict=True):
        assert view["number"] == camera.number
        for key in ("name", "up", "down", "left", "right"):
            assert view[key] == view[key].lower() != ""
        # The formula that the browser uses, on the numbers that the browser gets.
        vertex = load_part_mesh(LARGEST).vertices[:5]
        pixels = np.array(view["origin"]) + view["px_per_m"] * np.column_stack(
            [vertex @ view["axis_x"], vertex @ view["axis_y"]]
        )
        np.testing.assert_allclose(pixels, camera.project(vertex), atol=1e-9)
        assert 0.0 <= view["azimuth_deg"] < 360.0
        assert -90.0 <= view["elevation_deg"] <= 90.0
    assert head.folder.parent.name == views_key()


def test_six_views_and_their_pick_maps_stay_under_600_kb(head):
    names = {f"view-{number}.webp" for number in range(1, 7)} | {"pick.bin", "manifest.json"}
    assert {path.name for path in head.folder.iterdir()} == names
    assert sum(path.stat().st_size for path in head.folder.iterdir()) < 600_000


def test_pick_bin_with_affine_weights_agrees_with_a_click_by_ray(head):
    data, mesh = pick_data_of(head), load_part_mesh(LARGEST)
    assert np.array_equal(data.canonical_triangle, mesh.canonical_triangle)
    assert np.array_equal(data.vertices, mesh.vertices.astype(np.float32))
    rng = np.random.default_rng(0)
    for view, pick_map in zip(head.manifest["views"], data.maps, strict=True):
        rows, columns = rng.integers(0, VIEW_SIZE_PX, (2, 2000))
        centres = np.column_stack([columns, rows]) + 0.5
        by_ray = pick(LARGEST, view["number"], centres)
        local = pick_map[rows, columns]
        assert np.array_equal(np.where(local >= 0, data.canonical_triangle[local].astype(int), -1), by_ray.triangle)
        shown = local >= 0
        axes = np.array([view["axis_x"], view["axis_y"]])
        corners = np.array(view["origin"]) + view["px_per_m"] * (
            data.vertices.astype(float)[data.triangles[local[shown]].astype(int)] @ axes.T
        )
        # Barycentric weights by Cramer's rule, as a browser would.
        (ax, ay), (bx, by), (cx, cy) = corners.transpose(1, 2, 0)
        x, y = centres[shown].T
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        w1 = ((x - ax) * (cy - ay) - (y - ay) * (cx - ax)) / area
        w2 = ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / area
        weights = np.column_stack([1 - w1 - w2, w1, w2])
        not_edge_on = np.abs(area) > 0.5
        np.testing.assert_allclose(weights[not_edge_on], by_ray.weights[shown][not_edge_on], atol=2e-3)


def test_pictures_show_the_part_where_it_can_be_picked_and_nothing_in_the_corners(head):
    data = pick_data_of(head)
    for view, pick_map in zip(head.manifest["views"], data.maps, strict=True):
        with Image.open(head.folder / view["picture"]) as picture:
            assert picture.mode == "RGBA"
            assert picture.size == (VIEW_SIZE_PX, VIEW_SIZE_PX)
            rgba = np.asarray(picture)
        alpha = rgba[..., 3]
        assert (alpha[pick_map >= 0] > 100).all()
        assert alpha[0].max() == 0
        assert alpha[-1].max() == 0
        # Clay: light, of little colour, and not flat.
        clay = rgba[pick_map >= 0][:, :3].astype(int)
        assert 120 < np.median(clay) < 240
        assert clay.mean(1).std() > 8


def test_rendering_twice_gives_the_same_bytes(head, tmp_path):
    again = render_part(LARGEST, tmp_path / "again")
    assert digest_of(again.folder) == digest_of(head.folder)


def test_a_complete_folder_is_not_touched(head_copy, monkeypatch):
    monkeypatch.setattr(store_module, "_write_views", lambda *_: pytest.fail("rendered again"))
    before = digest_of(head_copy)
    assert render_part(LARGEST, head_copy).manifest["part"] == LARGEST
    assert digest_of(head_copy) == before


def quick_write(part, folder):
    """Stand in for the drawing, where only the handling of folders is tested."""
    content = b"drawn"
    store_module._write_file(folder / "view-1.webp", content)
    files = {"view-1.webp": len(content)}
    manifest = {"surface": load_canonical_body().surface_hash, "style": STYLE_HASH, "part": part, "files": files}
    store_module._write_file(folder / "manifest.json", json.dumps(manifest).encode())
    return manifest


@pytest.mark.parametrize("damage", ["missing picture", "short picture", "no manifest", "half a manifest", "old style"])
def test_an_incomplete_or_outdated_folder_is_replaced(head_copy, monkeypatch, damage):
    monkeypatch.setattr(store_module, "_write_views", quick_write)
    manifest = head_copy / "manifest.json"
    if damage == "missing picture":
        (head_copy / "view-3.webp").unlink()
    elif damage == "short picture":
        (head_copy / "pick.bin").write_bytes(b"short")
    elif damage == "no manifest":
        manifest.unlink()
    elif damage == "half a manifest":
        manifest.write_text(manifest.read_text()[:200])
    else:
        manifest.write_text(manifest.read_text().replace(STYLE_HASH, "0" * 16))
        assert read_part_views(head_copy) is not None  # old views stay readable
    render_part(LARGEST, head_copy)
    assert (head_copy / "view-1.webp").read_bytes() == b"drawn"
    assert {path.name for path in head_copy.parent.iterdir()} == {"head"}


def test_a_failure_leaves_nothing_behind(tmp_path, monkeypatch):
    def fail_half_way(_part, folder):
        (folder / "view-1.webp").write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(store_module, "_write_views", fail_half_way)
    with pytest.raises(OSError, match="disk full"):
        render_part(1, tmp_path / "torso")
    assert list(tmp_path.iterdir()) == []


def test_the_first_of_two_renderers_wins(tmp_path, monkeypatch):
    def overtaken(part, folder):
        other = tmp_path / "torso"
        other.mkdir()
        quick_write(part, other)
        (other / "note").write_text("first")
        return quick_write(part, folder)

    monkeypatch.setattr(store_module, "_write_views", overtaken)
    render_part(1, tmp_path / "torso")
    assert (tmp_path / "torso" / "note").read_text() == "first"
    assert {path.name for path in tmp_path.iterdir()} == {"torso"}


def test_damaged_pick_data_is_refused(head):
    packed = (head.folder / "pick.bin").read_bytes()
    counts = head.manifest["n_triangles"], head.manifest["n_vertices"]
    with pytest.raises(ValueError, match=r"pick\.bin is not one deflate stream"):
        decode_pick_data(packed[:-20], *counts)
    with pytest.raises(ValueError, match=r"pick\.bin holds \d+ bytes, the manifest says \d+"):
        decode_pick_data(packed, counts[0] + 1, counts[1])


def test_an_unknown_part_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"part must be 1\.\.14, got 15"):
        render_part(15, tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("is_dark", [False, True])
def test_the_contact_sheet_has_a_row_for_each_part(head, is_dark):
    sheet = draw_contact_sheet([head, head], is_dark=is_dark)
    assert sheet.width > 6 * 300
    assert sheet.height > 2 * 300
    corner = np.array(sheet.getpixel((sheet.width - 2, sheet.height // 2 - 20)))
    assert (corner.mean() < 60) == is_dark
    bar = sheet.getpixel((3, 200))
    assert "#{:02X}{:02X}{:02X}".format(*bar) == part_by_number(LARGEST).colour
