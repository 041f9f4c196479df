"""What a model proposes: by whom it is asked, how it is shown in both stages, and what is written down about it."""

import uuid
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from annotator.models import Consensus, Job, Lease, Person, PointSet, Project, Proposal, Stage, Submission, Task
from annotator.services.drafts import decoded_map, encoded
from annotator.services.model_versions import version_named
from annotator.services.people import change_person
from annotator.services.preannotation import enqueue_for_new_people, propose_people, store_proposal
from annotator.services.projects import change_project
from annotator.services.suggestions import proposed_points
from body.atlas import iuv_of, surface_of
from body.canonical import load_canonical_body
from body.surface import SurfacePoints, positions
from labels.boxes import Box, Crop
from labels.dense_maps import DenseMap
from labels.label_maps import pack
from rendering.views.cameras import cameras_of
from tests.factories import World, accept_parts, parts_answer
from tests.proposals import write_network

API = "/api/v1"


def preannotate(world: World, model: object) -> str:
    said = StringIO()
    call_command("preannotate", str(world.project.pk), model=str(model), here=True, stdout=said)
    return said.getvalue()


def next_bundle(world: World, stage: str, name: str = "ana") -> dict:
    answer = world.client(name).post(f"{API}/projects/{world.project.pk}/next", {"stage": stage})
    assert answer.status_code == 200, answer.content
    return answer.json()


def submit(world: World, bundle: dict, answer: dict, name: str = "ana") -> Submission:
    body = {"client_uuid": str(uuid.uuid4()), "active_ms": 5, "answer": answer}
    done = world.client(name).post(f"{API}/leases/{bundle['lease']['id']}/submit", body, format="json")
    assert done.status_code == 201, done.content
    return Submission.objects.get(pk=done.json()["submission"])


# The job's heart beats on a connection of its own, which must see the job.
@pytest.mark.django_db(transaction=True)
def test_parts_are_suggested_by_the_model_and_what_was_kept_is_written_down(world: World, tmp_path) -> None:
    person = world.person()
    network = write_network(tmp_path)
    said = preannotate(world, network)
    assert "1 proposals" in said
    assert "people a second" in said
    proposal = Proposal.objects.get(person=person)
    assert proposal.model_version == version_named(str(network)).digest
    assert 0 <= proposal.uncertainty <= 1

    bundle = next_bundle(world, "parts")
    assert bundle["suggestion"]["source"] == "model", "which model is told to those who manage, not to who is helped"
    crop = Crop(**bundle["crop"])
    suggested = decoded_map(bundle["suggestion"]["label_map"], crop, "label_map")
    shown = set(np.unique(suggested)) - {0}
    assert shown
    assert shown <= {1, 14}
    # A newer model in the meantime changes nothing for whoever has begun.
    preannotate(world, write_network(tmp_path, seed=1))
    changed = suggested.copy()
    changed[:20] = 2
    submission = submit(world, bundle, {"label_map": encoded(pack(changed)), "decided": {}, "hints": None})
    told = submission.provenance["proposal"]
    assert (told["id"], told["source"], told["model_version"]) == (proposal.pk, "tiny-0", proposal.model_version)
    inside = suggested > 0
    assert told["kept_share"] == pytest.approx((changed == suggested)[inside].mean(), abs=1e-3)
    assert set(told["proposed_parts"]) == shown
    assert told["iou"][str(min(shown))] < 1


def test_points_are_proposed_where_the_model_saw_them(world: World, views: None, tmp_path) -> None:
    person = world.person()
    accept_parts(person, by=world.mia)
    version = version_named(str(write_network(tmp_path)))
    crop = person.crop()
    chart = np.zeros(crop.shape, np.uint8)
    chart[10:38] = 2  # where accept_parts paints the torso; nothing is seen of the head
    u = np.broadcast_to(np.linspace(0.2, 0.6, crop.width), crop.shape)
    store_proposal(person=person, version=version, seen=DenseMap.of(chart, u, u * 0.5), uncertainty=0.2)

    bundle = next_bundle(world, "correspondence")
    proposal = bundle["proposal"]
    columns = bundle["points"]
    torso = [str(key) for key, part in zip(columns["key"], columns["part"], strict=True) if part == 1]
    assert sorted(proposal["points"]) == sorted(torso)
    points = [proposal["points"][key] for key in torso]
    found = SurfacePoints(
        np.array([p["triangle"] for p in points], np.int32), np.array([p["weights"] for p in points], np.float64)
    )
    at = {str(key): x for key, x in zip(columns["key"], columns["x"], strict=True)}
    wanted = np.array([u[0, int(at[key] - crop.x)] for key in torso])
    places = positions(surface_of(np.full(len(torso), 2), wanted, wanted * 0.5), load_canonical_body().vertices)
    assert np.linalg.norm(positions(found, load_canonical_body().vertices) - places, axis=1).max() < 0.005
    assert (iuv_of(found)[0] == 2).all()

    # One ghost is accepted as it is, the others are answered in the middle of the first view.
    kept = next(key for key in torso if (shown := click_on(proposal["points"][key])) is not None)
    shown = click_on(proposal["points"][kept])
    middle = {"status": "placed", "view": 1, "x": 400.25, "y": 400.5}
    answers = {str(key): middle if str(key) in torso else {"status": "cannot_tell"} for key in columns["key"]}
    answers[kept] = {"status": "placed", "view": shown[0], "x": shown[1], "y": shown[2]}
    told = submit(world, bundle, {"answers": answers, "current": None}).provenance["proposal"]
    assert told["proposed_points"] == len(torso)
    assert kept in told["kept_points"]
    assert set(told["moved_cm"]) | set(told["kept_points"]) == set(torso)
    assert max(told["moved_cm"].values()) > 1


def click_on(point: dict) -> tuple[int, float, float] | None:
    """Return view and pixel at which a click gives a proposed point of the torso again."""
    from rendering.views.picking import pick

    place = positions(
        SurfacePoints(np.array([point["triangle"]], np.int32), np.array([point["weights"]])),
        load_canonical_body().vertices,
    )
    for camera in cameras_of(1):
        x, y = camera.project(place)[0]
        hit = pick(1, camera.number, np.array([[x, y]]))
        if hit.triangle[0] >= 0 and np.linalg.norm(positions(hit, load_canonical_body().vertices) - place) < 1e-3:
            return camera.number, float(x), float(y)
    return None


@pytest.mark.django_db(transaction=True)
def test_a_share_of_tasks_gets_no_help_the_same_for_everyone(world: World, tmp_path) -> None:
    change_project(project=world.project, by=world.mia, assistance_share=0.5, parts_overlap=2)
    for index in range(12):
        world.person(box=[20 + index, 30, 80, 160])
    preannotate(world, write_network(tmp_path))
    helped: dict[str, dict[int, bool]] = {"ana": {}, "ben": {}}
    for name, seen in helped.items():
        for _ in range(12):
            bundle = next_bundle(world, "parts", name)
            task = Lease.objects.get(pk=bundle["lease"]["id"]).task_id
            seen[task] = bundle["suggestion"] is not None
            submission = submit(world, bundle, parts_answer(bundle), name)
            assert submission.provenance["assisted"] is seen[task]
            assert (submission.provenance["proposal"] is not None) is seen[task]
    assert helped["ana"] == helped["ben"]
    assert 0 < sum(helped["ana"].values()) < 12


def test_a_proposal_without_a_pixel_is_no_hindrance(world: World) -> None:
    """Of a far-off person nothing may be proposed: there is no share of it that could be kept."""
    person = world.person()
    crop = person.crop()
    Proposal.objects.create(
        person=person, stage="parts", source="keypoints", crop_x=crop.x, crop_y=crop.y, crop_width=crop.width,
        crop_height=crop.height, label_map=pack(np.zeros(crop.shape, np.uint8)),
    )  # fmt: skip
    bundle = next_bundle(world, "parts")
    assert bundle["suggestion"] is None
    submission = submit(world, bundle, parts_answer(bundle))
    assert submission.provenance["proposal"]["source"] == "keypoints"


def test_doubtful_people_come_first_where_the_project_says_so(world: World, tmp_path) -> None:
    version = version_named(str(write_network(tmp_path)))
    people = [world.person(box=[20 + index, 30, 80, 160]) for index in range(3)]
    for person, doubt in zip(people, (0.1, 0.7, 0.4), strict=True):
        store_proposal(person=person, version=version, seen=None, uncertainty=doubt)
    assert Task.objects.exclude(uncertainty=0).count() == 0
    change_project(project=world.project, by=world.mia, orders_by_uncertainty=True)
    Task.objects.filter(person=people[0]).update(priority=1)
    order = []
    for _ in people:
        bundle = next_bundle(world, "parts")
        order.append(Lease.objects.get(pk=bundle["lease"]["id"]).task.person)
        submit(world, bundle, parts_answer(bundle))
    assert order == [people[0], people[1], people[2]]
    change_project(project=world.project, by=world.mia, orders_by_uncertainty=False)
    assert Task.objects.exclude(uncertainty=0).count() == 0


def test_people_that_a_model_finds_wait_for_a_person(world: World, tmp_path) -> None:
    version = version_named(str(write_network(tmp_path)))
    image = world.image
    found = propose_people(image=image, finder=version, boxes=[Box(40, 30, 80, 160), Box(10, 10, 2, 2)])
    assert len(found) == 1
    image.refresh_from_db()
    assert image.searched_by == version.digest
    assert next_bundle(world, "parts")["lease"] is None
    address = f"{API}/people/{found[0].pk}"
    change = {"revision": 1, "is_proposed": False}
    assert world.client("eve").patch(address, change).status_code == 404
    assert world.client("ana").patch(address, change).status_code == 403
    assert world.client("mia").patch(address, change).status_code == 200
    assert next_bundle(world, "parts")["lease"] is not None
    change_person(person_id=found[0].pk, revision=2, changes={"is_deleted": True}, by=world.mia)
    assert Person.objects.get(pk=found[0].pk).is_deleted


def test_new_people_get_proposals_by_themselves_until_the_job_fails(world: World, tmp_path) -> None:
    version_named(str(write_network(tmp_path)))
    world.person()
    assert enqueue_for_new_people() == 0
    Project.objects.filter(pk=world.project.pk).update(preannotates=True)
    assert enqueue_for_new_people() == 1
    assert enqueue_for_new_people() == 0
    Job.objects.update(state=Job.State.FAILED)
    assert enqueue_for_new_people() == 0
    Job.objects.update(state=Job.State.DONE)
    assert enqueue_for_new_people() == 1


def test_unusable_weights_are_told(world: World, tmp_path) -> None:
    world.person()
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"no weights")
    with pytest.raises(CommandError, match="cannot be used"):
        preannotate(world, broken)
    with pytest.raises(CommandError, match="neither a bundled network"):
        preannotate(world, tmp_path / "none.safetensors")
    assert not Proposal.objects.exists()


def test_nothing_is_proposed_for_points_without_a_model(world: World, views: None) -> None:
    keypoints = [float(v) for joint in range(17) for v in (60 + joint, 60 + 5 * joint, 2)]
    person = world.person(keypoints=keypoints)
    assert next_bundle(world, "parts")["suggestion"]["source"] == "keypoints"
    accept_parts(person, by=world.mia)
    assert next_bundle(world, "correspondence", "ben")["proposal"] is None
    made = Proposal.objects.get(person=person)
    points = PointSet.objects.get(person=person)
    assert (proposed_points(made, points).triangle == -1).all()
    assert Consensus.objects.filter(person=person, stage=Stage.PARTS).exists()
