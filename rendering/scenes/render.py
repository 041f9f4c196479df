"""Draws a `SceneSpec`: picture, truth of every pixel, and COCO's keypoints, mask and box of every person."""

from dataclasses import dataclass

import numpy as np

from body.topology import N_TRIANGLES, load_topology
from rendering.scenes.camera import Camera, frame_people
from rendering.scenes.drawing import draw
from rendering.scenes.rig import FloatArray
from rendering.scenes.scene import SceneSpec, sample_scene
from rendering.scenes.stage import THING, Sight, Stage, build_stage, look
from rendering.scenes.visibility import keypoint_visibility


@dataclass(frozen=True)
class PersonTruth:
    """One person in a picture.

    Attributes:
        instance: number in the instance map, 1...
        box: (4,) float64 XYWH pixels around the visible mask.
        keypoints: (17, 3) float64 in COCO's order: x, y, visibility (0 outside the picture, 1 hidden, 2 visible).
        mask: (H, W) bool, the visible pixels.
        vertices: (6890, 3) float64 the drawn body in the world, metres.
    """

    instance: int
    box: FloatArray
    keypoints: FloatArray
    mask: FloatArray
    vertices: FloatArray


@dataclass(frozen=True)
class SceneRender:
    """A drawn scene and its truth at pixel centres; background: instance 0, triangle -1, part and chart 0, u = v = 0.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        instance: (H, W) int16, 0 background, 1.. the people in the scene's order.
        triangle: (H, W) int32 of the canonical topology.
        weights: (H, W, 3) float32, barycentric.
        chart, part: (H, W) uint8; u, v: (H, W) float32 in [0, 1].
        camera: the camera that drew it.
        people: those of whom at least one pixel is seen.
    """

    image: FloatArray
    instance: FloatArray
    triangle: FloatArray
    weights: FloatArray
    chart: FloatArray
    part: FloatArray
    u: FloatArray
    v: FloatArray
    camera: Camera
    people: tuple[PersonTruth, ...]


def render_scene(spec: SceneSpec | int, width: int = 640, height: int = 480) -> SceneRender:
    """Draw a scene.

    Args:
        spec: the scene, or a seed for `sample_scene`.
        width: of the picture in pixels, 32..4096.
        height: likewise.

    Raises:
        ValueError: the size is out of range.
    """
    if not (32 <= width <= 4096 and 32 <= height <= 4096):
        raise ValueError(f"width and height must be 32..4096 pixels, got {width} x {height}")
    scene = sample_scene(spec) if isinstance(spec, int) else spec
    stage = build_stage(scene)
    points = np.concatenate([body.vertices for body in stage.bodies])
    camera = frame_people(points, scene.framing, width, height)
    sight = look(stage, camera)
    return _with_truth(draw(scene, stage, camera, sight), stage, camera, sight)


def _truth_of(stage: Stage, camera: Camera, sight: Sight) -> tuple[FloatArray, FloatArray, FloatArray]:
    (x0, y0, x1, y1), hits = sight.window, sight.hits
    owner = np.where(hits.triangle >= 0, stage.face_owner[hits.triangle], THING)
    is_person = owner >= 0
    instance = np.zeros((camera.height, camera.width), np.int16)
    triangle = np.full((camera.height, camera.width), -1, np.int32)
    weights = np.zeros((camera.height, camera.width, 3), np.float32)
    instance[y0:y1, x0:x1] = (owner + 1).reshape(sight.shape)
    triangle[y0:y1, x0:x1] = np.where(is_person, hits.triangle % N_TRIANGLES, -1).reshape(sight.shape)
    weights[y0:y1, x0:x1] = np.where(is_person[:, None], hits.weights, 0).reshape(*sight.shape, 3)
    return instance, triangle, weights


def _with_truth(image: FloatArray, stage: Stage, camera: Camera, sight: Sight) -> SceneRender:
    instance, triangle, weights = _truth_of(stage, camera, sight)
    topology = load_topology()
    seen = triangle >= 0
    uv = np.zeros((*seen.shape, 2))
    uv[seen] = np.einsum("nk,nkd->nd", weights[seen], topology.face_uv[triangle[seen]])
    people = []
    for n, body in enumerate(stage.bodies):
        mask = instance == n + 1
        if not mask.any():
            continue
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        box = np.array([columns[0], rows[0], columns[-1] + 1 - columns[0], rows[-1] + 1 - rows[0]], np.float64)
        keypoints = keypoint_visibility(body, n, camera, stage.caster, stage.face_owner)
        people.append(PersonTruth(n + 1, box, keypoints, mask, body.vertices))
    return SceneRender(
        image=image,
        instance=instance,
        triangle=triangle,
        weights=weights,
        chart=np.where(seen, topology.face_chart[triangle], 0).astype(np.uint8),
        part=np.where(seen, topology.face_part[triangle], 0).astype(np.uint8),
        u=uv[..., 0].astype(np.float32),
        v=uv[..., 1].astype(np.float32),
        camera=camera,
        people=tuple(people),
    )
