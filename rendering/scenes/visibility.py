"""Which COCO keypoints of a person are seen: not those behind another part, another person, a thing, or the picture's
edge.
"""

from typing import Final

import numpy as np

from rendering.scenes.camera import Camera
from rendering.scenes.rig import FloatArray, PosedBody
from rendering.scenes.tracing import RayCaster

OUTSIDE: Final = 0
HIDDEN: Final = 1
VISIBLE: Final = 2

# How far in front of a keypoint its own skin may lie, metres: nose, eyes, ears, shoulders, elbows, wrists, hips, knees,
# ankles. A joint lies inside its limb, a face point on the skin.
_SKIN_M: Final = np.array(
    [0.03, 0.025, 0.025, 0.03, 0.03, 0.12, 0.12, 0.08, 0.08, 0.06, 0.06, 0.19, 0.19, 0.11, 0.11, 0.08, 0.08]
)


def keypoint_visibility(
    body: PosedBody, owner: int, camera: Camera, caster: RayCaster, face_owner: FloatArray
) -> FloatArray:
    """Return (17, 3) float64: x, y in pixels and COCO's visibility; a keypoint outside the picture is 0, 0, 0.

    Args:
        body: the person's posed body in the world.
        owner: the person's number in `face_owner`.
        camera: who looks.
        caster: all triangles of the scene.
        face_owner: (T,) which person each triangle belongs to, -1 for things.
    """
    xy, depth = camera.project(body.keypoints)
    inside = (depth > 0) & (xy >= 0).all(axis=1) & (xy < [camera.width, camera.height]).all(axis=1)
    rays = body.keypoints - camera.position
    distance = np.linalg.norm(rays, axis=1)
    rays /= distance[:, None]
    hits = caster.first_hits(np.broadcast_to(camera.position, rays.shape), rays)
    gap = np.where(hits.triangle >= 0, distance - hits.distance_m, 0.0)
    is_own = np.where(hits.triangle >= 0, face_owner[hits.triangle] == owner, True)
    in_sight = (gap < _SKIN_M) & (is_own | (gap < 0))
    visibility = np.where(in_sight, VISIBLE, HIDDEN)
    keypoints = np.column_stack([xy, visibility]).astype(np.float64)
    keypoints[~inside] = 0
    return keypoints
