"""Where an answer to parts differs from the truth: a transparent picture that lies over the photograph."""

import io
from typing import Final

import numpy as np
from PIL import Image

from labels.label_maps import LabelMap

# Missed, painted beside the body, another part. Told apart by hue and by lightness, on dark and light photographs.
COLOURS: Final = {"missed": (255, 176, 32), "beside": (40, 150, 255), "other": (216, 30, 91)}
_OPACITY: Final = 160


def differences(answer: LabelMap, truth: LabelMap) -> dict[str, np.ndarray[tuple[int, int], np.dtype[np.bool_]]]:
    """Return where (H, W) something was missed, painted beside the body, or painted as another part than it is."""
    return {
        "missed": (answer == 0) & (truth > 0),
        "beside": (answer > 0) & (truth == 0),
        "other": (answer > 0) & (truth > 0) & (answer != truth),
    }


def paint_differences(answer: LabelMap, truth: LabelMap) -> bytes:
    """Return a PNG of the crop's size: transparent where the answer is true, else in the colour of what is wrong."""
    pixels = np.zeros((*truth.shape, 4), np.uint8)
    for name, where in differences(answer, truth).items():
        pixels[where] = (*COLOURS[name], _OPACITY)
    sink = io.BytesIO()
    Image.fromarray(pixels).save(sink, "PNG", compress_level=6)
    return sink.getvalue()
