"""Draws a `SceneSpec`: picture, truth of every pixel, and COCO's keypoints, mask and box of every person."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from body.topology import load_topology
from rendering.scenes.backdrops import paint_backdrop
from rendering.scenes.camera import Camera, frame_people, pixel_centres
from rendering.scenes.lighting import lit_fraction, openness
from rendering.scenes.rig import FloatArray, PosedBody, vertex_normals
from rendering.scenes.scene import SceneSpec, dressed_body, sample_scene
from rendering.scenes.textures import display, linear, smooth_noise
from rendering.scenes.tracing import RayCaster
from rendering.scenes.visibility import keypoint_visibility
from rendering.scenes.wardrobe import SurfacePatch, body_coordinates, looks_of

N_TRIANGLES: Final = 13_774
_SHADOW_REACH_M: Final = 2.5
_GROUND_RAYS: Final = 6
_OTHER: Final = -1  # instance number of things that are no person, inside this module


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
    """A drawn scene and its truth at pixel centres; background has instance 0, triangle -1, part and chart 0, u = v = 0.

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


@dataclass(frozen=True)
class _Stage:
    """All triangles of a scene: the people's, one body after the other, then things. face_owner: person 0.. or -1."""

    bodies: tuple[PosedBody, ...]
    vertices: FloatArray
    normals: FloatArray
    faces: FloatArray
    face_owner: FloatArray
    caster: RayCaster


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
    stage = _build_stage(scene)
    points = np.concatenate([body.vertices for body in stage.bodies])
    camera = frame_people(points, scene.framing, width, height)
    instance, triangle, weights = _trace_truth(stage, camera)
    image = _draw(scene, stage, camera)
    return _with_truth(image, instance, triangle, weights, stage, camera)


def _build_stage(scene: SceneSpec) -> _Stage:
    bodies = tuple(dressed_body(person) for person in scene.people)
    topology_faces = load_topology().faces.astype(np.int32)
    vertices = [body.vertices for body in bodies]
    normals = [vertex_normals(body.vertices, topology_faces) for body in bodies]
    faces = [topology_faces + n * len(bodies[0].vertices) for n in range(len(bodies))]
    owner = [np.full(N_TRIANGLES, n, np.int16) for n in range(len(bodies))]
    for person, body in zip(scene.people, bodies, strict=True):
        if person.pose.support == "seat":
            seat_vertices, seat_normals, seat_faces = _seat_under(body, person.heading_deg)
            faces.append(seat_faces + sum(len(v) for v in vertices))
            vertices.append(seat_vertices)
            normals.append(seat_normals)
            owner.append(np.full(len(seat_faces), _OTHER, np.int16))
    all_vertices, all_faces = np.concatenate(vertices), np.concatenate(faces)
    caster = RayCaster(all_vertices, all_faces)
    return _Stage(bodies, all_vertices, np.concatenate(normals), all_faces, np.concatenate(owner), caster)


def _seat_under(body: PosedBody, heading_deg: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """A box-shaped stool that ends just under the seat of the body, with flat sides (24 vertices, 12 triangles)."""
    faces, part = load_topology().faces, load_topology().face_part
    seat = body.vertices[np.unique(faces[np.isin(part, (1, 6, 7))])]
    pelvis = body.joints[0]
    near = seat[np.hypot(seat[:, 0] - pelvis[0], seat[:, 2] - pelvis[2]) < 0.16]
    top = float(near[:, 1].min()) + 0.012
    angle = np.radians(heading_deg)
    forward, left = np.array([np.sin(angle), 0, np.cos(angle)]), np.array([np.cos(angle), 0, -np.sin(angle)])
    centre = np.array([pelvis[0], top / 2, pelvis[2]]) - 0.02 * forward
    axes = np.stack([0.21 * left, np.array([0, top / 2, 0]), 0.19 * forward])
    corners, normals, triangles = [], [], []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            one, other = axes[(axis + 1) % 3], axes[(axis + 2) % 3]
            start = len(corners)
            corners += [
                centre + sign * axes[axis] + a * one + b * other for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
            ]
            normals += [sign * axes[axis] / max(np.linalg.norm(axes[axis]), 1e-9)] * 4
            quad = [(0, 1, 2), (0, 2, 3)] if sign > 0 else [(0, 2, 1), (0, 3, 2)]
            triangles += [tuple(start + k for k in triangle) for triangle in quad]
    return np.array(corners), np.array(normals), np.array(triangles, np.int32)


def _window(stage: _Stage, camera: Camera) -> tuple[int, int, int, int]:
    """The whole pixels (x0, y0, x1, y1) outside which no triangle of the stage is seen."""
    xy, depth = camera.project(stage.vertices)
    if depth.min() < 0.05:
        return 0, 0, camera.width, camera.height
    x0, y0 = np.clip(np.floor(xy.min(axis=0)) - 1, 0, [camera.width - 1, camera.height - 1]).astype(int)
    x1, y1 = np.clip(np.ceil(xy.max(axis=0)) + 1, [x0 + 1, y0 + 1], [camera.width, camera.height]).astype(int)
    return int(x0), int(y0), int(x1), int(y1)


def _trace_truth(stage: _Stage, camera: Camera) -> tuple[FloatArray, FloatArray, FloatArray]:
    x0, y0, x1, y1 = _window(stage, camera)
    rays = camera.rays(pixel_centres(x0, y0, x1, y1))
    hits = stage.caster.first_hits(np.broadcast_to(camera.position, rays.shape), rays)
    owner = np.where(hits.triangle >= 0, stage.face_owner[hits.triangle], _OTHER)
    is_person = owner >= 0
    shape = (y1 - y0, x1 - x0)
    instance = np.zeros((camera.height, camera.width), np.int16)
    triangle = np.full((camera.height, camera.width), -1, np.int32)
    weights = np.zeros((camera.height, camera.width, 3), np.float32)
    instance[y0:y1, x0:x1] = (owner + 1).reshape(shape)
    triangle[y0:y1, x0:x1] = np.where(is_person, hits.triangle % N_TRIANGLES, -1).reshape(shape)
    weights[y0:y1, x0:x1] = np.where(is_person[:, None], hits.weights, 0).reshape(*shape, 3)
    return instance, triangle, weights


def _draw(scene: SceneSpec, stage: _Stage, camera: Camera) -> FloatArray:
    rng = np.random.default_rng([scene.seed, 0xD1A3])
    picture, is_ground = paint_backdrop(scene.backdrop, camera)
    picture = picture * _ground_shadow(scene, stage, camera, is_ground, rng)[..., None]
    x0, y0, x1, y1 = _window(stage, camera)
    sub = pixel_centres(x0, y0, x1, y1, step=0.5)
    rays = camera.rays(sub)
    hits = stage.caster.first_hits(np.broadcast_to(camera.position, rays.shape), rays)
    hit = np.flatnonzero(hits.triangle >= 0)
    colour = np.zeros((len(rays), 4))
    colour[hit, :3] = _shade(scene, stage, hits.triangle[hit], hits.weights[hit], rays[hit], rng)
    colour[hit, 3] = 1
    layer = colour.reshape(y1 - y0, 2, x1 - x0, 2, 4).mean(axis=(1, 3))
    picture[y0:y1, x0:x1] = picture[y0:y1, x0:x1] * (1 - layer[..., 3:]) + layer[..., :3]
    return _develop(picture, scene, rng)


def _shade(
    scene: SceneSpec,
    stage: _Stage,
    triangle: FloatArray,
    weights: FloatArray,
    rays: FloatArray,
    rng: np.random.Generator,
) -> FloatArray:
    """Return (N, 3) linear light of surface points seen along rays."""
    light = scene.light
    corners = stage.faces[triangle]
    points = np.einsum("nk,nkd->nd", weights, stage.vertices[corners])
    normals = np.einsum("nk,nkd->nd", weights, stage.normals[corners])
    albedo, gloss, cloth = _materials(scene, stage, triangle, weights)
    fold = np.stack([smooth_noise(points + [0, 0, k], 7, scene.backdrop.phase + k) for k in range(3)], axis=1)
    normals = normals + (0.16 * cloth)[:, None] * fold
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    lit = lit_fraction(stage.caster, points, normals, light, rng, samples=3)
    open_sky = np.einsum("nk,nk->n", weights, _sky_at_vertices(stage)[corners])
    up = 0.5 + 0.5 * normals[:, 1:2]
    ambient = open_sky[:, None] * (light.sky * up + light.bounce * (1 - up))
    diffuse = np.clip(normals @ light.towards, 0, None)[:, None] * light.key * lit[:, None]
    half = light.towards - rays
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    shine = (gloss * lit * 0.25 * np.clip(np.einsum("nd,nd->n", normals, half), 0, 1) ** 24)[:, None] * light.key
    return np.asarray(albedo * (ambient + diffuse) + shine)


def _materials(
    scene: SceneSpec, stage: _Stage, triangle: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    coordinates, topology = body_coordinates(), load_topology()
    owner = stage.face_owner[triangle]
    albedo = np.repeat(linear(scene.backdrop.accent)[None] * 0.7, len(triangle), axis=0)
    gloss, cloth = np.full(len(triangle), 0.1), np.zeros(len(triangle))
    for n, person in enumerate(scene.people):
        mine = np.flatnonzero(owner == n)
        local = triangle[mine] - n * N_TRIANGLES
        corners, w = topology.faces[local], weights[mine]
        at = SurfacePatch(
            part=topology.face_part[local],
            rest=np.einsum("nk,nkd->nd", w, coordinates.rest[corners]),
            arm=np.einsum("nk,nk->n", w, coordinates.arm[corners]),
            leg=np.einsum("nk,nk->n", w, coordinates.leg[corners]),
        )
        looks = looks_of(person.outfit, at)
        albedo[mine], gloss[mine], cloth[mine] = looks.albedo, looks.gloss, looks.cloth
    return albedo, gloss, cloth


def _sky_at_vertices(stage: _Stage) -> FloatArray:
    """Openness to the sky at each vertex; the ground takes the light from below."""
    above = np.clip(stage.vertices[:, 1] / 0.25, 0, 1)
    open_sky = openness(stage.caster, stage.vertices, stage.normals)
    down = np.clip(-stage.normals[:, 1], 0, 1)
    return np.asarray(open_sky * (1 - 0.6 * down * (1 - above)))


def _ground_shadow(
    scene: SceneSpec, stage: _Stage, camera: Camera, is_ground: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Return (H, W) factors in (0, 1] that darken the ground under and behind the people; traced at half the resolution."""
    half = (camera.width + 1) // 2, (camera.height + 1) // 2
    cells = pixel_centres(0, 0, 2 * half[0], 2 * half[1], step=2)
    rays = camera.rays(cells)
    rows, columns = np.minimum(cells.astype(int), [camera.width - 1, camera.height - 1])[:, ::-1].T
    down = np.flatnonzero(is_ground[rows, columns] & (rays[:, 1] < -1e-4))
    points = camera.position + rays[down] * (-camera.position[1] / rays[down, 1])[:, None]
    middle = stage.vertices[:, [0, 2]].mean(axis=0)
    near = np.hypot(*(points[:, [0, 2]] - middle).T) < _SHADOW_REACH_M
    down, points = down[near], points[near]
    up = np.broadcast_to(np.array([0.0, 1.0, 0.0]), points.shape)
    lit = lit_fraction(stage.caster, points, up, scene.light, rng, samples=6)
    open_sky = np.zeros(len(points))
    turn = rng.uniform(0, 2 * np.pi, len(points))
    for sample in range(_GROUND_RAYS):
        radius, angle = np.sqrt((sample + 0.5) / _GROUND_RAYS), turn + 2.4 * sample
        bent = np.stack(
            [radius * np.cos(angle), np.full(len(points), np.sqrt(1 - radius**2)), radius * np.sin(angle)], 1
        )
        open_sky += ~stage.caster.is_blocked(points, up, bent) / _GROUND_RAYS
    key = float(scene.light.key.mean() * scene.light.towards[1])
    sky = float(scene.light.sky.mean())
    shade = np.ones(len(cells))
    shade[down] = (key * lit + sky * open_sky) / (key + sky)
    small = cv2.GaussianBlur(shade.reshape(half[1], half[0]), (0, 0), max(0.8, camera.width / 500))
    return np.asarray(cv2.resize(small, (camera.width, camera.height), interpolation=cv2.INTER_LINEAR))


def _develop(picture: FloatArray, scene: SceneSpec, rng: np.random.Generator) -> FloatArray:
    """From linear light to a photograph: lens blur, tone, vignette, grain."""
    height, width = picture.shape[:2]
    sigma = scene.blur * max(width, height) / 640
    sharp = cv2.GaussianBlur(picture, (0, 0), sigma) if sigma > 0.15 else picture
    y, x = np.mgrid[0:height, 0:width]
    corner = ((x - width / 2) ** 2 + (y - height / 2) ** 2) / (width**2 + height**2) * 4
    toned = display(sharp * (1 - 0.10 * corner)[..., None])
    grain = rng.normal(0, scene.grain, (height, width, 1)) + rng.normal(0, scene.grain * 0.4, picture.shape)
    return np.clip((toned + grain) * 255 + 0.5, 0, 255).astype(np.uint8)


def _with_truth(
    image: FloatArray, instance: FloatArray, triangle: FloatArray, weights: FloatArray, stage: _Stage, camera: Camera
) -> SceneRender:
    topology = load_topology()
    seen = triangle >= 0
    uv = np.einsum("...k,...kd->...d", weights, topology.face_uv[triangle]) * seen[..., None]
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
