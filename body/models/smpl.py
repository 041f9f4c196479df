"""SMPL bodies from a model file that the user brings (licensed; never shipped), posed by `smplx`.

The published `.pkl` files are pickles of numpy, scipy.sparse and chumpy objects; a restricted unpickler reads them, and
they can be converted once to `.npz`, which needs no unpickling. Frame: metres, y up, z forward, x = the body's left.
"""

import logging
import os
import tempfile
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from body.models.unpickle import ForbiddenPickleError, load_arrays
from body.topology import N_VERTICES, load_topology

log = logging.getLogger(__name__)

Float32 = npt.NDArray[np.float32]

N_JOINTS: Final = 24
N_BETAS: Final = 10
N_FACES: Final = 13_776  # two more than the atlas, which leaves two one-triangle holes

JOINT_NAMES: Final[tuple[str, ...]] = (
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle",
    "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hand", "right_hand",
)  # fmt: skip

_MAX_BYTES: Final = 600_000_000
_PICKLE_START: Final = (b"\x80", b"(", b"c", b"}")
_SHAPES: Final[dict[str, tuple[int, ...]]] = {
    "v_template": (N_VERTICES, 3),
    "shapedirs": (N_VERTICES, 3, N_BETAS),
    "posedirs": (N_VERTICES, 3, 9 * (N_JOINTS - 1)),
    "J_regressor": (N_JOINTS, N_VERTICES),
    "weights": (N_VERTICES, N_JOINTS),
    "kintree_table": (2, N_JOINTS),
    "f": (N_FACES, 3),
}


class SmplFileError(ValueError):
    """A file is not a usable SMPL model; the message names the file and what is wrong with it."""


@dataclass(frozen=True, slots=True, eq=False)
class SmplBody:
    """Posed bodies. vertices: (B, 6890, 3) float32 metres; joints: (B, 24, 3) in the order of `JOINT_NAMES`."""

    vertices: Float32
    joints: Float32


@dataclass(frozen=True, eq=False)
class SmplModel:
    """One SMPL model.

    Attributes:
        v_template: (6890, 3) float32 metres, the mean body.
        shapedirs: (6890, 3, 10) float32, displacement for one unit of each shape coefficient.
        posedirs: (6890, 3, 207) float32, pose-dependent displacement.
        joint_regressor: (24, 6890) float32.
        weights: (6890, 24) float32 skinning weights, rows of sum 1.
        parents: (24,) int64, -1 for the pelvis.
        faces: (13776, 3) int32.
    """

    v_template: Float32
    shapedirs: Float32
    posedirs: Float32
    joint_regressor: Float32
    weights: Float32
    parents: npt.NDArray[np.int64]
    faces: npt.NDArray[np.int32]

    @cached_property
    def _tensors(self) -> dict[str, Any]:
        import torch

        posedirs = np.ascontiguousarray(self.posedirs.reshape(-1, self.posedirs.shape[-1]).T)  # (207, 20670)
        return {
            "v_template": torch.from_numpy(self.v_template)[None],
            "shapedirs": torch.from_numpy(self.shapedirs),
            "posedirs": torch.from_numpy(posedirs),
            "J_regressor": torch.from_numpy(self.joint_regressor),
            "parents": torch.from_numpy(self.parents),
            "lbs_weights": torch.from_numpy(self.weights),
        }

    def pose(
        self,
        rotations: npt.NDArray[np.floating] | None = None,
        betas: npt.NDArray[np.floating] | None = None,
        translation: npt.NDArray[np.floating] | None = None,
    ) -> SmplBody:
        """Pose a batch of bodies.

        Args:
            rotations: (B, 24, 3) axis-angle in radians for each joint, the pelvis first; None is the rest pose.
            betas: (B, 10) shape coefficients; None is the mean body.
            translation: (B, 3) metres.

        Raises:
            ValueError: a shape is wrong or the batches differ (a batch of 1 goes with any).
        """
        import torch
        from smplx.lbs import lbs

        rotations = np.zeros((1, N_JOINTS, 3)) if rotations is None else np.asarray(rotations)
        betas = np.zeros((1, N_BETAS)) if betas is None else np.asarray(betas)
        translation = np.zeros((1, 3)) if translation is None else np.asarray(translation)
        wanted = {
            "rotations": (rotations, (N_JOINTS, 3)),
            "betas": (betas, (N_BETAS,)),
            "translation": (translation, (3,)),
        }
        batch = max(len(value) for value, _ in wanted.values())
        for name, (value, tail) in wanted.items():
            if value.shape[1:] != tail or len(value) not in (1, batch):
                raise ValueError(f"{name} must be {('B', *tail)} with B of 1 or {batch}, got {value.shape}")
        model = self._tensors

        def tensor(values: npt.NDArray[np.floating], width: int) -> Any:
            rows = np.broadcast_to(values.reshape(-1, width), (batch, width))
            return torch.from_numpy(np.array(rows, dtype=np.float32, order="C"))

        with torch.no_grad():
            vertices, joints = lbs(
                tensor(betas, N_BETAS),
                tensor(rotations, 3 * N_JOINTS),
                model["v_template"].expand(batch, -1, -1),
                model["shapedirs"],
                model["posedirs"],
                model["J_regressor"],
                model["parents"],
                model["lbs_weights"],
            )
        offset = translation[:, None, :].astype(np.float32)
        return SmplBody(vertices.numpy() + offset, joints.numpy() + offset)


def load_smpl(path: Path) -> SmplModel:
    """Read an SMPL model: a published `.pkl`, or an `.npz` with the same names. The content decides, not the name.

    Raises:
        SmplFileError: the file is missing, truncated, malicious, of another model, or an array has a wrong shape or
            value; the message says which.
    """
    path = Path(path)
    arrays = _read_arrays(path)
    missing = sorted(set(_SHAPES) - set(arrays))
    if missing:
        raise SmplFileError(f"{path} is not an SMPL model: it lacks {', '.join(missing)}")
    for name, shape in _SHAPES.items():
        _check_array(path, name, arrays[name], shape)
    faces = arrays["f"].astype(np.int64)
    _check_structure(path, arrays, faces)
    parents = arrays["kintree_table"][0].astype(np.int64)
    parents[0] = -1  # stored as 2^32 - 1
    if not bool((parents[1:] < np.arange(1, N_JOINTS)).all() and (parents[1:] >= 0).all()):
        raise SmplFileError(f"{path}: kintree_table is not a tree whose parents come first: {parents.tolist()}")

    def single(name: str) -> Float32:
        return np.array(arrays[name], dtype=np.float32, order="C")

    return SmplModel(
        v_template=single("v_template"),
        shapedirs=np.array(arrays["shapedirs"][:, :, :N_BETAS], dtype=np.float32, order="C"),
        posedirs=single("posedirs"),
        joint_regressor=single("J_regressor"),
        weights=single("weights"),
        parents=parents,
        faces=faces.astype(np.int32),
    )


def convert_smpl(source: Path, target: Path) -> SmplModel:
    """Read a model file and write it as `.npz`, so that nothing needs to be unpickled any more.

    Args:
        source: a `.pkl` or `.npz`.
        target: written whole or not at all.

    Raises:
        SmplFileError: as `load_smpl`.
    """
    model = load_smpl(source)
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    parents = model.parents.astype(np.int64)
    with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".part", delete=False) as file:
        try:
            np.savez(
                file,
                v_template=model.v_template,
                shapedirs=model.shapedirs,
                posedirs=model.posedirs,
                J_regressor=model.joint_regressor,
                weights=model.weights,
                kintree_table=np.stack([parents, np.arange(N_JOINTS)]),
                f=model.faces,
            )
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(target)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    log.info("smpl_converted source=%s target=%s", source, target)
    return model


def _read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of a file by name."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise SmplFileError(f"{path} cannot be read: {error.strerror}") from error
    if size > _MAX_BYTES:
        raise SmplFileError(f"{path} has {size / 1e6:.0f} MB; an SMPL model has less than {_MAX_BYTES / 1e6:.0f} MB")
    if start.startswith(b"PK\x03\x04"):
        return _read_npz(path)
    if not start.startswith(_PICKLE_START):
        raise SmplFileError(f"{path} is neither a pickle (.pkl) nor an .npz; it starts with {start!r}")
    try:
        with path.open("rb") as file:
            return load_arrays(file, _SHAPES)
    except ForbiddenPickleError as error:
        raise SmplFileError(
            f"{path} is refused: {error}. Model files hold arrays only; do not trust this one"
        ) from error
    except Exception as error:  # pickle raises nearly everything on damaged input
        raise SmplFileError(f"{path} is damaged or truncated: {type(error).__name__}: {error}") from error


def _read_npz(path: Path) -> dict[str, npt.NDArray[Any]]:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > _MAX_BYTES:
            raise SmplFileError(f"{path} unpacks to {unpacked / 1e6:.0f} MB, more than an SMPL model has")
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files if name in _SHAPES}
    except SmplFileError:
        raise
    except Exception as error:  # zipfile, zlib and numpy raise their own kinds
        raise SmplFileError(f"{path} is damaged, truncated or holds Python objects: {error}") from error


def _check_array(path: Path, name: str, array: npt.NDArray[Any], shape: tuple[int, ...]) -> None:
    is_enough = array.shape == shape
    if name == "shapedirs":  # newer files bring 300 coefficients, of which the first 10 are used
        is_enough = array.ndim == 3 and array.shape[:2] == shape[:2] and array.shape[2] >= N_BETAS
    if not is_enough:
        hint = "; this is SMPL-X, wanted SMPL" if array.shape[:1] == (10_475,) else ""
        raise SmplFileError(f"{path}: {name} must be {shape}, got {array.shape}{hint}")
    if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        raise SmplFileError(f"{path}: {name} must hold finite numbers, got {array.dtype}")


def _check_structure(path: Path, arrays: dict[str, npt.NDArray[Any]], faces: npt.NDArray[np.int64]) -> None:
    """Check what would pose a wrong body in silence: the vertex order, and rows that must sum to one."""
    if faces.min() < 0 or faces.max() >= N_VERTICES:
        raise SmplFileError(f"{path}: f must hold vertex numbers 0..{N_VERTICES - 1}")
    atlas = np.sort(load_topology().faces.astype(np.int64), axis=1) @ [N_VERTICES**2, N_VERTICES, 1]
    own = np.sort(faces, axis=1) @ [N_VERTICES**2, N_VERTICES, 1]
    absent = int((~np.isin(atlas, own)).sum())
    if absent:
        raise SmplFileError(f"{path}: {absent} triangles of the atlas are not in f; the vertex order is not SMPL's")
    for name in ("weights", "J_regressor"):
        total = arrays[name].sum(axis=1)
        if np.abs(total - 1).max() > 1e-3:
            raise SmplFileError(f"{path}: rows of {name} must sum to 1, got {total.min():.3f}..{total.max():.3f}")
