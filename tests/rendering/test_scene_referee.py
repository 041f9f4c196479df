"""An independent referee: pyrender's OpenGL rasteriser draws the same people, and must see them where our rays do."""

import os
import subprocess
import sys

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, binary_erosion

from body.topology import load_topology
from rendering.scenes import render_scene

WIDTH, HEIGHT = 200, 240

# OpenGL in a process of its own: a context that fails to start must not take the test run along.
DRAW = """
import sys
import numpy as np
np.infty = np.inf  # pyrender of 2021 under numpy 2
import pyrender, trimesh
data = np.load(sys.argv[1])
scene = pyrender.Scene(ambient_light=[1, 1, 1])
scene.add(pyrender.Mesh.from_trimesh(trimesh.Trimesh(data["vertices"], data["faces"], process=False), smooth=False))
focal, (width, height) = float(data["focal"]), data["size"].tolist()
camera = pyrender.IntrinsicsCamera(focal, focal, width / 2, height / 2, znear=0.05, zfar=100.0)
scene.add(camera, pose=data["pose"])
renderer = pyrender.OffscreenRenderer(width, height)
depth = renderer.render(scene, flags=pyrender.RenderFlags.DEPTH_ONLY | pyrender.RenderFlags.SKIP_CULL_FACES)
renderer.delete()
np.save(sys.argv[2], depth)
"""


@pytest.mark.parametrize("seed", [2, 5])
def test_opengl_sees_people_where_the_rays_do(tmp_path, seed):
    scene = render_scene(seed, WIDTH, HEIGHT)
    faces = load_topology().faces
    vertices = np.concatenate([person.vertices for person in scene.people])
    stacked = np.concatenate([faces + 6890 * number for number in range(len(scene.people))])
    # OpenGL's camera looks along its -z with y up; ours has rows right, down, forward.
    pose = np.eye(4)
    pose[:3, :3] = (scene.camera.axes * [[1], [-1], [-1]]).T
    pose[:3, 3] = scene.camera.position
    np.savez(
        tmp_path / "scene.npz", vertices=vertices, faces=stacked, pose=pose, focal=scene.camera.focal_px,
        size=[WIDTH, HEIGHT],
    )  # fmt: skip
    drawn = subprocess.run(
        [sys.executable, "-c", DRAW, str(tmp_path / "scene.npz"), str(tmp_path / "depth.npy")],
        env={**os.environ, "PYOPENGL_PLATFORM": "egl"}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    if drawn.returncode:
        pytest.skip(f"no OpenGL here (EGL with Mesa): the independent check was NOT done: {drawn.stderr[-300:]}")
    depth = np.load(tmp_path / "depth.npy")
    differs = (depth > 0) != (scene.instance > 0)
    # A multisampling rasteriser and a ray through the pixel's centre part ways along outlines, and nowhere else.
    inside = scene.instance > 0
    far_from_outlines = binary_erosion(inside, iterations=2) | ~binary_dilation(inside, iterations=2)
    assert inside.sum() > 2000
    assert not (differs & far_from_outlines).any()
    assert differs.sum() < 0.04 * inside.sum()
    # And the depth of the surface point that the truth names is the depth that OpenGL measured.
    seen = (scene.instance > 0) & (depth > 0)
    corners = faces[scene.triangle[seen]] + 6890 * (rank_of(scene)[scene.instance[seen]])[:, None]
    points = (vertices[corners] * scene.weights[seen][..., None]).sum(axis=1)
    _, expected = scene.camera.project(points)
    assert np.quantile(np.abs(depth[seen] - expected), 0.95) < 0.01


def rank_of(scene):
    """Return, by instance number, the place of a person among those that are seen."""
    ranks = np.zeros(int(scene.instance.max()) + 1, np.int64)
    for rank, person in enumerate(scene.people):
        ranks[person.instance] = rank
    return ranks
