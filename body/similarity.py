"""How good correspondences are: ratio of correct points, area under it, geodesic point similarity.

Definitions: Gueler et al., CVPR 2018, section 4 ("paper"), and the later public evaluator, which normalises by the
mean geodesic size of the coarse part ("coarse-parts"). All distances are geodesic, in metres; a point that was
predicted as background, or whose person was not found, has an infinite distance.
"""

from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from body.parts import N_PARTS, PARTS, Limb

Definition = Literal["paper", "coarse-parts"]
Float64 = npt.NDArray[np.float64]

K_PAPER_M: Final = 0.255
K_COARSE_M: Final[dict[Limb, float]] = {
    "torso": 0.351,
    "hand": 0.107,
    "foot": 0.126,
    "upper_leg": 0.237,
    "lower_leg": 0.173,
    "upper_arm": 0.142,
    "lower_arm": 0.128,
    "head": 0.150,
}
AUC_LIMITS_M: Final = (0.10, 0.30)

_K_OF_PART: Final = np.array([np.nan, *(K_COARSE_M[part.limb] for part in PARTS)])


def rcp_curve(distance_m: npt.NDArray[np.floating], thresholds_m: npt.NDArray[np.floating]) -> Float64:
    """Return the share of points whose error is strictly below each threshold.

    Args:
        distance_m: (N,) errors of all points pooled, inf for background.
        thresholds_m: (K,).

    Returns:
        (K,) float64 in [0, 1]; NaN when there are no points.
    """
    errors = np.sort(_checked_distances(distance_m))
    if not len(errors):
        return np.full(len(thresholds_m), np.nan)
    return np.asarray(np.searchsorted(errors, thresholds_m, side="left") / len(errors))


def auc(distance_m: npt.NDArray[np.floating], limit_m: float) -> float:
    """Return the normalised area under the ratio of correct points from 0 to a limit, exactly: mean of max(0, 1 - g/a).

    Args:
        distance_m: (N,) errors, inf for background.
        limit_m: the limit a, 0.10 or 0.30 in the literature.

    Returns:
        A value in [0, 1]; NaN when there are no points.
    """
    if not limit_m > 0:
        raise ValueError(f"limit_m must be positive, got {limit_m}")
    errors = _checked_distances(distance_m)
    return float(np.clip(1.0 - errors / limit_m, 0.0, None).mean()) if len(errors) else float("nan")


def auc_by_person(
    distance_m: npt.NDArray[np.floating], person: npt.NDArray[np.integer], limit_m: float
) -> tuple[npt.NDArray[np.int64], Float64]:
    """Return the area under the curve of each person, whose mean is reported beside the pooled figure.

    Args:
        distance_m: (N,) errors, inf for background.
        person: (N,) which person a point belongs to.
        limit_m: the limit a.

    Returns:
        person: (P,) the persons in ascending order.
        auc: (P,) float64 in [0, 1].
    """
    if not limit_m > 0:
        raise ValueError(f"limit_m must be positive, got {limit_m}")
    score = np.clip(1.0 - _checked_distances(distance_m) / limit_m, 0.0, None)
    if person.shape != score.shape:
        raise ValueError(f"person must be {score.shape} like distance_m, got {person.shape}")
    who, place = np.unique(person, return_inverse=True)
    count = np.bincount(place, minlength=len(who))
    return who.astype(np.int64), np.bincount(place, weights=score, minlength=len(who)) / count


def point_similarity(
    distance_m: npt.NDArray[np.floating],
    parts: npt.NDArray[np.integer] | None = None,
    definition: Definition = "paper",
) -> Float64:
    """Return exp(-g^2 / (2 k^2)) of each point, 0 where the error is infinite.

    Args:
        distance_m: (N,) errors, inf for background.
        parts: (N,) coarse part 1..14 of the *true* points; needed by "coarse-parts" only.
        definition: "paper" has one k of 0.255 m; "coarse-parts" one k for each kind of part.

    Raises:
        ValueError: the definition is unknown, or its parts are missing, of another length or outside 1..14.
    """
    errors = _checked_distances(distance_m)
    if definition == "paper":
        k_m: Float64 | float = K_PAPER_M
    elif definition == "coarse-parts":
        if parts is None or parts.shape != errors.shape:
            raise ValueError(
                f"'coarse-parts' needs parts of shape {errors.shape}, got {None if parts is None else parts.shape}"
            )
        if len(parts) and not (parts.min() >= 1 and parts.max() <= N_PARTS):
            raise ValueError(f"parts must be 1..{N_PARTS}, got {parts.min()}..{parts.max()}")
        k_m = _K_OF_PART[parts]
    else:
        raise ValueError(f"definition must be 'paper' or 'coarse-parts', got {definition!r}")
    return np.asarray(np.exp(-((errors / k_m) ** 2) / 2.0))


def geodesic_point_similarity(
    distance_m: npt.NDArray[np.floating],
    parts: npt.NDArray[np.integer] | None = None,
    definition: Definition = "paper",
) -> float:
    """Return the GPS of one person: the mean of `point_similarity` over its annotated points; NaN without points."""
    similarity = point_similarity(distance_m, parts, definition)
    return float(similarity.mean()) if len(similarity) else float("nan")


def _checked_distances(distance_m: npt.NDArray[np.floating]) -> Float64:
    errors = np.asarray(distance_m, dtype=np.float64)
    if errors.ndim != 1:
        raise ValueError(f"distance_m must be (N,), got {errors.shape}")
    if len(errors) and not bool((errors >= 0).all()):  # also catches NaN
        raise ValueError("distance_m must be non-negative, with inf for points predicted as background")
    return errors
