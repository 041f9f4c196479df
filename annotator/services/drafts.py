"""Drafts: the state of unfinished work, saved within a second of each change, with revisions.

A write names the revision it was made from. A stale one is refused and kept beside the current one. An answer that was
submitted can become a draft again, and a draft moves to a new lease when its crop or its points changed meanwhile.
"""

import base64
import binascii
import json
import math
import uuid
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator.errors import ConflictError, GoneError, InvalidInputError, TooLargeError
from annotator.models import Lease, PointStatus, Stage, StaleDraft, Submission, User
from annotator.services.leases import check_live, counted_ms, expiry_of, own_lease
from body.parts import N_PARTS
from labels.boxes import Crop
from labels.errors import LabelError
from labels.label_maps import LabelMap, pack, parts_present, recrop, unpack

MAX_DRAFT_BYTES: Final = 8 << 20
_KEPT_STALE_DRAFTS: Final = 5
_PART_KEYS: Final = frozenset(str(part) for part in range(1, N_PARTS + 1))
_DECISIONS: Final = frozenset({"done", "not_visible", "touched"})
STATUS_OF_WORD: Final = {
    "placed": PointStatus.PLACED,
    "cannot_tell": PointStatus.CANNOT_TELL,
    "not_this_part": PointStatus.NOT_THIS_PART,
}
_WORD_OF_STATUS: Final = {int(status): word for word, status in STATUS_OF_WORD.items()}


def save_draft(*, user: User, lease_id: uuid.UUID, revision: int, active_ms: int, draft: dict[str, Any]) -> Lease:
    """Store a draft made from the given revision.

    A repetition of the last write is answered like the first. When the lease is over but the revision fits, the
    draft is stored before the error is raised.

    Raises:
        ConflictError: `draft_stale` with the current draft; the stale one is kept as well.
        GoneError: `lease_over`.
        InvalidInputError, TooLargeError: the draft is malformed.
    """
    with transaction.atomic():
        lease = own_lease(user=user, lease_id=lease_id, lock=True)
        check_draft(Stage(lease.task.stage), draft)
        if lease.state in {Lease.State.SUBMITTED, Lease.State.RETAKEN}:
            check_live(lease)
        is_repeated = revision == lease.revision - 1 and draft == lease.draft
        is_stale = revision != lease.revision and not is_repeated
        if is_stale:
            _keep_stale(lease, revision, draft)
        else:
            _store(lease, active_ms, draft, is_new=not is_repeated)
    if is_stale:
        raise ConflictError(
            _("This task was saved elsewhere meanwhile, perhaps in another tab. Nothing was overwritten."),
            code="draft_stale",
            data={"current": {"revision": lease.revision, "saved_at": lease.draft_saved_at, "draft": lease.draft}},
        )
    try:
        check_live(lease)
    except GoneError as error:
        # Kept all the same: who goes on writing builds on it.
        error.data["revision"] = lease.revision
        raise
    return lease


def _store(lease: Lease, active_ms: int, draft: dict[str, Any], *, is_new: bool) -> None:
    lease.active_ms = counted_ms(active_ms, lease.active_ms)
    changed = ["active_ms"]
    if is_new:
        lease.revision += 1
        lease.draft = draft
        lease.draft_saved_at = timezone.now()
        changed += ["revision", "draft", "draft_saved_at"]
    if lease.state == Lease.State.LIVE:
        lease.expires_at = expiry_of(lease.task.project)
        changed.append("expires_at")
    lease.save(update_fields=changed)


def _keep_stale(lease: Lease, revision: int, draft: dict[str, Any]) -> None:
    newest = lease.stale_drafts.first()
    if newest is not None and newest.draft == draft:
        return
    StaleDraft.objects.create(lease=lease, revision=max(revision, 0), draft=draft)
    kept = lease.stale_drafts.values_list("pk", flat=True)[:_KEPT_STALE_DRAFTS]
    lease.stale_drafts.exclude(pk__in=list(kept)).delete()


def check_draft(stage: Stage, draft: Any) -> None:
    """Check a draft's form; what is missing is checked when it is submitted.

    Raises:
        InvalidInputError, TooLargeError: what is wrong with which field.
    """
    if not isinstance(draft, dict):
        raise _invalid("draft", f"draft must be an object, got {type(draft).__name__}")
    if stage is Stage.PARTS:
        for field in ("label_map", "hints"):
            text = draft.get(field)
            if text is not None and not isinstance(text, str):
                raise _invalid(field, f"{field} must be base64 text or null, got {type(text).__name__}")
            if text and len(text) > MAX_DRAFT_BYTES:
                raise TooLargeError(f"{field} has {len(text)} characters, at most {MAX_DRAFT_BYTES} are taken.")
        check_decided(draft.get("decided") or {})
    else:
        answers = draft.get("answers")
        if not isinstance(answers, dict):
            raise _invalid("answers", f"answers must be an object by point key, got {type(answers).__name__}")
        for key, answer in answers.items():
            check_point_answer(key, answer)
    rest = {key: value for key, value in draft.items() if key not in {"label_map", "hints"}}
    if len(json.dumps(rest)) > MAX_DRAFT_BYTES // 8:
        raise TooLargeError("The draft is too large.")


def check_decided(decided: Any) -> dict[int, str]:
    """Return the decisions by part number.

    Raises:
        InvalidInputError: no such part or decision.
    """
    if not isinstance(decided, dict):
        raise _invalid("decided", f"decided must be an object by part number, got {type(decided).__name__}")
    for key, word in decided.items():
        if key not in _PART_KEYS:
            raise _invalid("decided", f"decided names part {key!r}; parts are 1..{N_PARTS}")
        if not isinstance(word, str) or word not in _DECISIONS:
            raise _invalid("decided", f"decided says {word!r} of part {key}; say done, not_visible or touched")
    return {int(key): word for key, word in decided.items()}


def check_point_answer(key: Any, answer: Any) -> None:
    """Check one point's answer.

    Raises:
        InvalidInputError: which member is wrong.
    """
    status = answer.get("status") if isinstance(answer, dict) else None
    if not isinstance(status, str) or status not in STATUS_OF_WORD:
        raise _invalid("answers", f"point {key}: status must be placed, cannot_tell or not_this_part")
    if status != "placed":
        return
    view, x, y = answer.get("view"), answer.get("x"), answer.get("y")
    if isinstance(view, bool) or not isinstance(view, int) or not 1 <= view <= 6:
        raise _invalid("answers", f"point {key}: view must be 1..6, got {view!r}")
    for name, value in (("x", x), ("y", y)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise _invalid("answers", f"point {key}: {name} must be a number of pixels, got {value!r}")


def decoded_map(text: str | None, crop: Crop, field: str) -> LabelMap:
    """Return the label map of base64 text for a crop.

    Raises:
        InvalidInputError: no base64, no deflate stream, another size, or a part above 14.
    """
    try:
        return unpack(base64.b64decode(text or "", validate=True), crop.shape)
    except (binascii.Error, LabelError) as error:
        raise _invalid(field, f"{field}: {error}") from error


def encoded(packed: bytes) -> str:
    """Return packed bytes as base64 text for JSON."""
    return base64.b64encode(packed).decode("ascii")


def draft_of_submission(submission: Submission) -> dict[str, Any]:
    """Return a submission's answer in the form of a draft."""
    if submission.task.stage == Stage.PARTS:
        return _parts_draft(submission)
    if submission.point_set is None:
        return {"answers": {}, "current": None}
    answers = {}
    columns = zip(submission.point_set.key, submission.status, submission.view, submission.click, strict=True)
    for key, status, view, click in columns:
        answer: dict[str, Any] = {"status": _WORD_OF_STATUS[int(status)]}
        if int(status) == PointStatus.PLACED:
            answer |= {"view": int(view), "x": float(click[0]), "y": float(click[1])}
        answers[str(key)] = answer
    return {"answers": answers, "current": None}


def _parts_draft(submission: Submission) -> dict[str, Any]:
    painted = submission.painted()
    if painted is None:
        return {"label_map": None, "decided": {}, "hints": None}
    label_map, _crop = painted
    decided = {str(part): "done" for part in parts_present(label_map)}
    decided |= {str(part): "not_visible" for part in submission.parts_not_visible}
    return {"label_map": encoded(pack(label_map)), "decided": decided, "hints": None}


def draft_to_look_over(submission: Submission) -> dict[str, Any]:
    """Return an answer that was sent back as a draft of suggestions: each part and each place is taken, or changed.

    What has no place of its own stays decided: parts that cannot be seen, points that cannot be told. The places of
    points are proposed from the answer itself.
    """
    draft = draft_of_submission(submission)
    if "answers" in draft:
        answers = {key: answer for key, answer in draft["answers"].items() if answer["status"] != "placed"}
        return {**draft, "answers": answers}
    unseen = {part: word for part, word in draft["decided"].items() if word == "not_visible"}
    return {"label_map": None, "decided": unseen, "hints": draft["label_map"]}


def carry_draft(*, source: Lease, target: Lease) -> None:
    """Put one lease's draft into another, unsaved one, fitted to its crop and its points.

    What does not fit any more is left out: pixels outside a smaller crop, answers to points that are gone.
    """
    draft = source.draft
    target.active_ms = max(target.active_ms, source.active_ms)
    if draft is None:
        return
    if "answers" in draft:
        known = {str(key) for key in target.point_set.key} if target.point_set else set()
        answers = {key: answer for key, answer in draft["answers"].items() if key in known}
        current = draft.get("current")
        draft = {**draft, "answers": answers, "current": current if str(current) in known else None}
        target.surface_hash, target.style_hash = source.surface_hash, source.style_hash
    elif (old := source.shown_crop) != (new := target.shown_crop):
        maps = {field: draft[field] for field in ("label_map", "hints") if draft.get(field)}
        moved = {field: encoded(pack(recrop(decoded_map(text, old, field), old, new))) for field, text in maps.items()}
        draft = {**draft, **moved}
    target.draft = draft
    target.draft_saved_at = source.draft_saved_at or timezone.now()
    target.revision = max(target.revision, source.revision)


def _invalid(field: str, message: str) -> InvalidInputError:
    return InvalidInputError(message if message.endswith(".") else f"{message}.", fields={field: [message]})
