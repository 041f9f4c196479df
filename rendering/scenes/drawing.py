"""Draws a scene: people and things by rays, four a pixel at edges, with light, shadow, and what a camera adds."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from scipy import sparse

from body.topology import N_TRIANGLES, load_topology
from rendering.scenes.backdrops import paint_backdrop
from rendering.scenes.camera import Camera, pixel_centres
from rendering.scenes.lighting import lit_fraction, openness
from rendering.scenes.rig import N_VERTICES, FloatArray
from rendering.scenes.scene import SceneSpec
from rendering.scenes.stage import THING, Sight, Stage
from rendering.scenes.surface_patch import SurfacePatch, body_coordinates
from rendering.scenes.textures import display, linear, smooth_noise
from rendering.scenes.wardrobe import looks_of

_SHADOW_REACH_M: Final = 2.5
_GROUND_RAYS: Final = 6
_QUARTERS: Final = np.array([[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]])  # of a pixel, x and y


def draw(scene: SceneSpec, stage: Stage, camera: Camera, sight: Sight) -> FloatArray:
    """Return the picture (H, W, 3) uint8 RGB of a scene; the same scene gives the same picture."""
    rng = np.random.default_rng([scene.seed, 0xD1A3])
    picture, is_ground = paint_backdrop(scene.backdrop, camera)
    picture *= _ground_shadow(scene, stage, camera, is_ground, rng)[..., None]
    samples = _samples(stage, camera, sight)
    light = _shade(scene, stage, triangle=samples.triangle, weights=samples.weights, rays=samples.rays, rng=rng)
    layer = np.zeros((*sight.shape, 4), np.float32)
    for channel, value in enumerate((*light.T, np.ones(len(light)))):
        layer[..., channel] = np.bincount(
            samples.pixel, value * samples.share, minlength=sight.shape[0] * sight.shape[1]
        ).reshape(sight.shape)
    x0, y0, x1, y1 = sight.window
    picture[y0:y1, x0:x1] = picture[y0:y1, x0:x1] * (1 - layer[..., 3:]) + layer[..., :3]
    return _develop(picture, scene, rng)


@dataclass(frozen=True)
class _Samples:
    """What is shaded: one sample for each surface in a pixel.

    pixel: (N,) of the window; share: (N,) of the pixel that the surface takes; triangle: (N,), weights: (N, 3), rays:
    (N, 3) where it is met.
    """

    pixel: FloatArray
    share: FloatArray
    triangle: FloatArray
    weights: FloatArray
    rays: FloatArray


def _samples(stage: Stage, camera: Camera, sight: Sight) -> _Samples:
    """Take one sample of a pixel among its like, and four where surfaces meet: one of them for each surface."""
    surface = _surface_of(stage, sight.hits.triangle)
    square = surface.reshape(sight.shape).astype(np.int16)
    around = np.ones((3, 3), np.uint8)
    is_edge = (cv2.dilate(square, around) != cv2.erode(square, around)).ravel()
    inner, edge = np.flatnonzero(~is_edge & (surface >= 0)), np.flatnonzero(is_edge)
    rows, columns = np.divmod(edge, sight.shape[1])
    corner = np.column_stack([columns, rows]) + sight.window[:2]
    rays = camera.rays((corner[:, None] + _QUARTERS).reshape(-1, 2))
    hits = stage.caster.first_hits(np.broadcast_to(camera.position, rays.shape), rays)
    four = _surface_of(stage, hits.triangle).reshape(-1, 4)
    is_alike = four[:, :, None] == four[:, None, :]
    is_first = is_alike.argmax(axis=2) == np.arange(4)
    chosen = np.flatnonzero((is_first & (four >= 0)).ravel())
    return _Samples(
        pixel=np.concatenate([inner, np.repeat(edge, 4)[chosen]]),
        share=np.concatenate([np.ones(len(inner)), is_alike.mean(axis=2).ravel()[chosen]]),
        triangle=np.concatenate([sight.hits.triangle[inner], hits.triangle[chosen]]),
        weights=np.concatenate([sight.hits.weights[inner], hits.weights[chosen]]),
        rays=np.concatenate([sight.rays[inner], rays[chosen]]),
    )


def _surface_of(stage: Stage, triangle: FloatArray) -> FloatArray:
    """Return (N,) a number for each part of each person, one for all things, -1 for nothing."""
    owner, part = stage.face_owner[triangle].astype(np.int32), load_topology().face_part[triangle % N_TRIANGLES]
    return np.where(triangle < 0, -1, np.where(owner == THING, 0, (owner + 1) * 16 + part))


def _shade(
    scene: SceneSpec,
    stage: Stage,
    *,
    triangle: FloatArray,
    weights: FloatArray,
    rays: FloatArray,
    rng: np.random.Generator,
) -> FloatArray:
    """Return (N, 3) linear light of surface points seen along rays."""
    light = scene.light
    corners = stage.faces[triangle]
    blend = _blend(corners, weights, len(stage.vertices))
    points, normals = blend @ stage.vertices, blend @ stage.normals
    albedo, gloss, cloth = _materials(scene, stage, triangle, weights)
    clad = np.flatnonzero(cloth > 0)
    for axis in range(3):  # folds of cloth
        normals[clad, axis] += 0.16 * smooth_noise(points[clad], 7, scene.backdrop.phase + 3.1 * axis)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    lit = lit_fraction(stage.caster, points, normals, light, rng, samples=5)
    open_sky = blend @ _sky_at_vertices(stage, np.unique(corners))
    up = 0.5 + 0.5 * normals[:, 1:2]
    ambient = open_sky[:, None] * (light.sky * up + light.bounce * (1 - up))
    diffuse = np.clip(normals @ light.towards, 0, None)[:, None] * light.key * lit[:, None]
    half = light.towards - rays
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    shine = (gloss * lit * 0.25 * np.clip(np.einsum("nd,nd->n", normals, half), 0, 1) ** 24)[:, None] * light.key
    return np.asarray(albedo * (ambient + diffuse) + shine)


def _blend(corners: FloatArray, weights: FloatArray, n_vertices: int) -> sparse.csr_array:
    """Return the (N, V) matrix that turns values at vertices into values at points of triangles."""
    ends = np.arange(0, corners.size + 1, 3)
    return sparse.csr_array((weights.ravel(), corners.ravel(), ends), shape=(len(corners), n_vertices))


def _materials(
    scene: SceneSpec, stage: Stage, triangle: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    coordinates, topology = body_coordinates(), load_topology()
    owner = stage.face_owner[triangle]
    albedo = np.repeat(linear(scene.backdrop.accent)[None] * 0.7, len(triangle), axis=0)
    gloss, cloth = np.full(len(triangle), 0.1), np.zeros(len(triangle))
    for n, person in enumerate(scene.people):
        mine = np.flatnonzero(owner == n)
        local = triangle[mine] - n * N_TRIANGLES
        blend = _blend(topology.faces[local], weights[mine], N_VERTICES)
        at = SurfacePatch(
            part=topology.face_part[local],
            rest=blend @ coordinates.rest,
            arm=blend @ coordinates.arm,
            leg=blend @ coordinates.leg,
        )
        looks = looks_of(person.outfit, at)
        albedo[mine], gloss[mine], cloth[mine] = looks.albedo, looks.gloss, looks.cloth
    return albedo, gloss, cloth


def _sky_at_vertices(stage: Stage, seen: FloatArray) -> FloatArray:
    """Openness to the sky at each vertex, (V,), 0 but at those `seen`; the ground takes the light from below."""
    vertices, normals = stage.vertices[seen], stage.normals[seen]
    above = np.clip(vertices[:, 1] / 0.25, 0, 1)
    down = np.clip(-normals[:, 1], 0, 1)
    sky = np.zeros(len(stage.vertices))
    sky[seen] = openness(stage.caster, vertices, normals) * (1 - 0.6 * down * (1 - above))
    return sky


def _ground_shadow(
    scene: SceneSpec, stage: Stage, camera: Camera, is_ground: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Return (H, W) factors in (0, 1] that darken the ground around the people; traced at half the resolution."""
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
