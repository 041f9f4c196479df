"""Make the demo: five accounts, a project, the astronaut photograph at once, six synthetic people by a job."""

import io
import json
import secrets
from typing import Final

import numpy as np
from django.conf import settings
from django.db import transaction
from PIL import Image as Pillow

from annotator.models import Membership, Project, Role, User
from annotator.services.accounts import create_account
from annotator.services.images import add_image
from annotator.services.jobs import enqueue_job
from annotator.services.people import create_person
from annotator.services.projects import create_project
from webapp.local.places import write_private

PROJECT_NAME: Final = "Demo"
INSTRUCTIONS: Final = """Paint each visible part of the person, then show where each sampled point lies on the body.

Clothes count as the part beneath: a sleeve is arm, a skirt is the legs under it. A shoe is foot up to its top edge.

Left and right are the person's own. What is hidden behind something else is not painted.

If you cannot tell, say so: an honest "cannot tell" is worth more than a guess."""
# name, display name, role; mia manages and may make further projects.
CAST: Final = (
    ("mia", "Mia", Role.MANAGER),
    ("ana", "Ana", Role.ANNOTATOR),
    ("ben", "Ben", Role.ANNOTATOR),
    ("rita", "Rita", Role.REVIEWER),
    ("ed", "Ed", Role.ENGINEER),
)
# The astronaut of scikit-image, 512 x 512 pixels; x, y, visibility in COCO's order, estimated by hand.
ASTRONAUT_BOX: Final = (18.0, 15.0, 346.0, 497.0)
ASTRONAUT_KEYPOINTS: Final = (
    *(224, 128, 2), *(247, 103, 2), *(203, 102, 2), *(273, 124, 2), *(177, 122, 2), *(335, 256, 2), *(84, 262, 2),
    *(372, 420, 1), *(42, 452, 2), *(0, 0, 0), *(148, 498, 2), *(0, 0, 0), *(0, 0, 0), *(0, 0, 0), *(0, 0, 0),
    *(0, 0, 0), *(0, 0, 0),
)  # fmt: skip


@transaction.atomic
def seed_demo() -> Project | None:
    """Make the demo once; returns the project, or None where there are accounts already."""
    if User.objects.exists():
        return None
    password = f"demo-{secrets.token_hex(4)}"
    users = {
        name: create_account(username=name, password=password, display_name=display, is_staff=role == Role.MANAGER)
        for name, display, role in CAST
    }
    mia = users["mia"]
    project = create_project(name=PROJECT_NAME, by=mia, instructions=INSTRUCTIONS, preannotates=True)
    for name, _display, role in CAST:
        if name != "mia":
            Membership.objects.create(project=project, user=users[name], role=role)
    _add_astronaut(project, mia)
    enqueue_job("demo_people", key=f"demo_people:{project.pk}", project=project, by=mia)
    accounts = [{"username": name, "role": str(role.label), "password": password} for name, _display, role in CAST]
    # Written before the commit: an account without a known password would be of no use.
    write_private(settings.VAR_DIR / "demo-accounts.json", json.dumps(accounts))
    return project


def _add_astronaut(project: Project, by: User) -> None:
    import skimage.data

    sink = io.BytesIO()
    Pillow.fromarray(np.asarray(skimage.data.astronaut())).save(sink, "PNG")
    image, _is_new = add_image(project=project, file_name="astronaut.png", content=sink.getvalue(), by=by)
    create_person(image=image, box=ASTRONAUT_BOX, by=by, keypoints=[float(v) for v in ASTRONAUT_KEYPOINTS], priority=1)
