"""A posable body on the SMPL topology in numpy alone: shape space, skeleton and skin, distilled from Anny by `bake`.

Frame: metres, y up, z forward, x = the body's left. At rest the body stands in an A-pose with the pelvis at the origin.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

FloatArray = npt.NDArray[Any]

N_VERTICES: Final = 6890
N_KEYPOINTS: Final = 17
RIG_PATH: Final = Path(__file__).parents[1] / "data" / "anny_rig.npz"
PHENOTYPES: Final = ("gender", "age", "muscle", "weight", "height", "proportions")


@dataclass(frozen=True)
class RestBody:
    """A shape at rest. vertices: (6890, 3), anchors: (M, 3) of keypoints, heads: (B, 3) joint centres; metres."""

    vertices: FloatArray
    anchors: FloatArray
    heads: FloatArray


@dataclass(frozen=True)
class PosedBody:
    """A posed body. vertices: (6890, 3), keypoints: (17, 3) in COCO's order, joints: (B, 3); metres."""

    vertices: FloatArray
    keypoints: FloatArray
    joints: FloatArray


@dataclass(frozen=True)
class Rig:
    """The shape space and skeleton; read it with `load_rig`."""

    mean: FloatArray  # (6890 + M + B, 3)
    basis: FloatArray  # (K, 6890 + M + B, 3)
    coefficients: FloatArray  # (N, K), the sampled shapes
    phenotypes: dict[str, FloatArray]  # each (N,) in [0, 1]
    skin: sparse.csr_matrix  # (6890, B)
    anchor_keypoint: FloatArray  # (M,) 0..16
    anchor_bone: FloatArray  # (M,)
    anchor_weight: FloatArray  # (M,), one in sum over each keypoint's anchors
    bone_names: tuple[str, ...]
    bone_parents: tuple[int, ...]

    @property
    def n_shapes(self) -> int:
        """How many sampled shapes the rig brings."""
        return len(self.coefficients)

    def bone(self, name: str) -> int:
        """Return the index of a bone.

        Raises:
            KeyError: there is no such bone.
        """
        try:
            return self.bone_names.index(name)
        except ValueError:
            raise KeyError(f"bone {name!r} is none of {', '.join(self.bone_names)}") from None

    def rest(self, shape: int) -> RestBody:
        """Return the sampled shape `shape` in 0..n_shapes-1 at rest.

        Raises:
            ValueError: the number is out of range.
        """
        if not 0 <= shape < self.n_shapes:
            raise ValueError(f"shape must be 0..{self.n_shapes - 1}, got {shape}")
        rows = self.mean + np.tensordot(self.coefficients[shape], self.basis, axes=1)
        return RestBody(*np.split(rows, [N_VERTICES, N_VERTICES + len(self.anchor_bone)]))

    def pose(self, rest: RestBody, rotations: dict[str, FloatArray]) -> PosedBody:
        """Pose a body.

        Args:
            rest: the shape.
            rotations: bone name -> (3, 3), about the bone's joint, in the rest pose's axes, relative to the parent.

        Returns:
            The posed body; the pelvis stays at the origin.
        """
        turned, shift = self._bone_transforms(rest, rotations)
        matrix = (self.skin @ turned.reshape(-1, 9)).reshape(-1, 3, 3)
        vertices = np.einsum("vij,vj->vi", matrix, rest.vertices) + self.skin @ shift
        bone, weight = self.anchor_bone, self.anchor_weight[:, None]
        keypoints = np.zeros((N_KEYPOINTS, 3))
        pulled = np.einsum("mij,mj->mi", turned[bone], rest.anchors) + weight * shift[bone]
        np.add.at(keypoints, self.anchor_keypoint, pulled)
        return PosedBody(vertices, keypoints, np.einsum("bij,bj->bi", turned, rest.heads) + shift)

    def pose_joint(self, rest: RestBody, rotations: dict[str, FloatArray], name: str) -> FloatArray:
        """Return one joint (3,) as `pose` would place it, without moving the skin or any bone beside its own chain."""
        chain = [self.bone(name)]
        while (parent := self.bone_parents[chain[-1]]) >= 0:
            chain.append(parent)
        turned, shift = np.eye(3), np.zeros(3)
        for bone in reversed(chain):
            head, above = rest.heads[bone], turned
            local = rotations.get(self.bone_names[bone])
            turned = above if local is None else above @ local
            shift = above @ head + shift - turned @ head
        return np.asarray(turned @ rest.heads[chain[0]] + shift)

    def _bone_transforms(self, rest: RestBody, rotations: dict[str, FloatArray]) -> tuple[FloatArray, FloatArray]:
        turned = np.zeros((len(self.bone_parents), 3, 3))
        shift = np.zeros((len(self.bone_parents), 3))
        local = {self.bone(name): rotation for name, rotation in rotations.items()}
        for bone, parent in enumerate(self.bone_parents):  # parents come before their children
            above, offset = (np.eye(3), np.zeros(3)) if parent < 0 else (turned[parent], shift[parent])
            turned[bone] = above @ local[bone] if bone in local else above
            shift[bone] = above @ rest.heads[bone] + offset - turned[bone] @ rest.heads[bone]
        return turned, shift


def vertex_normals(vertices: FloatArray, faces: FloatArray) -> FloatArray:
    """Return unit normals (V, 3), weighted by the area of the triangles around each vertex."""
    corners = vertices[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.stack(
        [np.bincount(faces.ravel(), np.repeat(normals[:, k], 3), minlength=len(vertices)) for k in range(3)], axis=1
    )
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12))


@lru_cache(maxsize=1)
def load_rig(path: Path = RIG_PATH) -> Rig:
    """Read the rig that ships with the package (about one megabyte).

    Raises:
        FileNotFoundError: the file is missing; `python -m rendering.scenes.bake` makes it.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: run `python -m rendering.scenes.bake` to make it from Anny")
    with np.load(path, allow_pickle=False) as data:
        bones, weights = data["skin_bone"].astype(np.int64), data["skin_weight"].astype(np.float64) / 65535
        n_rows, n_bones = len(bones), len(data["bone_name"])
        rows = np.repeat(np.arange(n_rows), bones.shape[1])
        skin = sparse.csr_matrix((weights.ravel(), (rows, bones.ravel())), shape=(n_rows, n_bones))
        skin = sparse.csr_matrix(sparse.diags(1 / np.asarray(skin.sum(axis=1)).ravel()) @ skin)
        return Rig(
            mean=data["mean"].astype(np.float64),
            basis=data["basis"] * data["basis_scale"][:, None, None],
            coefficients=data["coefficients"],
            phenotypes=dict(zip(PHENOTYPES, data["phenotypes"].T, strict=True)),
            skin=skin,
            anchor_keypoint=data["anchor_keypoint"].astype(np.int64),
            anchor_bone=data["anchor_bone"].astype(np.int64),
            anchor_weight=data["anchor_weight"].astype(np.float64),
            bone_names=tuple(str(name) for name in data["bone_name"]),
            bone_parents=tuple(int(parent) for parent in data["bone_parent"]),
        )
