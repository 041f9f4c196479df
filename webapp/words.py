"""Words for codes: kinds of jobs, overlays, reasons to skip; days as all pages write them; who holds a task."""

from datetime import date, datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator.models import Lease

JOB_NAMES = {
    "render_views": gettext_lazy("Drawing the body views"),
    "build_geodesics": gettext_lazy("Measuring the body surface"),
    "demo_people": gettext_lazy("Drawing synthetic people"),
    "unpack_archive": gettext_lazy("Unpacking an archive"),
    "import_annotations": gettext_lazy("Importing annotations"),
    "add_gold": gettext_lazy("Drawing people with known truth"),
    "superpixels": gettext_lazy("Finding edges in photographs"),
    "preannotate": gettext_lazy("Proposing by a model"),
    "release": gettext_lazy("Writing a release"),
}
OVERLAY_NAMES = {
    "none": gettext_lazy("None"),
    "parts": gettext_lazy("Parts"),
    "points": gettext_lazy("Points"),
    "iuv": gettext_lazy("IUV"),
    "disputed": gettext_lazy("Disputed"),
}
SKIP_WORDS = {
    "bad_image": gettext_lazy("bad image"),
    "not_a_person": gettext_lazy("not a person"),
    "too_small": gettext_lazy("too small"),
    "too_hard": gettext_lazy("too hard"),
    "other": gettext_lazy("something else"),
}


def day_words(day: date | str) -> str:
    """Return a day, or its ISO form as kept figures have it, without its year."""
    return date_format(date.fromisoformat(day) if isinstance(day, str) else day, _("j M"))


def holder_words(lease: Lease) -> str:
    """Return who holds a task, since when, and what is known of their work on it."""
    told = {"name": lease.annotator, "since": _moment(lease.created_at)}
    if lease.draft_saved_at is None:
        return _("%(name)s has held it since %(since)s; nothing saved yet") % told
    told["saved"] = _moment(lease.draft_saved_at)
    return _("%(name)s has held it since %(since)s; last saved %(saved)s") % told


def _moment(when: datetime) -> str:
    return date_format(timezone.localtime(when), _("j M H:i"))
