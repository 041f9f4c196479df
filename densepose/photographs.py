"""Photographs as files: where they lie, whether they are there, their pixels. Training and evaluation read alike."""

from collections.abc import Collection
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

Rgb = npt.NDArray[np.uint8]


def image_path(folder: Path, file_name: str) -> Path:
    """Return where an annotation file's image lies: below a folder, in the subfolders that its name says.

    Raises:
        ValueError: the name leads out of the folder.
    """
    name = PurePosixPath(file_name)
    if name.is_absolute() or ".." in name.parts or "\0" in file_name or not name.name:
        raise ValueError(f"the image {file_name[:100]!r} must lie inside of {folder}")
    return folder / name


def check_files(paths: Collection[Path]) -> None:
    """Look whether images are there, before hours are spent on the others.

    Raises:
        FileNotFoundError: some are not; the message names the first.
    """
    if missing := [path for path in paths if not path.is_file()]:
        raise FileNotFoundError(f"{len(missing)} of {len(paths)} images are missing; the first is {missing[0]}")


def read_photograph(path: Path, size: tuple[int, int] | None = None) -> Rgb:
    """Return a photograph, (H, W, 3) RGB.

    Args:
        path: of the file.
        size: (height, width) that its record says. Annotations may have been made on the picture as a viewer turns it
            by its EXIF, or on the pixels as they are stored: the way that has this size is taken, the turned one first.

    Raises:
        OSError: it is missing, or no picture that can be read.
        ValueError: it has another size.
    """
    try:
        with Image.open(path) as stored:
            upright = ImageOps.exif_transpose(stored)
            for picture in (upright, stored):
                if size is None or picture.size == size[::-1]:
                    return np.array(picture.convert("RGB"))
    except FileNotFoundError:
        raise
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
        raise OSError(f"{path} is no picture that can be read: {error}") from error
    height, width = upright.size[::-1]
    raise ValueError(f"{path} is {height} high and {width} wide, its record says {size}")
