"""Distils Anny into the small rig that poses the people of synthetic scenes.

Anny takes a minute and 0.8 GB of cache to start for the first time, and torch with it. What a scene needs of it is a
linear space of body shapes on the SMPL topology, a skeleton and skinning weights: about one megabyte, which poses a
body in milliseconds with numpy alone. Run `python -m rendering.scenes.bake` again when Anny or the registration
change.

The registration (one Anny triangle and three weights for each SMPL vertex) blends rest positions and skinning weights
alike. Blending is exact at rest; in a pose it is off only where the three corners are skinned differently (0.6 mm on
average, `tests/rendering/test_scene_rig.py` bounds it). Keypoints are regressed from whole rings of skin, so each
keeps one anchor a bone, which is exact.
"""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from body import __file__ as _body_package
from rendering.scenes.rig import N_VERTICES, PHENOTYPES, RIG_PATH, FloatArray

log = logging.getLogger(__name__)

N_SHAPES: Final = 320
N_COMPONENTS: Final = 20
MAX_INFLUENCES: Final = 8
COCO_COUNT: Final = 17
BODY_DATA: Final = Path(_body_package).parent / "data"
REGISTRATION: Final = BODY_DATA / "anny_smpl_registration.npz"
CANONICAL: Final = BODY_DATA / "canonical_body.npz"


def sample_phenotypes(count: int, seed: int = 0) -> dict[str, FloatArray]:
    """Draw phenotypes of Anny: mostly adults, some children from about six years on.

    Returns:
        name -> (count,) float64 in [0, 1]. Age 1/3 is a child of about six, 2/3 a young adult, 1 an old person.
    """
    rng = np.random.default_rng(seed)
    is_child = rng.random(count) < 0.12
    age = np.where(is_child, rng.uniform(0.36, 0.56, count), rng.uniform(0.60, 0.98, count))
    side = np.where(rng.random(count) < 0.5, 0.1, 0.9)
    return {
        "gender": np.clip(side + rng.normal(0, 0.07, count), 0, 1),
        "age": age,
        "muscle": np.clip(rng.normal(0.5, 0.16, count), 0.1, 0.9),
        "weight": np.clip(rng.normal(0.5, 0.17, count), 0.12, 0.92),
        "height": np.clip(rng.normal(0.5, 0.15, count), 0.15, 0.85),
        "proportions": np.clip(rng.normal(0.55, 0.15, count), 0.15, 0.9),
    }


def to_scene_frame(points: FloatArray) -> FloatArray:
    """Turn Anny's axes (z up, facing -y, x = left) into ours (y up, z forward, x = left)."""
    return np.stack([points[..., 0], points[..., 2], -points[..., 1]], axis=-1)


def bake(path: Path = RIG_PATH) -> None:
    """Build Anny, sample its shapes, and write the rig.

    Raises:
        ValueError: Anny's mesh is not the one that the registration was made for.
    """
    model, regressor = _load_anny()
    registration = np.load(REGISTRATION)
    corners = model.faces.numpy()[registration["triangle"]]  # (6890, 3) Anny vertices
    blend = registration["barycentric"].astype(np.float64)
    neutral = _at_identity(model, None)[0]
    check_registration(to_scene_frame(np.einsum("vk,vkd->vd", blend, neutral[corners])))
    kept, owner = _keep_bones(model.bone_labels, list(model.bone_parents))
    keypoint_weights = regressor.regression_weights[:COCO_COUNT].numpy().astype(np.float64)  # (17, 13718)
    phenotypes = sample_phenotypes(N_SHAPES)
    skin = _dense_skin(model, owner, len(kept))  # (13718, B)
    keypoint, bone = np.nonzero(np.abs(keypoint_weights) @ skin > 1e-4)
    anchors = keypoint_weights[keypoint] * skin[:, bone].T  # (M, 13718)
    shapes = _rest_shapes(
        model, phenotypes=phenotypes, corners=corners, blend=blend, anchors=anchors, kept=kept
    )  # (N, 6890 + M + B, 3)
    mean, basis, coefficients = _principal_shapes(shapes)
    usual = _usual_statures(shapes, phenotypes)
    bones, weights = _strongest(np.einsum("vk,vkb->vb", blend, skin[corners]))
    scale = np.abs(basis).max(axis=(1, 2)) / 32767
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path,
        mean=mean.astype(np.float32),
        basis=np.rint(basis / scale[:, None, None]).astype(np.int16),
        basis_scale=scale.astype(np.float32),
        coefficients=coefficients[usual].astype(np.float32),
        phenotypes=np.stack([phenotypes[name] for name in PHENOTYPES], axis=1)[usual].astype(np.float32),
        skin_bone=bones,
        skin_weight=np.rint(weights * 65535).astype(np.uint16),
        anchor_keypoint=keypoint.astype(np.uint8),
        anchor_bone=bone.astype(np.uint8),
        anchor_weight=anchors.sum(axis=1).astype(np.float32),
        bone_name=np.array([model.bone_labels[b] for b in kept]),
        bone_parent=np.array([_kept_parent(b, model.bone_parents, owner) for b in kept], np.int16),
    )
    log.info("rig written: %s, %d shapes, %d bones, %.0f KB", path, usual.sum(), len(kept), path.stat().st_size / 1024)


def _load_anny() -> tuple[Any, Any]:
    import anny

    model = anny.Anny(skinning_method="lbs")
    return model, anny.KeypointsRegressor.coco(model)


def check_registration(neutral: FloatArray) -> None:
    """Compare the registered neutral body with the canonical one.

    The file also records a hash of Anny's faces, but that changes with harmless details of the mesh's making; the shape
    is what matters.

    Args:
        neutral: (6890, 3) the registered neutral body in the scene frame, metres.

    Raises:
        ValueError: the bodies differ by more than 0.1 mm, so this Anny is not the one that was registered.
    """
    canonical = np.load(CANONICAL)["vertices"].astype(np.float64)
    stature = np.ptp(canonical[:, 1])
    grown = neutral * (stature / np.ptp(neutral[:, 1]))
    grown[:, 1] += canonical[:, 1].min() - grown[:, 1].min()
    worst_mm = float(np.linalg.norm(grown - canonical, axis=1).max() * 1000)
    if worst_mm > 0.1:
        raise ValueError(f"registered neutral Anny is {worst_mm:.2f} mm off the canonical body: install anny 0.6.2")


def _keep_bones(labels: Sequence[str], parents: Sequence[int]) -> tuple[list[int], FloatArray]:
    """Drop toes and eyes; `owner` gives for each bone of Anny the index of the kept bone that carries its skin."""
    kept = [i for i, label in enumerate(labels) if not label.startswith(("toe", "eye"))]
    index = {bone: i for i, bone in enumerate(kept)}
    owner = np.zeros(len(labels), np.int64)
    for bone in range(len(labels)):
        ancestor = bone
        while ancestor not in index:
            ancestor = int(parents[ancestor])
        owner[bone] = index[ancestor]
    return kept, owner


def _kept_parent(bone: int, parents: Sequence[int], owner: FloatArray) -> int:
    parent = int(parents[bone])
    return -1 if parent < 0 else int(owner[parent])


def _rest_shapes(
    model: Any,
    *,
    phenotypes: dict[str, FloatArray],
    corners: FloatArray,
    blend: FloatArray,
    anchors: FloatArray,
    kept: list[int],
) -> FloatArray:
    """Rows of a shape: 6,890 vertices, the keypoints' anchors, the heads of the kept bones; scene frame, metres."""
    rows = []
    for n in range(N_SHAPES):
        vertices, heads = _at_identity(model, {name: float(values[n]) for name, values in phenotypes.items()})
        surface = np.einsum("vk,vkd->vd", blend, vertices[corners])
        rows.append(to_scene_frame(np.concatenate([surface, anchors @ vertices, heads[kept]])))
    return np.stack(rows)


def _at_identity(model: Any, phenotype: dict[str, float] | None) -> tuple[FloatArray, FloatArray]:
    """Return Anny's vertices and bone heads in its own frame, without a pose."""
    import torch

    given = None if phenotype is None else {name: torch.tensor([value]) for name, value in phenotype.items()}
    with torch.no_grad():
        out = model(None, phenotype_kwargs=given)
    vertices = out["vertices"][0].numpy().astype(np.float64)
    return vertices, out["bone_poses"][0].numpy()[:, :3, 3].astype(np.float64)


def _principal_shapes(shapes: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    mean = shapes.mean(axis=0)
    flat = (shapes - mean).reshape(len(shapes), -1)
    _, _, components = np.linalg.svd(flat, full_matrices=False)
    basis = components[:N_COMPONENTS]
    coefficients = flat @ basis.T
    residual = np.linalg.norm((flat - coefficients @ basis).reshape(len(shapes), -1, 3), axis=-1)
    log.info("shape space: %d components leave %.2f mm mean, %.2f mm worst", N_COMPONENTS, *_mm(residual))
    return mean, basis.reshape(N_COMPONENTS, -1, 3), coefficients


def _usual_statures(shapes: FloatArray, phenotypes: dict[str, FloatArray]) -> FloatArray:
    """Return (N,) bool: who is no taller than people are. The tall ones only widen the shape space.

    The mean body, on which clothes and faces are drawn, stays that of all samples.
    """
    stature = np.ptp(shapes[:, :N_VERTICES, 1], axis=1)
    tallest = np.where(phenotypes["gender"] > 0.5, 1.80, 1.92)
    growing = np.clip((phenotypes["age"] - 1 / 3) / (0.58 - 1 / 3), 0, 1)
    return np.asarray((stature < tallest * (0.72 + 0.28 * growing)) & (stature > 1.05))


def _mm(residual: FloatArray) -> tuple[float, float]:
    return float(residual.mean() * 1000), float(residual.max() * 1000)


def _dense_skin(model: Any, owner: FloatArray, n_bones: int) -> FloatArray:
    index, weight = model.vertex_bone_indices.numpy(), model.vertex_bone_weights.numpy()
    dense = np.zeros((len(index), n_bones))
    np.add.at(dense, (np.arange(len(index))[:, None], owner[index]), weight)
    return dense


def _strongest(rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    bones = np.argsort(-rows, axis=1)[:, :MAX_INFLUENCES]
    weights = np.take_along_axis(rows, bones, axis=1)
    return bones.astype(np.uint8), weights / weights.sum(axis=1, keepdims=True)


def main() -> None:
    """Command line: `python -m rendering.scenes.bake [--out FILE]`."""
    parser = argparse.ArgumentParser(description="Distil Anny into the rig of the synthetic people.")
    parser.add_argument("--out", type=Path, default=RIG_PATH)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    bake(parser.parse_args().out)


if __name__ == "__main__":
    main()
