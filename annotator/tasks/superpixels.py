"""The job that finds edge-following regions: of one crop that someone waits for, or of all people of a project."""

from typing import Any

import numpy as np

from annotator.errors import NotFoundError
from annotator.models import Image
from annotator.services.jobs import JobFailedError, JobRun, job_kind
from annotator.services.pictures import open_picture
from annotator.services.superpixels import people_without, superpixels_name
from annotator.storage import store_bytes
from labels.boxes import Crop


@job_kind("superpixels")
def make_superpixels(run: JobRun) -> dict[str, Any]:
    """Store what regions lack under their names: a second run goes on where one stopped."""
    if "crop" in run.params:
        image = Image.objects.get(pk=run.params["image"])
        return {"bytes": _store(image, Crop(*run.params["crop"]))}
    if run.project is None:
        raise JobFailedError("This job has neither a crop nor a project.")
    done, missing = 0, 0
    for person in people_without(run.project):
        run.stop_if_cancelled()
        try:
            _store(person.image, person.crop())
        except NotFoundError:
            missing += 1
            continue
        done += 1
        run.progress(done, 0, f"{done} people")
    return {"made": done, "missing_pictures": missing}


def _store(image: Image, crop: Crop) -> int:
    from labels.superpixels import pack_superpixels

    packed = pack_superpixels(crop.cut(np.asarray(open_picture(image))))
    store_bytes(superpixels_name(image, crop), packed)
    return len(packed)
