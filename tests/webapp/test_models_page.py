"""The page of models and its API: where a version is from, how two differ on the same people, which one proposes."""

import numpy as np
import pytest

from annotator.models import Event, ModelVersion
from export.models import Training
from tests.evaluations import PEOPLE, measured
from tests.factories import World
from tests.webapp.clients import browser


@pytest.fixture
def versions(world: World) -> list[ModelVersion]:
    """An old version and a new one that is a little better on nearly everybody; a third learnt from another project."""
    old, new, foreign = (
        ModelVersion.objects.create(name=name, digest=digest * 32)
        for name, digest in (("o1", "o1"), ("n2", "n2"), ("elsewhere", "f3"))
    )
    Training.objects.create(version=new, project=world.project, release_number=3, start=old, minutes=60)
    Training.objects.create(version=foreign, project=world.eves_project, release_number=1, minutes=5)
    rng = np.random.default_rng(0)
    of_people = rng.uniform(0.2, 0.7, PEOPLE)
    measured(world.project, old, of_people)
    measured(world.project, new, of_people + rng.normal(0.03, 0.02, PEOPLE))
    measured(world.eves_project, old, of_people)
    return [old, new, foreign]


def test_two_versions_are_compared_person_by_person(world: World, versions: list[ModelVersion]) -> None:
    old, new, foreign = versions
    answer = browser(world, "ed").get(f"/api/v1/projects/{world.project.pk}/models?against={old.pk}").json()
    told = {row["name"]: row for row in answer["models"]}
    assert set(told) == {"o1", "n2", "lite"}
    assert (told["n2"]["release"], told["n2"]["start"], told["n2"]["minutes"]) == (3, old.digest, 60)
    [found] = answer["held_out"]
    assert (found["release"], found["people"], found["against"]) == (3, PEOPLE, old.pk)
    rows = {row["model"]: row for row in found["measured"]}
    assert rows[old.pk]["difference"] is None
    difference = rows[new.pk]["difference"]["auc10"]
    apart = rows[new.pk]["figures"]["auc10"] - rows[old.pk]["figures"]["auc10"]
    assert difference["value"] == pytest.approx(apart)
    # People differ by 0.14, the two versions on the same person by 0.02: only pairs tell them apart.
    assert 0 < difference["low"] < apart < difference["high"] < 0.05
    own = rows[new.pk]["over_people"]["auc10"]
    assert own["high"] - own["low"] > 3 * (difference["high"] - difference["low"])
    assert rows[new.pk]["difference"]["auc30"]["value"] == 0

    page = browser(world, "mia").get(f"/projects/{world.project.pk}/models?against={old.pk}").content.decode()
    assert f"<strong>{difference['value']:+.3f}</strong>" in page
    assert foreign.name not in page


def test_who_proposes_is_chosen(world: World, versions: list[ModelVersion]) -> None:
    _old, new, foreign = versions
    url = f"/projects/{world.project.pk}/models/{new.pk}/propose"
    api = f"/api/v1/projects/{world.project.pk}/models"
    for name, page, status in (("eve", 404, 404), ("ana", 403, 403), ("rita", 403, 403), (None, 302, 401)):
        client = browser(world, name)
        assert client.post(url).status_code == page
        assert client.get(api).status_code == status
        assert client.post(api, {"model": new.pk}, "application/json").status_code == status
    assert world.project.proposer is None
    assert browser(world, "ed").post(url).status_code == 302
    world.project.refresh_from_db()
    assert world.project.proposer == new
    assert Event.objects.filter(project=world.project, verb="changed").latest("pk").after == {"proposer": str(new)}
    # What learnt from another project's people is none of this project's choices.
    assert browser(world, "mia").post(api, {"model": foreign.pk}, "application/json").status_code == 404
    lite = ModelVersion.objects.get(bundled="lite")
    assert browser(world, "mia").post(api, {"model": lite.pk}, "application/json").json()["is_proposer"] is True
