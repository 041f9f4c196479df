"""The words that commands about models on a release share."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from annotator.errors import NotFoundError
from annotator.selectors.projects import project_by_name
from export.models import Release

NOBODY_HELD_OUT: Final = (
    "nobody is in the val split of this release (manage.py hold_out puts images there for releases made afterwards)"
)


def add_release_arguments(parser: ArgumentParser) -> None:
    """Add the release, the device and the working folder to a command's words."""
    parser.add_argument("project", help="the project's number or name")
    parser.add_argument("--release", type=int, required=True, help="the release's number; of format charts or both")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--out", type=Path, help="working folder; under the data folder by default")


def release_and_folder(options: dict[str, Any]) -> tuple[Release, Path]:
    """Return the release that a command names, and the folder it works in.

    Raises:
        NotFoundError: there is no such project or release.
    """
    project = project_by_name(options["project"])
    release = Release.objects.filter(project=project, number=options["release"]).first()
    if release is None:
        raise NotFoundError(f"{project.name} has no release {options['release']}")
    return release, options["out"] or Path(settings.VAR_DIR) / "training" / str(release.pk)
