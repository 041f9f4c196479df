"""All that rays can meet in a scene: dressed bodies, and the seats that some of them need, as one set of triangles."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from body.topology import N_TRIANGLES, load_topology
from rendering.scenes.camera import Camera, pixel_centres
from rendering.scenes.rig import FloatArray, PosedBody, vertex_normals
from rendering.scenes.scene import SceneSpec, dressed_body
from rendering.scenes.tracing import Hits, RayCaster

THING: Final = -1  # owner of triangles that belong to no person


@dataclass(frozen=True)
class Stage:
    """All triangles: the people's, one body after the other, then things. face_owner: (T,) person 0.. or -1."""

    bodies: tuple[PosedBody, ...]
    vertices: FloatArray
    normals: FloatArray
    faces: FloatArray
    face_owner: FloatArray
    caster: RayCaster


@dataclass(frozen=True)
class Sight:
    """What a camera sees of a stage at the middle of each pixel of a window, outside which it sees nothing of it.

    Attributes:
        window: x0, y0, x1, y1 in whole pixels.
        rays: (N, 3) unit directions through the window's pixels, row by row.
        hits: what they met.
    """

    window: tuple[int, int, int, int]
    rays: FloatArray
    hits: Hits

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the window."""
        x0, y0, x1, y1 = self.window
        return y1 - y0, x1 - x0


def look(stage: Stage, camera: Camera) -> Sight:
    """Trace the middle of every pixel in which a triangle of the stage may be seen."""
    window = _seen_window(stage, camera)
    rays = camera.rays(pixel_centres(*window))
    return Sight(window, rays, stage.caster.first_hits(np.broadcast_to(camera.position, rays.shape), rays))


def build_stage(scene: SceneSpec) -> Stage:
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
            owner.append(np.full(len(seat_faces), THING, np.int16))
    all_vertices, all_faces = np.concatenate(vertices), np.concatenate(faces)
    caster = RayCaster(all_vertices, all_faces)
    return Stage(bodies, all_vertices, np.concatenate(normals), all_faces, np.concatenate(owner), caster)


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
    corners: list[FloatArray] = []
    normals: list[FloatArray] = []
    triangles: list[tuple[int, ...]] = []
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


def _seen_window(stage: Stage, camera: Camera) -> tuple[int, int, int, int]:
    xy, depth = camera.project(stage.vertices)
    if depth.min() < 0.05:
        return 0, 0, camera.width, camera.height
    x0, y0 = np.clip(np.floor(xy.min(axis=0)) - 1, 0, [camera.width - 1, camera.height - 1]).astype(int)
    x1, y1 = np.clip(np.ceil(xy.max(axis=0)) + 1, [x0 + 1, y0 + 1], [camera.width, camera.height]).astype(int)
    return int(x0), int(y0), int(x1), int(y1)
