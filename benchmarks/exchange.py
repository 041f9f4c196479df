"""How fast data sets come in and go out: import, import again, release with images, validation, reading for training.

python -m benchmarks.exchange [--people 10000] [--drawn 60]

Some pictures of synthetic people are drawn and written many times under other numbers, with all their points, so that
each record weighs what a record of a public DensePose-COCO file weighs and each picture is a file of its own.
"""

import argparse
import io
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.queue import services


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--drawn", type=int, default=60, help="different pictures")
    options = parser.parse_args()
    with services(), tempfile.TemporaryDirectory(prefix="dpa-exchange-") as folder:
        import os

        os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        annotations, images, people = write_many(Path(folder), options.people, options.drawn)
        size_mb = annotations.stat().st_size / 1e6
        print(f"{people:,} people in {len(list(images.iterdir())):,} pictures of 640 x 480, file of {size_mb:.0f} MB")
        exchange(annotations, images, people, Path(folder))


def write_many(folder: Path, people: int, drawn: int) -> tuple[Path, Path, int]:
    """Write a data set; returns its file, its folder of images and the number of people."""
    from labels.densepose_coco import DensePoseWriter
    from rendering.scenes.dataset import write_dataset

    few = json.loads(write_dataset(folder / "drawn", count=drawn, seed=1, size=(640, 480), processes=2).read_text())
    images, path = folder / "images", folder / "many.json"
    images.mkdir()
    contents = {image["id"]: (folder / "drawn/images" / image["file_name"]).read_bytes() for image in few["images"]}
    rounds = -(-people // len(few["annotations"]))
    with path.open("wb") as stream, DensePoseWriter(stream, categories=few["categories"]) as writer:
        for number in range(rounds):
            for image in few["images"]:
                name = f"{number:06d}_{image['file_name']}"
                (images / name).write_bytes(with_comment(contents[image["id"]], name.encode()))
                writer.add_image({**image, "id": number * 1_000_000 + image["id"], "file_name": name})
        for number in range(rounds):
            for record in few["annotations"]:
                moved = {key: number * 1_000_000 + record[key] for key in ("id", "image_id")}
                writer.add_annotation({**record, **moved})
    return path, images, rounds * len(few["annotations"])


def with_comment(jpeg: bytes, comment: bytes) -> bytes:
    """Return the same picture as another file."""
    return jpeg[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[2:]


@contextmanager
def measured(what: str, people: int) -> Iterator[None]:
    """Print how long a step took, and the most memory that the process had meanwhile."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted anew
    started = time.perf_counter()
    yield
    took = time.perf_counter() - started
    status = Path("/proc/self/status").read_text()
    peak_mb = int(status.split("VmHWM:")[1].split()[0]) / 1024
    print(f"{what:34s} {took:8.1f} s {people / took:8,.0f} people/s, peak {peak_mb:5.0f} MB", flush=True)


def exchange(annotations: Path, images: Path, people: int, folder: Path) -> None:
    """Carry the data set in and out, and tell how long each step took."""
    from django.core.files.storage import default_storage
    from django.core.management import call_command

    from annotator.models import Person, User
    from annotator.services.projects import create_project
    from densepose.evaluation.truth import read_truth
    from densepose.training.pictures import read_pictures
    from export.services.releases import create_release, write_release

    manager = User.objects.create(username="mia")
    project = create_project(name="Exchange", by=manager, manager=manager)
    told = io.StringIO()
    for what in ("import", "import again"):
        with measured(what, people):
            call_command("import_coco", str(project.pk), str(annotations), str(images), quiet=True, stdout=told)
    assert Person.objects.filter(project=project).count() == people, told.getvalue()
    for has_images in (False, True):
        with measured(f"release {'with' if has_images else 'without'} images", people):
            release = create_release(project=project, by=manager, fmt="charts", has_images=has_images)
            write_release(release, lambda done, total: None, lambda: None)
    out = folder / "annotations.json"
    with default_storage.open(f"{release.folder}/densepose_train.json") as stored:
        out.write_bytes(stored.read())
    with measured("validate_densepose", people):
        call_command("validate_densepose", str(out), stdout=told)
    with measured("read for evaluation", people):
        read_truth(out)
    with measured("read for training", people):
        read_pictures(folder)


if __name__ == "__main__":
    main()
