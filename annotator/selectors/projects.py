"""Finding projects."""

from annotator.errors import InvalidInputError, NotFoundError
from annotator.models import Project


def project_by_name(name: str) -> Project:
    """Return the project with this number or, failing that, this name; for commands.

    Raises:
        NotFoundError: there is none.
        InvalidInputError: several projects have this name.
    """
    found = list(Project.objects.filter(pk=int(name))) if name.isdecimal() else []
    found = found or list(Project.objects.filter(name=name).order_by("pk"))
    if not found:
        known = ", ".join(f"{pk} {label!r}" for pk, label in Project.objects.values_list("pk", "name")[:10])
        raise NotFoundError(f"there is no project {name!r}; known: {known or 'none yet'}")
    if len(found) > 1:
        numbers = ", ".join(str(project.pk) for project in found)
        raise InvalidInputError(f"several projects are called {name!r}: give the number instead, one of {numbers}")
    return found[0]
