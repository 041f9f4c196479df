"""Anny on the SMPL topology: any pose and phenotype of the free body model, carried over by the registration.

Loads torch and `anny` on first use only. Frame: metres, y up, z forward, x = the body's left (Anny: z up, facing -y).
A pose is one rotation for each bone about its own joint, in the axes of the body at rest, relative to the parent bone.
"""

import fcntl
import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from body.canonical import load_canonical_body
from body.topology import N_VERTICES

log = logging.getLogger(__name__)

Float64 = npt.NDArray[np.float64]
Rotation = npt.NDArray[np.floating] | Sequence[float]

REGISTRATION_FILE: Final = Path(__file__).parents[1] / "data" / "anny_smpl_registration.npz"
STATURE_M: Final = 1.70
_TOLERANCE_M: Final = 1e-4

KEYPOINT_NAMES: Final[tuple[str, ...]] = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle",
)  # fmt: skip

# The bone of Anny whose head stands for each SMPL joint, in SMPL's order (`body.models.smpl.JOINT_NAMES`).
BONE_OF_JOINT: Final[tuple[str, ...]] = (
    "root", "upperleg01.L", "upperleg01.R", "spine03", "lowerleg01.L", "lowerleg01.R", "spine02", "foot.L", "foot.R",
    "spine01", "toe3-1.L", "toe3-1.R", "neck01", "clavicle.L", "clavicle.R", "head", "upperarm01.L", "upperarm01.R",
    "lowerarm01.L", "lowerarm01.R", "wrist.L", "wrist.R", "finger3-1.L", "finger3-1.R",
)  # fmt: skip

_TO_OURS: Final = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])  # ours = _TO_OURS @ Anny's


class AnnyError(RuntimeError):
    """The installed `anny` is not the one that the registration was made for."""


@dataclass(frozen=True, slots=True, eq=False)
class AnnyBodies:
    """A batch of posed bodies.

    Attributes:
        vertices: (B, 6890, 3) float64 metres, on the SMPL topology.
        joints: (B, 24, 3), in SMPL's order; the nearest joint of Anny's own skeleton.
        keypoints: (B, 17, 3), in COCO's order (`KEYPOINT_NAMES`).
    """

    vertices: Float64
    joints: Float64
    keypoints: Float64


class AnnyBody:
    """The posable body; make it with `AnnyBody.load`."""

    def __init__(self, model: Any) -> None:
        """Wrap an `anny.Anny` after checking that the registration fits it.

        Raises:
            AnnyError: it does not.
        """
        import anny
        import torch

        self._model = model
        self.bone_names: tuple[str, ...] = tuple(model.bone_labels)
        self.bone_parents: tuple[int, ...] = tuple(int(parent) for parent in model.bone_parents)
        self.phenotype_names: tuple[str, ...] = tuple(model.phenotype_labels)
        regressor = anny.KeypointsRegressor.coco(model)
        if tuple(regressor.labels[:17]) != KEYPOINT_NAMES:
            raise AnnyError(f"anny's COCO keypoints are {regressor.labels}; install anny 0.6.2")
        # A linear map from Anny's vertices to ours and to the keypoints, as one sparse matrix.
        with np.load(REGISTRATION_FILE, allow_pickle=False) as registration:
            corners = torch.from_numpy(registration["triangle"].astype(np.int64))
            weights = torch.from_numpy(registration["barycentric"].astype(np.float64))
            recorded_faces = str(registration["anny_faces_sha256"])
        self._corners = model.faces[corners]  # (6890, 3)
        self._weights = weights
        self._keypoint_weights = regressor.regression_weights[:17].to(torch.float64)
        self._joint_bones = [self.bone_names.index(name) for name in BONE_OF_JOINT]
        self._check_registration(recorded_faces)

    @classmethod
    def load(cls, cache_dir: Path | None = None) -> "AnnyBody":
        """Make the body: 30 to 60 s and 1.4 GB of memory the first time (0.8 GB of cache), then some seconds.

        Several processes may call this at once: one builds the cache, the others wait for it.

        Args:
            cache_dir: where `anny` keeps its cache; by default what `ANNY_CACHE_DIR` says, else `~/.cache/anny`.

        Raises:
            AnnyError: the installed `anny` is not the registered one.
            ImportError: `anny` or torch is not installed.
        """
        import anny
        import anny.paths

        if cache_dir is not None:
            anny.paths.set_anny_cache_path(cache_dir)
        with _exclusive_cache(Path(anny.paths.get_anny_cache_path())):
            model = anny.Anny(skinning_method="lbs")
        return cls(model)

    def pose(
        self,
        rotations: Mapping[str, Rotation] | None = None,
        phenotype: Mapping[str, float | npt.NDArray[np.floating]] | None = None,
        translation: npt.NDArray[np.floating] | None = None,
    ) -> AnnyBodies:
        """Pose and shape a batch of bodies.

        Args:
            rotations: bone name -> axis-angle in radians, (3,) or (B, 3), or matrices, (B, 3, 3). Bones that are not
                named keep their rest pose, an A-pose.
            phenotype: name -> number or (B,) in [0, 1]; 0.5 where not named. See `phenotype_names`.
            translation: (3,) or (B, 3) metres, of the pelvis; at the origin by default.

        Raises:
            ValueError: a bone or phenotype does not exist, a value is out of range, or batches differ.
        """
        import torch

        matrices = {name: _matrices(name, rotation) for name, rotation in (rotations or {}).items()}
        shape = {name: np.atleast_1d(np.asarray(value, dtype=np.float64)) for name, value in (phenotype or {}).items()}
        offset = np.atleast_2d(np.zeros(3) if translation is None else np.asarray(translation, dtype=np.float64))
        batch = self._batch_of(matrices, shape, offset)
        delta = np.tile(np.eye(4), (batch, len(self.bone_names), 1, 1))
        for name, matrix in matrices.items():
            delta[:, self.bone_names.index(name), :3, :3] = _TO_OURS.T @ matrix @ _TO_OURS
        given = {name: torch.from_numpy(np.broadcast_to(value, batch).copy()) for name, value in shape.items()}
        with torch.no_grad():
            out = self._model(torch.from_numpy(delta), phenotype_kwargs=given or None)
            vertices = torch.einsum("vk,bvkd->bvd", self._weights, out["vertices"][:, self._corners])
            keypoints = torch.einsum("kv,bvd->bkd", self._keypoint_weights, out["vertices"])
            joints = out["bone_poses"][:, self._joint_bones, :3, 3]

        def ours(points: Any) -> Float64:
            return np.asarray(points.numpy() @ _TO_OURS.T + offset[:, None, :], dtype=np.float64)

        return AnnyBodies(ours(vertices), ours(joints), ours(keypoints))

    def _batch_of(self, matrices: Mapping[str, Float64], shape: Mapping[str, Float64], offset: Float64) -> int:
        """Check names, ranges and sizes; return the size of the batch."""
        unknown = sorted(set(matrices) - set(self.bone_names))
        if unknown:
            raise ValueError(f"bone {unknown[0]!r} does not exist; bones are {', '.join(self.bone_names)}")
        unknown = sorted(set(shape) - set(self.phenotype_names))
        if unknown:
            raise ValueError(f"phenotype {unknown[0]!r} does not exist; they are {', '.join(self.phenotype_names)}")
        for name, value in shape.items():
            if value.ndim != 1 or not bool(((value >= 0) & (value <= 1)).all()):
                raise ValueError(f"phenotype {name!r} must be in [0, 1], got {value}")
        if offset.ndim != 2 or offset.shape[1] != 3:
            raise ValueError(f"translation must be (3,) or (B, 3), got {offset.shape}")
        sizes = {len(value) for value in (*matrices.values(), *shape.values(), offset)} - {1}
        if len(sizes) > 1:
            raise ValueError(f"rotations, phenotypes and translation have batches of {sorted(sizes)}; wanted one size")
        return sizes.pop() if sizes else 1

    def _check_registration(self, recorded_faces: str) -> None:
        """Refuse an Anny for which the registration gives another body than the canonical one.

        The recorded hash of Anny's faces settles it where it agrees. Where it does not, the neutral body decides: Anny
        splits its quads by floating-point comparisons, so the hash differs between machines without any harm.
        """
        faces = np.ascontiguousarray(self._model.faces.numpy(), dtype=np.int32)
        if hashlib.sha256(faces.tobytes()).hexdigest() == recorded_faces:
            return
        vertices = self.pose().vertices[0]
        grown = vertices * (STATURE_M / np.ptp(vertices[:, 1]))
        grown[:, 1] -= grown[:, 1].min()
        worst_m = float(np.linalg.norm(grown - load_canonical_body().vertices, axis=1).max())
        if worst_m > _TOLERANCE_M:
            raise AnnyError(
                f"the registered neutral body is {1000 * worst_m:.1f} mm off the canonical one; install anny 0.6.2, "
                "for which the registration was made"
            )
        log.info("anny_registration_checked vertices=%d worst_mm=%.4f", N_VERTICES, 1000 * worst_m)


def _matrices(name: str, rotation: Rotation) -> Float64:
    """Return rotation matrices (B, 3, 3) of axis-angles (3,) or (B, 3), or of matrices (B, 3, 3)."""
    from scipy.spatial.transform import Rotation as Rotations

    values = np.asarray(rotation, dtype=np.float64)
    if values.ndim not in (1, 2, 3) or values.shape[-1] != 3 or values.shape[1:] not in ((), (3,), (3, 3)):
        raise ValueError(f"rotation of {name!r} must be (3,), (B, 3) or (B, 3, 3), got {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"rotation of {name!r} must be finite")
    if values.ndim < 3:
        return np.asarray(Rotations.from_rotvec(np.atleast_2d(values)).as_matrix())
    is_orthonormal = np.allclose(values @ np.swapaxes(values, -1, -2), np.eye(3), atol=1e-5)
    if not (is_orthonormal and bool((np.linalg.det(values) > 0).all())):
        raise ValueError(f"rotation of {name!r} must be rotation matrices: orthonormal, with determinant 1")
    return values


@contextmanager
def _exclusive_cache(folder: Path) -> Iterator[None]:
    """Let one process at a time build Anny's cache, and throw away what one that was killed left half-written."""
    folder.mkdir(parents=True, exist_ok=True)
    marker = folder / ".building"
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if marker.exists():
            log.warning("anny_cache_discarded folder=%s", folder)
            for half_written in folder.glob("*/*.safetensors"):
                half_written.unlink()
        marker.touch()
        yield
        marker.unlink()
