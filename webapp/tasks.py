"""The jobs of the demo; found by the workers like those of the other apps."""

import json
import tempfile
from pathlib import Path
from typing import Any

from django.db import transaction

from annotator.models import Person
from annotator.services.images import add_image
from annotator.services.jobs import JobRun, job_kind
from annotator.services.people import create_person


@job_kind("demo_people")
def draw_demo_people(run: JobRun) -> dict[str, Any]:
    """Draw six synthetic people and add them to the demo project; what is there already is left as it is."""
    from rendering.scenes.demo import write_demo

    with tempfile.TemporaryDirectory(prefix="demo-") as folder:

        def tell(done: int, total: int) -> None:
            run.stop_if_cancelled()
            run.progress(done, total, "Drawing synthetic people")

        found = json.loads(write_demo(Path(folder), tell).read_text())
        people_of = {record["image_id"]: record for record in found["annotations"]}
        for number, record in enumerate(found["images"], start=1):
            with transaction.atomic():
                _add(run, record, people_of[record["id"]], (Path(folder) / "images" / record["file_name"]).read_bytes())
                run.checkpoint({"done": number})
    return {"people": len(found["images"])}


def _add(run: JobRun, record: dict[str, Any], person: dict[str, Any], content: bytes) -> None:
    assert run.project is not None
    image, _is_new = add_image(
        project=run.project, file_name=record["file_name"], content=content, by=run.job.created_by
    )
    if not Person.objects.filter(image=image).exists():
        create_person(
            image=image,
            box=person["bbox"],
            by=run.job.created_by,
            keypoints=person["keypoints"],
            mask=person["segmentation"],
        )
