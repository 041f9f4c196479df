"""Where a person is known to be, by the outline that came with the image."""

import numpy as np
from numpy.typing import NDArray

from annotator.models import Person
from labels.boxes import Crop
from labels.errors import LabelError
from labels.rle import decode_mask


def outline_in(person: Person, crop: Crop) -> NDArray[np.uint8] | None:
    """Return the person's outline in a crop, (height, width) of 0 and 1; None where none is known, or it is damaged."""
    if not person.mask:
        return None
    try:
        inside = decode_mask(person.mask, (person.image.height, person.image.width))
    except LabelError:
        # Imported outlines may be damaged; the person can be annotated all the same.
        return None
    return crop.cut(inside).astype(np.uint8)
