"""COCO run-length encoding: column-major runs, starting with the run of zeros, packed into an ASCII string.

The string holds each run as the difference to the run before the last (from the fourth run on), five bits a character,
lowest first, bit 5 for "more follows", offset by 48. The decoder here checks everything: the usual C decoder trusts
its input.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from labels.errors import LabelError

_OFFSET: Final = 48
_MORE: Final = 0x20
_SIGN: Final = 0x10
_MAX_CHARACTERS: Final = 7  # 35 bits: enough for a difference of two 32-bit runs
_MAX_OUTLINE_PX: Final = 2_000_000  # length of all outlines together; the C rasteriser takes memory in proportion


class Rle(TypedDict):
    """A compressed COCO mask: `counts` the packed runs, `size` [height, width]."""

    counts: str
    size: list[int]


def encode_mask(mask: ArrayLike) -> Rle:
    """Return the compressed RLE of a mask (H, W); any non-zero value is inside.

    Raises:
        LabelError: not two-dimensional.
    """
    inside = np.asarray(mask).astype(bool)
    if inside.ndim != 2:
        raise LabelError(f"a mask must be (H, W), got {inside.shape}")
    return {"counts": pack_runs(runs_of(inside)), "size": [int(side) for side in inside.shape]}


def decode_mask(segmentation: Mapping[str, Any] | list[Any], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the mask (H, W) of any COCO `segmentation`.

    Args:
        segmentation: compressed RLE, uncompressed RLE (`counts` a list of runs), or polygons [[x, y, x, y, ...], ...].
        size: (height, width) that the mask must have.

    Raises:
        LabelError: another size, runs that do not fill it, or a malformed string, list or polygon.
    """
    if isinstance(segmentation, list):
        return _rasterise(segmentation, size)
    return mask_of_runs(check_rle(segmentation, size), size)


def check_rle(rle: Mapping[str, Any], size: tuple[int, int]) -> NDArray[np.int64]:
    """Return the runs of a compressed or uncompressed RLE, checked to fill `size` (height, width) exactly.

    Raises:
        LabelError: what is wrong with it.
    """
    return check_rles([rle], size)[0]


def check_rles(rles: Sequence[Mapping[str, Any]], size: tuple[int, int]) -> list[NDArray[np.int64]]:
    """Return the runs of each RLE, as `check_rle`: many together take little longer than one.

    Raises:
        LabelError: what is wrong with one of them.
    """
    for rle in rles:
        if not isinstance(rle, Mapping) or "counts" not in rle or "size" not in rle:
            raise LabelError(f"an RLE must be an object with counts and size, got {_short(rle)}")
        if not _is_size(rle["size"]) or tuple(rle["size"]) != tuple(size):
            raise LabelError(f"RLE size must be [{size[0]}, {size[1]}] (height, width), got {_short(rle['size'])}")
    packed = iter(unpack_all([rle["counts"] for rle in rles if isinstance(rle["counts"], str | bytes)]))
    found = []
    for counts in (rle["counts"] for rle in rles):
        runs = next(packed) if isinstance(counts, str | bytes) else _listed_runs(counts)
        if (total := int(runs.sum())) != size[0] * size[1]:
            raise LabelError(f"RLE counts cover {total} pixels, its size {size[0]} x {size[1]} = {size[0] * size[1]}")
        found.append(runs)
    return found


def runs_of(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the column-major run lengths of a mask, starting with the run of zeros (which may be 0)."""
    flat = mask.ravel(order="F")
    starts = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs = np.diff(starts, prepend=0, append=flat.size)
    return np.concatenate([[0], runs]) if flat.size and flat[0] else runs


def mask_of_runs(runs: NDArray[np.int64], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the mask (H, W) of column-major runs that fill it."""
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape(size, order="F")


def pack_runs(runs: NDArray[np.int64]) -> str:
    """Return run lengths as the format's ASCII string."""
    rest = runs.astype(np.int64)
    rest[3:] -= runs[1:-2]
    characters = np.zeros((len(rest), _MAX_CHARACTERS), dtype=np.uint8)
    used = np.zeros(characters.shape, dtype=bool)
    more = np.ones(len(rest), dtype=bool)
    for place in range(_MAX_CHARACTERS):
        used[:, place] = more
        bits = rest & 0x1F
        rest >>= 5
        # The last character's sign bit stands for all higher bits.
        more &= np.where(bits & _SIGN, rest != -1, rest != 0)
        characters[:, place] = bits + _OFFSET + _MORE * more
    return characters[used].tobytes().decode("ascii")


def unpack_runs(counts: str | bytes) -> NDArray[np.int64]:
    """Return the run lengths of the format's ASCII string.

    Raises:
        LabelError: a character outside the code, a string that ends inside a number, or a negative run.
    """
    return unpack_all([counts])[0]


def unpack_all(strings: Sequence[str | bytes]) -> list[NDArray[np.int64]]:
    """Return the run lengths of each of the format's ASCII strings.

    Raises:
        LabelError: as `unpack_runs`, of one of them.
    """
    raw = [_ascii(counts) for counts in strings]
    if not raw:
        return []
    if not all(raw):
        raise LabelError("RLE counts are empty: write [] for a part that is not visible")
    whole = b"".join(raw)
    string_ends = np.cumsum([len(counts) for counts in raw])
    digits = np.frombuffer(whole, dtype=np.uint8).astype(np.int64) - _OFFSET
    if (bad := np.flatnonzero((digits < 0) | (digits > 63))).size:
        at = int(bad[0])
        in_string = at - int(np.concatenate([[0], string_ends])[np.searchsorted(string_ends, at, side="right")])
        raise LabelError(f"RLE counts hold {chr(whole[at])!r} at {in_string}, which is not in its code")
    is_last = (digits & _MORE) == 0
    if not is_last[string_ends - 1].all():
        raise LabelError("RLE counts are truncated: they end inside a number")
    ends = np.flatnonzero(is_last)
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    if int(lengths.max()) > _MAX_CHARACTERS:
        raise LabelError(f"RLE counts hold a number of {int(lengths.max())} characters, {_MAX_CHARACTERS} at most")
    places = np.arange(digits.size) - np.repeat(starts, lengths)
    values = np.add.reduceat((digits & 0x1F) << (5 * places), starts)
    values -= np.where(digits[ends] & _SIGN, np.int64(1) << (5 * lengths), 0)
    found = np.split(values, np.searchsorted(ends, string_ends[:-1]))
    for runs in found:
        # From the fourth on, a number is the difference to the run before the last: two interleaved running sums.
        np.cumsum(runs[1::2], out=runs[1::2])
        np.cumsum(runs[2::2], out=runs[2::2])
    if (values < 0).any():
        raise LabelError("RLE counts hold a run of negative length: the string is damaged")
    return found


def _ascii(counts: str | bytes) -> bytes:
    try:
        return counts.encode("ascii") if isinstance(counts, str) else counts
    except UnicodeEncodeError as error:
        raise LabelError(f"RLE counts hold {counts[error.start]!r}, which is not in its code") from error


def _listed_runs(counts: object) -> NDArray[np.int64]:
    if not isinstance(counts, list) or not all(isinstance(run, int) and 0 <= run < 2**32 for run in counts):
        raise LabelError(f"RLE counts must be a string or a list of whole numbers, got {_short(counts)}")
    return np.array(counts, dtype=np.int64)


def check_polygon(polygon: object) -> NDArray[np.float64]:
    """Return a COCO polygon [x, y, x, y, ...] as (2N,) float64.

    Raises:
        LabelError: fewer than three points, an odd number of values, or values that are not finite numbers.
    """
    try:
        outline = np.asarray(polygon, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise LabelError(f"a polygon must be a list of numbers, got {_short(polygon)}") from error
    if outline.ndim != 1 or outline.size < 6 or outline.size % 2 or not np.isfinite(outline).all():
        raise LabelError(f"a polygon needs three or more finite x, y pairs in one flat list, got {_short(polygon)}")
    return outline


def _rasterise(polygons: list[Any], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Fill polygons as COCO does. Coordinates far outside are refused: the C rasteriser's memory grows with them."""
    from pycocotools import mask as coco_mask

    height, width = size
    outlines = [check_polygon(polygon) for polygon in polygons]
    if not outlines:
        return np.zeros(size, dtype=bool)
    length_px = 0.0
    for index, outline in enumerate(outlines):
        points = np.clip(outline.reshape(-1, 2), 0, (width, height))
        length_px += float(np.abs(np.diff(points, axis=0, append=points[:1])).max(axis=1).sum())
        outlines[index] = points.ravel()
    if length_px > _MAX_OUTLINE_PX:
        raise LabelError(f"polygons have an outline of {length_px:.0f} pixels, more than {_MAX_OUTLINE_PX}")
    encoded = coco_mask.merge(coco_mask.frPyObjects([outline.tolist() for outline in outlines], height, width))
    filled: NDArray[np.bool_] = coco_mask.decode(encoded).astype(bool)
    return filled


def _is_size(value: object) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(isinstance(side, int) and not isinstance(side, bool) and side > 0 for side in value)
    )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
