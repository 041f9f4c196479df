"""Derived pictures, made on demand and kept in storage: crops for annotators, thumbnails for lists.

A derived picture carries no name, EXIF or other trace of its original.
"""

import contextlib
import io
from typing import Final

import numpy as np
from django.core.files.storage import default_storage
from PIL import Image as Pillow

from annotator.errors import NotFoundError
from annotator.models import Image
from annotator.storage import open_stored, store_bytes
from labels.boxes import Crop

JPEG_QUALITY: Final = 90
THUMBNAIL_PX: Final = 320
SURROUNDINGS_PX: Final = 800
SURROUNDINGS_QUALITY: Final = 70
# Folders of what is made of a photograph, each file under the photograph's hash; superpixels.py writes the last.
_DERIVED: Final = ("crops", "surroundings", "thumbnails", "superpixels")
# Shown around a crop: this share of its longer side, each way.
SURROUNDINGS_MARGIN: Final = 0.75
# What shows through transparent pixels.
_GROUND: Final = (128, 128, 128)


def stored_crop(*, image: Image, crop: Crop) -> str:
    """Return the storage name of the crop as a JPEG of exactly its size, made at the first call."""
    name = f"crops/{image.sha256[:2]}/{image.sha256}-{crop.x}-{crop.y}-{crop.width}-{crop.height}.jpg"
    if not default_storage.exists(name):
        box = (crop.x, crop.y, crop.x + crop.width, crop.y + crop.height)
        store_bytes(name, _jpeg(open_picture(image).crop(box)))
    return name


def surroundings_of(image: Image, crop: Crop) -> Crop:
    """Return what an annotator sees around a crop, veiled: it depends on the crop alone, as the crop itself does."""
    margin = round(SURROUNDINGS_MARGIN * max(crop.width, crop.height))
    left, top = max(0, crop.x - margin), max(0, crop.y - margin)
    right = min(image.width, crop.x + crop.width + margin)
    bottom = min(image.height, crop.y + crop.height + margin)
    return Crop(left, top, right - left, bottom - top)


def stored_surroundings(*, image: Image, crop: Crop) -> str:
    """Return the storage name of a small JPEG of a crop and what lies around it, of at most 800 pixels a side."""
    wide = surroundings_of(image, crop)
    part = f"{wide.x}-{wide.y}-{wide.width}-{wide.height}"
    name = f"surroundings/{image.sha256[:2]}/{image.sha256}-{part}.jpg"
    if not default_storage.exists(name):
        picture = open_picture(image).crop((wide.x, wide.y, wide.x + wide.width, wide.y + wide.height))
        picture.thumbnail((SURROUNDINGS_PX, SURROUNDINGS_PX))
        store_bytes(name, _jpeg(picture, SURROUNDINGS_QUALITY))
    return name


def stored_thumbnail(*, image: Image, crop: Crop | None = None) -> str:
    """Return the storage name of a JPEG of at most 320 pixels a side, of the image or of a crop of it."""
    part = f"-{crop.x}-{crop.y}-{crop.width}-{crop.height}" if crop else ""
    name = f"thumbnails/{image.sha256[:2]}/{image.sha256}{part}.jpg"
    if not default_storage.exists(name):
        picture = open_picture(image)
        if crop:
            picture = picture.crop((crop.x, crop.y, crop.x + crop.width, crop.y + crop.height))
        picture.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
        store_bytes(name, _jpeg(picture))
    return name


def delete_derived(sha256: str) -> None:
    """Delete everything that was made of the photograph of this hash."""
    for folder in (f"{kind}/{sha256[:2]}" for kind in _DERIVED):
        # An object store has no folders to be missing.
        with contextlib.suppress(FileNotFoundError):
            for name in default_storage.listdir(folder)[1]:
                if name.startswith(sha256):
                    default_storage.delete(f"{folder}/{name}")


def open_picture(image: Image) -> Pillow.Image:
    """Return an image's pixels as RGB.

    Raises:
        NotFoundError: `file_missing`, or the file cannot be read any more.
    """
    try:
        with open_stored(str(image.file.name)) as source:
            return flattened(Pillow.open(source))
    except OSError as error:
        raise NotFoundError(f"The file of image {image.pk} is missing or damaged.", code="file_missing") from error


def flattened(picture: Pillow.Image) -> Pillow.Image:
    """Return a picture as RGB, transparent pixels over grey, 16-bit greys scaled to 8."""
    if picture.mode.startswith("I"):
        picture = Pillow.fromarray((np.asarray(picture) >> 8).clip(0, 255).astype(np.uint8))
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        ground = Pillow.new("RGBA", picture.size, (*_GROUND, 255))
        return Pillow.alpha_composite(ground, picture.convert("RGBA")).convert("RGB")
    return picture.convert("RGB")


def _jpeg(picture: Pillow.Image, quality: int = JPEG_QUALITY) -> bytes:
    sink = io.BytesIO()
    picture.save(sink, "JPEG", quality=quality, optimize=False)
    return sink.getvalue()
