"""Picture positions and surface points: projection, clicks by ray, and the map that the browser gets, agree."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from body.canonical import load_canonical_body
from body.parts import PARTS, part_by_number
from body.surface import SurfacePoints, positions
from body.topology import load_topology
from rendering.views import VIEW_SIZE_PX, camera_of, cameras_of, pick, project
from rendering.views.part_mesh import load_part_mesh
from rendering.views.picking import pick_map, picture_mesh

N_POINTS = 20_000
VIEWS = [(part.number, number) for part in PARTS for number in range(1, 7)]


def random_points_of_part(part: int, count: int, seed: int) -> SurfacePoints:
    """Points spread evenly over the area of a part."""
    rng = np.random.default_rng(seed)
    mesh = load_part_mesh(part)
    corners = mesh.vertices[mesh.triangles]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    local = rng.choice(len(area), count, p=area / area.sum())
    return SurfacePoints(mesh.canonical_triangle[local], rng.dirichlet([1.0, 1.0, 1.0], count))


def maps_of(part: int, number: int) -> np.ndarray:
    grid = np.stack(np.meshgrid(np.arange(VIEW_SIZE_PX) + 0.5, np.arange(VIEW_SIZE_PX) + 0.5), axis=-1)
    hits = picture_mesh(part, number).first_hits(grid.reshape(-1, 2)).reshape(VIEW_SIZE_PX, VIEW_SIZE_PX)
    return pick_map(part, number, hits)


def is_away_from_silhouettes(pick: np.ndarray, depth_jump_px: float, part: int, number: int) -> np.ndarray:
    """Pixels whose eight neighbours all show the part without a step in depth."""
    seen = picture_mesh(part, number)
    row, column = np.nonzero(pick >= 0)
    centres = np.column_stack([column, row]) + 0.5
    triangle = pick[row, column].astype(np.int32)
    depth = np.full(pick.shape, np.nan)
    depth[row, column] = seen.depth(triangle, seen.weights(triangle, centres))
    inner = np.zeros(pick.shape, bool)
    middle = depth[1:-1, 1:-1]
    shifts = [depth[1 + dy : 799 + dy, 1 + dx : 799 + dx] for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    inner[1:-1, 1:-1] = np.all([np.abs(shifted - middle) < depth_jump_px for shifted in shifts], axis=0)
    return inner


@pytest.fixture(scope="module")
def visible_points() -> list[tuple[int, int, SurfacePoints, np.ndarray]]:
    """20,000 random visible surface points over all 84 views, with where they project."""
    each = -(-N_POINTS // len(VIEWS))
    chosen = []
    for part, number in VIEWS:
        points = random_points_of_part(part, 3 * each + 400, seed=part * 10 + number)
        xy, visible = project(part, number, points)
        keep = np.flatnonzero(visible)[:each]
        chosen.append((part, number, points[keep], xy[keep]))
    assert sum(len(points) for _, _, points, _ in chosen) >= 0.95 * N_POINTS
    return chosen


def test_the_pick_map_at_a_visible_point_gives_a_surface_point_within_a_pixel(visible_points):
    worst, checked = 0.0, 0
    for part, number, points, xy in visible_points:
        pick = maps_of(part, number)
        cell = np.floor(xy).astype(int)
        smooth = is_away_from_silhouettes(pick, 12.0, part, number)[cell[:, 1], cell[:, 0]]
        local = pick[cell[smooth, 1], cell[smooth, 0]].astype(np.int32)
        centre = cell[smooth] + 0.5
        seen, mesh = picture_mesh(part, number), load_part_mesh(part)
        found = SurfacePoints(mesh.canonical_triangle[local], seen.weights(local, centre))
        back = camera_of(part, number).project(positions(found, load_canonical_body().vertices))
        worst = max(worst, float(np.abs(back - centre).max(initial=0.0)), float(np.abs(back - xy[smooth]).max() - 0.5))
        checked += int(smooth.sum())
        assert len(points) == len(xy)
    assert checked > 0.8 * N_POINTS
    assert worst < 0.05  # the pixel's own surface point lies at its centre; the asked one within the pixel


def test_a_sub_pixel_click_hits_the_same_triangle(visible_points):
    same = total = 0
    for part, number, points, xy in visible_points:
        picked = pick(part, number, xy)
        same += int((picked.triangle == points.triangle).sum())
        total += len(points)
    assert same / total >= 0.999


def test_a_picked_point_projects_onto_the_click(visible_points):
    for part, number, points, xy in visible_points[::6]:
        picked = pick(part, number, xy)
        found = picked.is_valid
        assert found.mean() > 0.999
        back, visible = project(part, number, picked[found])
        np.testing.assert_allclose(back, xy[found], atol=0.02)
        assert visible.mean() > 0.999
        assert (picked.part[found] == points.part[found]).all()


@pytest.mark.parametrize(("part", "number"), [(14, 6), (1, 6), (12, 1), (4, 1)])
def test_the_inside_of_an_open_part_cannot_be_picked(part, number):
    seen = picture_mesh(part, number)
    rng = np.random.default_rng(0)
    xy = rng.uniform(0, VIEW_SIZE_PX, (20_000, 2))
    hits = seen.first_hits(xy)
    inside = (hits >= 0) & ~seen.is_front[np.maximum(hits, 0)]
    assert inside.sum() > 100
    picked = pick(part, number, xy)
    assert (picked.triangle[inside] == -1).all()
    assert (picked.weights[inside] == 0).all()
    assert (picked.is_valid == ((hits >= 0) & ~inside & (hits < len(load_part_mesh(part).triangles)))).all()


def test_the_patch_over_the_hole_at_a_little_toe_cannot_be_picked():
    part = 4
    mesh = load_part_mesh(part)
    assert len(mesh.patches) == 1
    n_seen = 0
    for number in range(1, 7):
        seen = picture_mesh(part, number)
        corners = seen.points[mesh.patches[0], :2]
        inside = np.random.default_rng(0).dirichlet([1.0, 1.0, 1.0], 500) @ corners
        on_patch = seen.first_hits(inside) == len(mesh.triangles)
        assert not pick(part, number, inside[on_patch]).is_valid.any()
        n_seen += int(on_patch.sum())
    assert n_seen > 100


def test_nothing_is_picked_beside_the_part_and_bad_input_is_named():
    assert pick(1, 1, [[0.5, 0.5], [-1e6, 3.0]]).triangle.tolist() == [-1, -1]
    assert len(pick(1, 1, np.zeros((0, 2)))) == 0
    with pytest.raises(ValueError, match="xy must be"):
        pick(1, 1, [1.0, 2.0])
    with pytest.raises(ValueError, match="xy must be"):
        pick(1, 1, [[np.nan, 2.0]])
    with pytest.raises(ValueError, match=r"view_number must be 1\.\.6, got 7"):
        pick(1, 7, [[1.0, 2.0]])
    with pytest.raises(ValueError, match=r"part must be 1\.\.14, got 0"):
        pick(0, 1, [[1.0, 2.0]])


def test_points_of_other_parts_and_absent_points_are_not_visible():
    other = random_points_of_part(2, 5, seed=1)
    xy, visible = project(14, 1, SurfacePoints.concatenate([other, SurfacePoints.none(2)]))
    assert not visible.any()
    assert np.isnan(xy).all()


def test_threads_pick_the_same_points():
    rng = np.random.default_rng(3)
    clicks = [(part, number, rng.uniform(100, 700, (14, 2))) for part, number in VIEWS]
    expected = [pick(*click).triangle for click in clicks]
    picture_mesh.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda click: pick(*click).triangle, clicks * 3))
    for index, triangles in enumerate(answers):
        assert (triangles == expected[index % len(VIEWS)]).all()


@pytest.mark.parametrize("part", [part.number for part in PARTS])
def test_cameras_are_right_handed_fill_the_picture_and_share_a_scale(part):
    cameras = cameras_of(part)
    assert [camera.number for camera in cameras] == [1, 2, 3, 4, 5, 6]
    vertices = load_part_mesh(part).vertices
    for camera in cameras:
        axes = np.stack([camera.axis_x, camera.axis_y, camera.towards])
        np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
        np.testing.assert_allclose(np.cross(camera.axis_x, -camera.axis_y), camera.towards, atol=1e-12)
        pixels = camera.project(vertices)
        assert pixels.min() > 40
        assert pixels.max() < VIEW_SIZE_PX - 40
    scales = [camera.px_per_m for camera in cameras]
    assert max(scales) <= 1.6 * min(scales) + 1e-9


def test_a_ray_goes_through_its_pixel():
    camera = camera_of(12, 2)
    xy = np.array([[10.25, 20.5], [400.0, 799.0]])
    start, direction = camera.ray(xy)
    np.testing.assert_allclose(camera.project(start + 3.0 * direction), xy, atol=1e-9)


def test_views_show_what_their_names_say():
    """The sides that the annotator reads are the body's: x is its left, z its front."""
    seen_from = {camera.name: camera.towards for camera in cameras_of(14)}
    np.testing.assert_allclose(seen_from["front"], [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(seen_from["left side"], [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(seen_from["top"], [0, 1, 0], atol=1e-12)
    for part in PARTS:
        if part.limb in ("upper_arm", "lower_arm", "upper_leg", "lower_leg"):
            cameras = {camera.name: camera for camera in cameras_of(part.number)}
            outwards = 1.0 if part.side == "left" else -1.0
            assert cameras["front-outer"].towards[0] * outwards > 0.3
            assert cameras["back-inner"].towards[0] * outwards < -0.3
            assert cameras["front"].towards[2] > 0.7
            # In a front view the left of the person is on our right.
            assert cameras["front"].right == ("outer" if part.side == "left" else "inner")
    names = {part.limb: [camera.name for camera in cameras_of(part.number)] for part in PARTS}
    assert names["hand"] == [
        "palm",
        "back of hand",
        "thumb side",
        "little-finger side",
        "finger-tip end",
        "wrist end",
    ]
    assert names["foot"] == ["top", "sole", "outer side", "inner side", "toes", "heel"]


# The tips of the thumbs, in the vertex lists of smplx; they play no part in making the frames.
@pytest.mark.parametrize(("part", "thumb_tip"), [(3, 2746), (2, 6191)])
def test_the_thumb_is_where_the_words_say(part, thumb_tip):
    tip = load_canonical_body().vertices[thumb_tip]
    for camera in cameras_of(part):
        x, y = camera.project(tip[None])[0]
        if camera.right == "thumb":
            assert x > 500
        elif camera.left == "thumb":
            assert x < 300
        if camera.name == "thumb side":
            hits = pick(part, camera.number, [[x, y]])
            assert thumb_tip in load_topology().faces[hits.triangle[0]] or hits.is_valid[0]


def test_a_forearm_view_names_the_sides_of_the_hand_that_it_shows():
    for part, hand in ((12, 3), (13, 2)):
        palm = next(camera for camera in cameras_of(hand) if camera.name == "palm").towards
        for camera in cameras_of(part):
            assert ("palm side" in camera.hint) == (palm @ camera.towards > 0.45)
            assert camera.hint
    assert {camera.hint for camera in cameras_of(8)} == {""}


@pytest.mark.parametrize("part", [part.number for part in PARTS if part.side == "left"])
def test_left_and_right_views_mirror_each_other(part):
    mirrored = {"left": "right", "right": "left"}
    for one, other in zip(cameras_of(part), cameras_of(part_by_number(part).mirror), strict=True):
        assert one.name == other.name
        assert (one.up, one.down) == (other.up, other.down)
        for edge, across in mirrored.items():
            assert getattr(one, edge) == getattr(other, across)
        np.testing.assert_allclose(one.towards * [-1, 1, 1], other.towards, atol=0.02)
        assert one.px_per_m == pytest.approx(other.px_per_m, rel=0.01)


def test_picking_does_not_load_what_only_drawing_needs():
    code = (
        "import sys; from rendering.views import pick; pick(1, 1, [[400.0, 400.0]]);"
        "bad = {'torch', 'cv2', 'pyrender', 'anny', 'smplx', 'trimesh', 'PIL'} & set(sys.modules);"
        "sys.exit(f'loaded: {bad}' if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
