"""Parallel rays through a mesh in the coordinates of one picture: x right, y down, z away, all in pixels.

Seen by an orthographic camera everything that is linear on a triangle is affine in the picture, so weights and depth
follow from pixel and triangle number alone, here and in the browser. The triangle itself is found by Embree.
"""

from functools import cached_property

import numpy as np
from embreex import rtcore_scene
from embreex.mesh_construction import TriangleMesh
from numpy.typing import ArrayLike, NDArray

from rendering.views.cameras import Camera

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int32]

_START_BEFORE_PX = 16.0


class PictureMesh:
    """A mesh as one camera sees it."""

    def __init__(self, camera: Camera, vertices: FloatArray, triangles: IntArray) -> None:
        """Bring a mesh into picture coordinates.

        Args:
            camera: the view.
            vertices: (V, 3) canonical metres.
            triangles: (T, 3), counter-clockwise seen from outside.
        """
        self.triangles = triangles
        self.px_per_m = camera.px_per_m
        depth = camera.depth(vertices)
        self.nearest = float(depth.min(initial=0.0))
        self.points = np.column_stack([camera.project(vertices), depth])
        corners = self.points[triangles]
        edge_1, edge_2 = corners[:, 1, :2] - corners[:, 0, :2], corners[:, 2, :2] - corners[:, 0, :2]
        self._corner_0 = corners[:, 0, :2]
        area_2 = edge_1[:, 0] * edge_2[:, 1] - edge_1[:, 1] * edge_2[:, 0]
        # y points down, so what is counter-clockwise from outside turns the other way here.
        self.is_front: NDArray[np.bool_] = area_2 < 0
        inverse = 1.0 / np.where(area_2 == 0, np.inf, area_2)
        # weight 1 = row_1 . (xy - corner 0), weight 2 = row_2 . (xy - corner 0)
        self._row_1 = np.column_stack([edge_2[:, 1], -edge_2[:, 0]]) * inverse[:, None]
        self._row_2 = np.column_stack([-edge_1[:, 1], edge_1[:, 0]]) * inverse[:, None]

    @cached_property
    def _scene(self) -> rtcore_scene.EmbreeScene:
        scene = rtcore_scene.EmbreeScene()
        points = self.points - [0.0, 0.0, self.nearest]
        TriangleMesh(scene, points.astype(np.float32), np.ascontiguousarray(self.triangles, np.int32))
        return scene

    def first_hits(self, xy: ArrayLike) -> IntArray:
        """Return the first triangle (N,) int32 behind each pixel position (N, 2), whichever way it faces; -1 none."""
        xy = np.asarray(xy)
        starts = np.empty((len(xy), 3), np.float32)
        starts[:, :2] = xy
        starts[:, 2] = -_START_BEFORE_PX
        directions = np.zeros_like(starts)
        directions[:, 2] = 1.0
        hits: IntArray = self._scene.run(starts, directions)
        return hits

    def weights(self, triangle: IntArray, xy: NDArray[np.floating]) -> FloatArray:
        """Return the barycentric weights (N, 3) >= 0, sum 1, of picture positions (N, 2) in given triangles (N,)."""
        offset = xy - self._corner_0[triangle]
        w1 = (self._row_1[triangle] * offset).sum(1)
        w2 = (self._row_2[triangle] * offset).sum(1)
        # A ray may be credited to a triangle that it misses by a rounding error, or that is seen edge on.
        weights = np.clip(np.column_stack([1.0 - w1 - w2, w1, w2]), 0.0, 1.0)
        return np.asarray(weights / weights.sum(1, keepdims=True))

    def gradients(self, at_corner: NDArray[np.floating]) -> tuple[FloatArray, FloatArray]:
        """Return how values given at the corners (T, 3, C) change per pixel to the right and down, each (T, C)."""
        step_1, step_2 = at_corner[:, 1] - at_corner[:, 0], at_corner[:, 2] - at_corner[:, 0]
        along = [step_1 * self._row_1[:, [axis]] + step_2 * self._row_2[:, [axis]] for axis in (0, 1)]
        return along[0], along[1]

    def depth(self, triangle: IntArray, weights: FloatArray) -> FloatArray:
        """Return the depth (N,) in pixels at points of given triangles."""
        return np.asarray((self.points[self.triangles[triangle], 2] * weights).sum(1))
