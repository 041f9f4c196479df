"""Strokes across the head of a drawn person, told apart by their height; and leases that run out."""

import base64
from datetime import timedelta

from django.utils import timezone

from annotator.models import Lease, Task
from labels.label_maps import unpack
from tests.browser.views import HEAD
from tests.browser.workbench import PartsBench

HEIGHTS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def stroke(bench: PartsBench, height: float) -> None:
    """Paint the head from side to side at a share of the crop's height."""
    bench.page.keyboard.press("1")
    crop = bench.lease.shown_crop
    bench.stroke((crop.width * 0.05, crop.height * height), (crop.width * 0.95, crop.height * height))


def rows_of(lease: Lease) -> set[float]:
    """Which strokes, by their height, the server's draft holds."""
    lease.refresh_from_db()
    if lease.draft is None:
        return set()
    label_map = unpack(base64.b64decode(lease.draft["label_map"]), lease.shown_crop.shape)
    x = int(lease.shown_crop.width * 0.06)
    return {height for height in HEIGHTS if label_map[int(lease.shown_crop.height * height), x] == HEAD}


def run_out(lease: Lease) -> None:
    """Let a lease run out and be swept, as after hours away."""
    from annotator.services.leases import expire_leases

    Lease.objects.filter(pk=lease.pk).update(expires_at=timezone.now() - timedelta(minutes=1))
    expire_leases()
    lease.refresh_from_db()
    assert lease.state == "expired"
    assert Task.objects.get(pk=lease.task_id).places_left == 1
