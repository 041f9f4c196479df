"""Taking in photographs: judged by content, never by name; stored under their hash; refused with words that help."""

import hashlib
import io
import struct
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any, Final

from django.conf import settings
from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.db.models import Q
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from annotator.errors import InvalidInputError, TooLargeError
from annotator.models import Consensus, Image, Lease, Project, Split, Submission, Task, User
from annotator.selectors.scope import real_images
from annotator.services.events import record_event
from annotator.services.pictures import delete_derived
from annotator.storage import store_bytes

_TYPES: Final = {"JPEG": ("image/jpeg", ".jpg"), "PNG": ("image/png", ".png"), "WEBP": ("image/webp", ".webp")}
_WRITING: Final[dict[str, dict[str, Any]]] = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}}
_ORIENTATION: Final = 0x0112
_UPDATED_AT_ONCE: Final = 5000
_READ_ERRORS: Final = (OSError, SyntaxError, ValueError, struct.error, EOFError, IndexError, KeyError, OverflowError)


@dataclass(frozen=True, slots=True)
class CheckedPicture:
    """The bytes of a picture that can be shown, upright, and what they are."""

    content: bytes
    content_type: str
    suffix: str
    width: int
    height: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def add_image(
    *,
    project: Project,
    file_name: str,
    content: "IO[bytes] | File[bytes] | bytes",
    by: User | None = None,
    split: str = Split.TRAIN,
    group: str = "",
    source_id: int | None = None,
    source: dict[str, Any] | None = None,
    expected_size: tuple[int, int] | None = None,
) -> tuple[Image, bool]:
    """Check and store a photograph; the same file under the same name is taken once.

    Args:
        content: the file or its bytes.
        split: train or val; a known group's split is used instead, so that a sequence stays together.
        source_id, source: id and record of the COCO file it came from.
        expected_size: (width, height) by that record: pixels are then taken as they lie, without turning.

    Returns:
        The image, and whether it is new.

    Raises:
        InvalidInputError, TooLargeError: why the file cannot be taken.
    """
    picture = check_picture(content, expected_size=expected_size)
    name = clean_file_name(file_name)
    if split not in Split.values:
        raise InvalidInputError(f"split must be train or val, got {split!r}.", fields={"split": ["Choose a split."]})
    digest = picture.sha256
    known = Image.objects.filter(project=project, file_name=name, sha256=digest).first()
    if known is not None:
        return known, False
    if group:
        split = Image.objects.filter(project=project, group=group).values_list("split", flat=True).first() or split
    stored = store_bytes(f"images/{project.pk}/{digest[:2]}/{digest}{picture.suffix}", picture.content)
    image = Image(
        project=project,
        file_name=name,
        sha256=digest,
        file=stored,
        content_type=picture.content_type,
        width=picture.width,
        height=picture.height,
        split=split,
        group=group[:120],
        source_id=source_id,
        source=source or {},
    )
    try:
        with transaction.atomic():
            image.save(force_insert=True)
            record_event(verb="added", target=image, project=project, actor=by, after={"file_name": name})
    except IntegrityError:
        # Somebody else has just added it, or given its id to another picture.
        if (known := Image.objects.filter(project=project, file_name=name, sha256=digest).first()) is None:
            raise
        return known, False
    return image, True


def check_picture(
    source: "IO[bytes] | File[bytes] | bytes", *, expected_size: tuple[int, int] | None = None
) -> CheckedPicture:
    """Return a picture that is whole, still, within the limits and upright.

    Raises:
        TooLargeError: too many bytes or pixels.
        InvalidInputError: no JPEG, PNG or WebP; truncated, damaged or animated; not of the expected size.
    """
    limit = settings.MAX_IMAGE_BYTES
    content = source if isinstance(source, bytes) else source.read(limit + 1)
    if len(content) > limit:
        raise TooLargeError(f"The file has more than {limit >> 20} MB.")
    if not content:
        raise InvalidInputError("The file is empty.")
    with _readable(), Pillow.open(io.BytesIO(content), formats=tuple(_TYPES)) as picture:
        _check_size(picture, expected_size)
        picture.load()
        kind = _kind_of(picture)
        orientation = picture.getexif().get(_ORIENTATION, 1)
        if orientation not in {None, 0, 1}:
            upright = ImageOps.exif_transpose(picture) if expected_size is None else picture
            content = _without_orientation(upright, kind)
            return CheckedPicture(content, *_TYPES[kind], *upright.size)
        return CheckedPicture(content, *_TYPES[kind], *picture.size)


def _kind_of(picture: Pillow.Image) -> str:
    # Phones put a preview or a gain map behind the photograph; Pillow then calls the JPEG a "multi-picture object".
    return "JPEG" if picture.format == "MPO" else str(picture.format)


def _check_size(picture: Pillow.Image, expected_size: tuple[int, int] | None) -> None:
    width, height = picture.size
    if width * height > settings.MAX_IMAGE_PIXELS:
        raise TooLargeError(
            f"The picture has {width} x {height} pixels, more than {settings.MAX_IMAGE_PIXELS // 1_000_000} million."
        )
    if _kind_of(picture) != "JPEG" and getattr(picture, "n_frames", 1) > 1:
        raise InvalidInputError("The picture is animated: upload its frames as single pictures.", code="animated")
    if expected_size is not None and picture.size != expected_size:
        raise InvalidInputError(
            f"The picture has {width} x {height} pixels, its record says {expected_size[0]} x {expected_size[1]}.",
            code="size_differs",
        )


@contextmanager
def _readable() -> Iterator[None]:
    """Turn what a decoder may raise on a strange file into words."""
    try:
        yield
    except Pillow.DecompressionBombError as error:
        raise TooLargeError("The picture unpacks to too many pixels.") from error
    except UnidentifiedImageError as error:
        raise InvalidInputError("The file is no JPEG, PNG or WebP picture.", code="not_a_picture") from error
    except _READ_ERRORS as error:
        raise InvalidInputError(f"The picture is truncated or damaged ({error}).", code="damaged") from error


def _without_orientation(upright: Pillow.Image, kind: str) -> bytes:
    """Write a picture again as its pixels lie, without the mark that makes viewers turn it."""
    sink = io.BytesIO()
    exif = upright.getexif()
    exif.pop(_ORIENTATION, None)
    profile = upright.info.get("icc_profile")
    upright.save(sink, kind, exif=exif, **({"icc_profile": profile} if profile else {}), **_WRITING.get(kind, {}))
    return sink.getvalue()


def clean_file_name(name: str) -> str:
    """Return the last part of a name as a label for people: no folders, no control characters, 255 at most."""
    last = PurePosixPath(name.replace("\\", "/")).name
    printable = "".join(char for char in last if unicodedata.category(char)[0] != "C").strip()
    return printable[-255:] or "unnamed"


@transaction.atomic
def hold_out(*, project: Project, share: float) -> int:
    """Put a share of a project's images into the val split; returns how many moved.

    Drawn by a hash of the group, or of the picture where it has none: a sequence stays together, the same call again
    moves nothing, and images that came since are drawn alike. Images that are held out stay so.

    Raises:
        InvalidInputError: the share is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise InvalidInputError(f"the share must lie between 0 and 1, got {share:g}.")
    rows = real_images(Image.objects.filter(project=project, split=Split.TRAIN)).values_list("pk", "group", "sha256")
    moved = [pk for pk, group, digest in rows.iterator() if _place_in_draw(group or digest) < share]
    for first in range(0, len(moved), _UPDATED_AT_ONCE):
        Image.objects.filter(pk__in=moved[first : first + _UPDATED_AT_ONCE]).update(split=Split.VAL)
    if moved:
        record_event(verb="held out", target=project, project=project, after={"images": len(moved), "share": share})
    return len(moved)


def _place_in_draw(key: str) -> float:
    """A number in [0, 1), the same for a key in every process."""
    return int(hashlib.sha256(key.encode()).hexdigest()[:12], 16) / 16**12


@transaction.atomic
def delete_image(*, image: Image, by: User) -> None:
    """Delete an image that nobody has worked on, with its file and the pictures made of it where no other row has them.

    Raises:
        InvalidInputError: someone has answered for a person in it or is at work on one, or answers came with an import.
    """
    # Held, so that nobody takes one of its people meanwhile.
    list(Task.objects.select_for_update().filter(person__image=image).order_by("pk"))
    at_work = Q(state=Lease.State.LIVE) | Q(draft__isnull=False) & ~Q(state=Lease.State.SKIPPED)
    if (
        Submission.objects.filter(task__person__image=image).exists()
        or Consensus.objects.filter(person__image=image).exists()
        or Lease.objects.filter(at_work, task__person__image=image).exists()
    ):
        raise InvalidInputError(
            "People in this image are annotated already, or being annotated: mark them as ignored instead."
        )
    record_event(
        verb="deleted", target=image, project=image.project_id, actor=by, before={"file_name": image.file_name}
    )
    name, digest, storage = str(image.file.name), image.sha256, image.file.storage
    image.delete()
    if not Image.objects.filter(file=name).exists():
        transaction.on_commit(lambda: storage.delete(name))
    if not Image.objects.filter(sha256=digest).exists():
        transaction.on_commit(lambda: delete_derived(digest))
