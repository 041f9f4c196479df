"""Draws a scene: people and things by rays with four samples a pixel, light, shadow, and what a camera adds."""

from typing import Final

import cv2
import numpy as np

from body.topology import N_TRIANGLES, load_topology
from rendering.scenes.backdrops import paint_backdrop
from rendering.scenes.camera import Camera, pixel_centres
from rendering.scenes.lighting import lit_fraction, openness
from rendering.scenes.rig import FloatArray
from rendering.scenes.scene import SceneSpec
from rendering.scenes.stage import Stage, seen_window
from rendering.scenes.surface_patch import SurfacePatch, body_coordinates
from rendering.scenes.textures import display, linear, smooth_noise
from rendering.scenes.wardrobe import looks_of

_SHADOW_REACH_M: Final = 2.5
_GROUND_RAYS: Final = 6


def draw(scene: SceneSpec, stage: Stage, camera: Camera) -> FloatArray:
    """Return the picture (H, W, 3) uint8 RGB of a scene; the same scene gives the same picture."""
    rng = np.random.default_rng([scene.seed, 0xD1A3])
    picture, is_ground = paint_backdrop(scene.backdrop, camera)
    picture = picture * _ground_shadow(scene, stage, camera, is_ground, rng)[..., None]
    x0, y0, x1, y1 = seen_window(stage, camera)
    sub = pixel_centres(x0, y0, x1, y1, step=0.5)
    rays = camera.rays(sub)
    hits = stage.caster.first_hits(np.broadcast_to(camera.position, rays.shape), rays)
    hit = np.flatnonzero(hits.triangle >= 0)
    colour = np.zeros((len(rays), 4))
    colour[hit, :3] = _shade(
        scene, stage, triangle=hits.triangle[hit], weights=hits.weights[hit], rays=rays[hit], rng=rng
    )
    colour[hit, 3] = 1
    layer = colour.reshape(y1 - y0, 2, x1 - x0, 2, 4).mean(axis=(1, 3))
    picture[y0:y1, x0:x1] = picture[y0:y1, x0:x1] * (1 - layer[..., 3:]) + layer[..., :3]
    return _develop(picture, scene, rng)


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
    points = np.einsum("nk,nkd->nd", weights, stage.vertices[corners])
    normals = np.einsum("nk,nkd->nd", weights, stage.normals[corners])
    albedo, gloss, cloth = _materials(scene, stage, triangle, weights)
    clad = np.flatnonzero(cloth > 0)
    for axis in range(3):  # folds of cloth
        normals[clad, axis] += 0.16 * smooth_noise(points[clad], 7, scene.backdrop.phase + 3.1 * axis)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    lit = lit_fraction(stage.caster, points, normals, light, rng, samples=3)
    open_sky = np.einsum("nk,nk->n", weights, _sky_at_vertices(stage, np.unique(corners))[corners])
    up = 0.5 + 0.5 * normals[:, 1:2]
    ambient = open_sky[:, None] * (light.sky * up + light.bounce * (1 - up))
    diffuse = np.clip(normals @ light.towards, 0, None)[:, None] * light.key * lit[:, None]
    half = light.towards - rays
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    shine = (gloss * lit * 0.25 * np.clip(np.einsum("nd,nd->n", normals, half), 0, 1) ** 24)[:, None] * light.key
    return np.asarray(albedo * (ambient + diffuse) + shine)


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
