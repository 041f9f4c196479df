"""One label map out of several answers: by weighted vote, or by reliabilities that are estimated from the answers.

Answers say the same for most pixels, so reliabilities are estimated on patterns: the distinct combinations of labels, a
few hundred a person, each with the number of its pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from body.parts import N_PARTS
from labels.errors import LabelError
from labels.label_maps import BACKGROUND, LabelMap

Float64 = NDArray[np.float64]

N_LABELS: Final = N_PARTS + 1
# Where a vote is tied, what this many pixels around say decides.
_AROUND_PX: Final = 5
_ROUNDS: Final = 100
_CONVERGED: Final = 1e-6
# One pixel that nobody had right, and a limit: without errors an answer would be certain, and its logarithm infinite.
_DOUBT: Final = 1.0
_MOST_RELIABLE: Final = 0.999


@dataclass(frozen=True, slots=True)
class MergedMap:
    """A label map made of several.

    `uncertainty` (H, W) float32 is 0 where all weight says the same and goes towards 1; `disputed` (H, W) is true where
    no more than half of the answers say what stands, whatever they weigh; `reliability` (A,) is the probability that an
    answer is right at a pixel, nan where it was not estimated.
    """

    label_map: LabelMap
    uncertainty: NDArray[np.float32]
    disputed: NDArray[np.bool_]
    reliability: Float64

    @property
    def disagreement(self) -> float:
        """Return the share of the person's pixels that are disputed, 0..1: disputed over painted or disputed."""
        person = (self.label_map != BACKGROUND) | self.disputed
        return float(self.disputed.sum() / max(1, person.sum()))


def vote(maps: Sequence[LabelMap], weights: Sequence[float] | Float64 | None = None) -> MergedMap:
    """Merge label maps (A of one shape) by weighted vote.

    A tie goes to the label with the most weight in the 5 x 5 pixels around, then to the label of the answer with the
    most weight, then to that of the first.

    Raises:
        LabelError: no map, different shapes, or weights that are not A positive numbers.
    """
    stack, share = _checked(maps, weights)
    votes = np.zeros((N_LABELS, *stack.shape[1:]), np.float32)
    for label_map, weight in zip(stack, share, strict=True):
        np.put_along_axis(votes, label_map[None], np.take_along_axis(votes, label_map[None], 0) + np.float32(weight), 0)
    best = votes.max(0)
    label_map = votes.argmax(0).astype(np.uint8)
    tied = (votes >= best - 1e-6).sum(0) > 1
    if tied.any():
        label_map[tied] = _broken(stack, share, votes, best, tied)
    uncertainty = (1 - best).clip(0, 1).astype(np.float32)
    return MergedMap(label_map, uncertainty, _disputed(stack, label_map), np.full(len(stack), np.nan))


def _disputed(stack: LabelMap, label_map: LabelMap) -> NDArray[np.bool_]:
    """Return where a majority of heads does not say what stands: one weighty answer settles no dispute alone."""
    disputed: NDArray[np.bool_] = 2 * (stack == label_map).sum(0) <= len(stack)
    return disputed


def _broken(
    stack: LabelMap, share: Float64, votes: NDArray[np.float32], best: NDArray[np.float32], tied: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """Return the label of each tied pixel."""
    ahead = votes[:, tied] >= best[tied] - 1e-6
    around = np.stack([uniform_filter(label_votes, _AROUND_PX, mode="nearest")[tied] for label_votes in votes])
    # An answer's own weight, less with its position, only tells apart what the surroundings leave equal.
    order = np.zeros_like(around)
    for rank, index in enumerate(np.argsort(-share, kind="stable")[::-1]):
        np.put_along_axis(order, stack[index][tied][None], np.float32(1e-4 * (rank + 1)), 0)
    chosen: NDArray[np.uint8] = np.where(ahead, np.round(around, 4) + order, -1).argmax(0).astype(np.uint8)
    return chosen


def staple(maps: Sequence[LabelMap]) -> MergedMap:
    """Merge label maps (A >= 3 of one shape) with the reliability of each answer estimated together with the truth.

    Expectation maximisation after Warfield, Zou, Wells (STAPLE, IEEE TMI 2004), with several labels and one number an
    answer: the probability of saying what is true. A whole confusion matrix an answer, as they have for two labels,
    cannot be learnt from the few pixels of a hand. Pixels that everyone left to the background are left out.

    Raises:
        LabelError: fewer than three maps (two answers cannot tell who is right), or different shapes.
    """
    stack, share = _checked(maps, None)
    if len(stack) < 3:
        raise LabelError(f"reliabilities are estimated from three answers or more, got {len(stack)}")
    patterns, pattern_of_pixel, n_pixels = np.unique(
        stack.reshape(len(stack), -1), axis=1, return_inverse=True, return_counts=True
    )
    is_ground = (patterns == BACKGROUND).all(0)
    truth, reliability = _expected_truth(patterns, np.where(is_ground, 0.0, n_pixels), share)
    truth[:, is_ground] = np.eye(N_LABELS)[:, [BACKGROUND]]
    pattern_of_pixel = pattern_of_pixel.ravel()
    shape = stack.shape[1:]
    label_map: LabelMap = truth.argmax(0).astype(np.uint8)[pattern_of_pixel].reshape(shape)
    best = truth.max(0)[pattern_of_pixel].reshape(shape)
    return MergedMap(label_map, (1 - best).clip(0, 1).astype(np.float32), _disputed(stack, label_map), reliability)


def _expected_truth(patterns: LabelMap, counts: Float64, share: Float64) -> tuple[Float64, Float64]:
    """Return (L, P) the probability of each true label by pattern, and (A,) the reliability of each answer."""
    n_answers, n_patterns = patterns.shape
    rows = np.arange(n_patterns)
    n_said = max(2, len(np.unique(patterns)))
    truth = np.zeros((N_LABELS, n_patterns))
    for answer in range(n_answers):
        truth[patterns[answer], rows] += share[answer]
    total = float(counts.sum()) + _DOUBT
    reliability = np.zeros(n_answers)
    for _round in range(_ROUNDS):
        weighted = truth * counts
        prior = weighted.sum(1)
        log_truth = np.log(np.maximum(prior / total, 1e-12))[:, None] + np.zeros((1, n_patterns))
        for answer in range(n_answers):
            right = min(weighted[patterns[answer], rows].sum() / total, _MOST_RELIABLE)
            log_truth += np.log((1 - right) / (n_said - 1))
            log_truth[patterns[answer], rows] += np.log(right * (n_said - 1) / (1 - right))
            reliability[answer] = right
        likely = np.exp(log_truth - log_truth.max(0))
        likely /= likely.sum(0)
        change = float(np.abs(likely - truth)[:, counts > 0].max(initial=0.0))
        truth = likely
        if change < _CONVERGED:
            break
    return truth, reliability


def _checked(maps: Sequence[LabelMap], weights: Sequence[float] | Float64 | None) -> tuple[LabelMap, Float64]:
    """Return the maps as (A, H, W) and the weights (A,) so that they sum to 1."""
    if len(maps) == 0:
        raise LabelError("at least one label map is needed to merge")
    shapes = {label_map.shape for label_map in maps}
    if len(shapes) > 1:
        raise LabelError(f"label maps to merge must have one shape, got {', '.join(map(str, sorted(shapes)))}")
    share = np.ones(len(maps)) if weights is None else np.asarray(weights, dtype=np.float64)
    if share.shape != (len(maps),) or not (np.isfinite(share) & (share > 0)).all():
        raise LabelError(f"weights must be {len(maps)} positive numbers, got {share.tolist()}")
    return np.stack(maps), share / share.sum()
