"""What each page does for those who may: read right, write through the services, and tell what went wrong."""

import json
import re
import uuid
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from annotator.models import Event, Job, Lease, Membership, Person, Project, Stage, Submission, Task, User
from annotator.services.events import record_event
from annotator.services.guesses import MAX_WRONG
from annotator.services.members import add_member, invite
from annotator.services.projects import create_project
from tests.factories import World, make_user, picture_bytes
from tests.webapp.clients import browser


def url(world: World, page: str = "") -> str:
    return f"/projects/{world.project.pk}{page}"


def lease_of(world: World, person: Person, **more: object) -> Lease:
    task = person.tasks.get(stage=Stage.PARTS)
    values = {"task": task, "annotator": world.ana, "expires_at": timezone.now() + timedelta(minutes=5), **more}
    return Lease.objects.create(**values)


def add(client: Client, world: World, account: str) -> str:
    form = {"act": "add", "account": account, "role": "reviewer"}
    return client.post(url(world, "/members"), form, follow=True).content.decode()


class TestHome:
    def test_start_leads_to_the_workbench(self, world: World) -> None:
        world.person()
        page = browser(world, "ana").get("/").content.decode()
        assert f'href="/projects/{world.project.pk}/annotate/parts/"' in page
        assert "1 person waits to be painted" in page

    def test_who_looks_after_a_project_finds_its_card_beside_the_next_person(self, world: World) -> None:
        world.person()
        card = f'<h2><a href="/projects/{world.project.pk}">{world.project.name}</a></h2>'
        for account, is_shown in (("mia", True), ("ana", False)):
            page = browser(world, account).get("/").content.decode()
            assert "1 person waits to be painted" in page
            assert (card in page) is is_shown

    def test_work_half_done_comes_first(self, world: World) -> None:
        person = world.person()
        lease = lease_of(world, person, draft={"label_map": ""}, crop=[0, 0, 10, 10])
        page = browser(world, "ana").get("/").content.decode()
        assert f"/api/v1/leases/{lease.pk}/image" in page
        assert "This person is kept for you" in page

    def test_cases_to_review_come_first_for_who_may_settle_them(self, world: World) -> None:
        Task.objects.filter(person=world.person(), stage=Stage.PARTS).update(state=Task.State.REVIEW)
        world.person(box=[5, 5, 50, 50])
        review = f'href="/projects/{world.project.pk}/review"'
        for name in ("rita", "mia"):
            page = browser(world, name).get("/").content.decode()
            assert "1 case waits for a reviewer" in page
            assert f"autofocus {review}" in page, "one key"
            assert f'href="/projects/{world.project.pk}/annotate/parts/"' in page
            assert f"autofocus {review}" in browser(world, name).get(url(world)).content.decode()
        for name in ("ana", "ed"):
            assert review not in browser(world, name).get("/").content.decode()
            assert "waits for a reviewer." not in browser(world, name).get(url(world)).content.decode()

    def test_nobody_waits(self, world: World) -> None:
        assert "No one for you now" in browser(world, "ana").get("/").content.decode()

    def test_only_staff_makes_projects(self, world: World) -> None:
        assert browser(world, "mia").post("/projects/new", {"name": "Snow"}).status_code == 403
        world.mia.is_staff = True
        world.mia.save()
        assert browser(world, "mia").post("/projects/new", {"name": "Snow"}).status_code == 302
        assert Membership.objects.get(project__name="Snow").user == world.mia
        answer = browser(world, "mia").post("/projects/new", {"name": " "})
        assert "name" in answer.content.decode()
        assert Project.objects.count() == 3


class TestOverview:
    def test_counts(self, world: World) -> None:
        world.person()
        lease_of(world, world.person(box=[5, 5, 50, 50]))
        page = re.sub(r"\s+", " ", browser(world, "mia").get(url(world)).content.decode())
        assert "2 people in 1 image" in page
        row = re.search(r"<tr> <td>Parts</td>(.*?)</tr>", page)
        assert row
        assert re.findall(r">(\d+)<", row[1]) == ["0", "0", "1", "1", "2"]

    def test_decisions_name_what_waits(self, world: World) -> None:
        person = world.person()
        Task.objects.filter(person=person).update(state=Task.State.FLAGGED)
        lease_of(world, world.person(box=[5, 5, 50, 50]), state=Lease.State.SKIPPED, skip_reason="too_small")
        page = browser(world, "mia").get(url(world)).content.decode()
        assert "2 people are flagged" in page
        assert "1 person was skipped" in page

    def test_jobs_fragment_asks_again_only_while_one_runs(self, world: World) -> None:
        job = Job.objects.create(kind="unpack_archive", project=world.project, state="running", progress_total=4)
        client = browser(world, "mia")
        assert 'hx-trigger="every 2s"' in client.get(url(world, "/jobs")).content.decode()
        assert client.post(url(world, f"/jobs/{job.pk}/cancel")).status_code == 302
        job.refresh_from_db()
        assert job.state == "cancelled"
        assert "hx-trigger" not in client.get(url(world, "/jobs")).content.decode()

    def test_engineers_cancel_their_own_jobs(self, world: World) -> None:
        own, other = (
            Job.objects.create(kind="unpack_archive", project=world.project, state="running", created_by=by)
            for by in (world.ed, world.mia)
        )
        client = browser(world, "ed")
        page = client.get(url(world)).content.decode()
        assert url(world, f"/jobs/{own.pk}/cancel") in page
        assert url(world, f"/jobs/{other.pk}/cancel") not in page
        assert client.post(url(world, f"/jobs/{own.pk}/cancel")).status_code == 302
        assert client.post(url(world, f"/jobs/{other.pk}/cancel")).status_code == 403

    def test_job_of_another_project_is_not_cancelled(self, world: World) -> None:
        job = Job.objects.create(kind="unpack_archive", project=world.eves_project, state="running")
        assert browser(world, "mia").post(url(world, f"/jobs/{job.pk}/cancel")).status_code == 404

    def test_annotators_see_no_figures_of_others(self, world: World) -> None:
        page = browser(world, "ana").get(url(world)).content.decode()
        assert "Throughput" not in page
        assert "Annotators" not in page


class TestPeople:
    def test_filters_and_counts(self, world: World) -> None:
        first, second = world.person(), world.person(box=[5, 5, 50, 50])
        lease_of(world, first)
        page = browser(world, "rita").get(url(world, "/people?state=in-hand")).content.decode()
        assert f"/people/{first.pk}/picture/parts" in page
        assert f"/people/{second.pk}/picture/parts" not in page

    def test_search(self, world: World) -> None:
        person = world.person(source_id=533949)
        client = browser(world, "rita")
        for text, is_found in (("533949", True), ("people.j", True), ("nothing", False), ("9" * 30, False)):
            page = client.get(url(world, "/people"), {"q": text}).content.decode()
            assert (f"/people/{person.pk}/picture" in page) is is_found, text

    def test_pages_follow_without_gap_or_repetition(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("webapp.selectors.people.PAGE_SIZE", 4)
        made = [world.person(box=[i, i, 20, 20]).pk for i in range(10)]
        client, after, seen = browser(world, "rita"), "", []
        while after is not None:
            page = client.get(url(world, f"/people?after={after}"), headers={"hx-request": "true"}).content.decode()
            seen += [int(found) for found in re.findall(r"/people/(\d+)/picture", page)]
            more = re.search(r'hx-get="\?[^"]*after=(\d+)', page)
            after = more[1] if more else None
        assert seen == made[::-1]

    def test_queries_do_not_grow_with_people(self, world: World, django_assert_max_num_queries: object) -> None:
        for i in range(8):
            world.person(box=[i, i, 20, 20])
        with django_assert_max_num_queries(33):
            browser(world, "rita").get(url(world, "/people"))

    def test_person_of_another_project_is_not_shown(self, world: World) -> None:
        person = world.person()
        client = browser(world, "eve")
        base = f"/projects/{world.eves_project.pk}"
        for page in (f"/people/{person.pk}", f"/people/{person.pk}/picture/none", f"/images/{person.image_id}"):
            assert client.get(base + page).status_code == 404
        assert client.post(f"{base}/people/{person.pk}/act", {"act": "pause"}).status_code == 404

    def test_a_replaced_answer_is_said_to_be_and_offers_nothing(self, world: World) -> None:
        person = world.person()
        task, answers = person.tasks.get(stage=Stage.PARTS), []
        for _time in range(2):
            before = answers[-1] if answers else None
            made = {"task": task, "annotator": world.ana, "client_uuid": uuid.uuid4(), "supersedes": before}
            answers.append(Submission.objects.create(**made))
        record_event(verb="submitted", target=answers[1], project=world.project, actor=world.ana)
        page = browser(world, "rita").get(url(world, f"/people?person={person.pk}")).content.decode()
        assert page.count('value="accept"') == page.count('value="send-back"') == 1
        assert page.count("replaced") == 1
        assert re.search(r"submitted\s+submission", page)

    def test_pause_and_back_into_work(self, world: World) -> None:
        person, client = world.person(), browser(world, "rita")
        client.post(url(world, f"/people/{person.pk}/act"), {"act": "pause"})
        assert set(person.tasks.values_list("state", flat=True)) == {"paused"}
        client.post(url(world, f"/people/{person.pk}/act"), {"act": "reopen"})
        assert person.tasks.get(stage=Stage.PARTS).state == "open"

    def test_ignore_needs_the_revision_that_was_seen(self, world: World) -> None:
        person, client = world.person(), browser(world, "mia")
        client.post(url(world, f"/people/{person.pk}/act"), {"act": "flags", "is_ignored": "1", "revision": "1"})
        person.refresh_from_db()
        assert person.is_ignored
        answer = client.post(
            url(world, f"/people/{person.pk}/act"), {"act": "flags", "is_ignored": "0", "revision": "1"}, follow=True
        )
        person.refresh_from_db()
        assert person.is_ignored
        assert "changed meanwhile" in answer.content.decode()
        for revision in ("", "two", "9" * 5000):
            change = {"act": "flags", "is_ignored": "0", "revision": revision}
            assert client.post(url(world, f"/people/{person.pk}/act"), change).status_code == 302
        person.refresh_from_db()
        assert person.is_ignored

    def test_unknown_act_and_unknown_overlay(self, world: World) -> None:
        person, client = world.person(), browser(world, "mia")
        assert client.post(url(world, f"/people/{person.pk}/act"), {"act": "explode"}).status_code == 404
        assert client.get(url(world, f"/people/{person.pk}/picture/secret")).status_code == 404


class TestImages:
    def test_image_page_knows_where_to_save(self, world: World) -> None:
        page = browser(world, "mia").get(url(world, f"/images/{world.image.pk}")).content.decode()
        found = re.search(r'id="boxes-config" type="application/json">(.*?)</script>', page)
        assert found
        assert json.loads(found[1])["people_url"] == f"/api/v1/images/{world.image.pk}/people"

    def test_only_who_may_correct_people_gets_the_tools(self, world: World) -> None:
        tools = {"mia": {"data-add", "data-delete"}, "rita": {"data-add"}, "ed": set()}
        for name, expected in tools.items():
            page = browser(world, name).get(url(world, f"/images/{world.image.pk}")).content.decode()
            assert {tool for tool in ("data-add", "data-delete") if tool in page} == expected
            assert (' data-flag="is_crowd" disabled' in page) == (name == "ed")

    def test_images_without_people(self, world: World) -> None:
        client = browser(world, "mia")
        link = url(world, f"/images/{world.image.pk}")
        assert link in client.get(url(world, "/images?show=empty")).content.decode()
        world.person()
        assert link not in client.get(url(world, "/images?show=empty")).content.decode()

    def test_delete(self, world: World) -> None:
        image = world.image
        assert browser(world, "rita").post(url(world, f"/images/{image.pk}/delete")).status_code == 403
        assert browser(world, "mia").post(url(world, f"/images/{image.pk}/delete")).status_code == 302
        assert not world.project.images.exists()


class TestSettings:
    def test_saved_with_an_event(self, world: World) -> None:
        form = {"name": "Snow", "instructions": "Look.", "parts_overlap": 2, "correspondence_overlap": 3,
                "gold_rate": 0.05, "lease_minutes": 45, "reopen_minutes": 5, "assistance_share": 0.5,
                "agreement_bar_cm": 8, "disputed_bar": 0.2, "max_answers": 4, "merges_by": "staple",
                "is_review_required": "on"}  # fmt: skip
        assert browser(world, "mia").post(url(world, "/settings"), form).status_code == 302
        world.project.refresh_from_db()
        assert (world.project.name, world.project.parts_overlap, world.project.is_review_required) == ("Snow", 2, True)
        assert (world.project.agreement_bar_cm, world.project.merges_by) == (8, "staple")
        event = Event.objects.filter(object_type="project", verb="changed").latest("pk")
        assert event.before["name"] == "Street"
        assert event.after["name"] == "Snow"

    def test_values_out_of_range_are_told_and_not_stored(self, world: World) -> None:
        answer = browser(world, "mia").post(url(world, "/settings"), {"name": "", "lease_minutes": 1, "gold_rate": 3})
        assert answer.status_code == 400
        assert "errors" in answer.content.decode()
        world.project.refresh_from_db()
        assert world.project.name == "Street"

    def test_examples_come_and_go(self, world: World) -> None:
        client = browser(world, "mia")
        picture = SimpleUploadedFile("boot.jpg", picture_bytes(), "image/jpeg")
        client.post(url(world, "/settings/examples"), {"file": picture, "caption": "boot only", "is_good": "1"})
        example = world.project.examples.get()
        assert example.is_good
        assert f"/api/v1/examples/{example.pk}/file" in browser(world, "ana").get(url(world, "/guide")).content.decode()
        client.post(url(world, f"/settings/examples/{example.pk}/remove"))
        assert not world.project.examples.exists()
        assert client.post(url(world, f"/settings/examples/{uuid.uuid4()}/remove")).status_code == 404

    def test_no_picture_is_refused_with_words(self, world: World) -> None:
        text = SimpleUploadedFile("boot.jpg", b"<script>", "image/jpeg")
        answer = browser(world, "mia").post(
            url(world, "/settings/examples"), {"file": text, "is_good": "1"}, follow=True
        )
        assert "no JPEG, PNG or WebP" in answer.content.decode()


class TestMembers:
    def test_invitation_is_shown_once_and_lets_a_stranger_in(self, world: World, client: Client) -> None:
        form = {"role": "annotator", "uses": 1, "days": 7}
        page = browser(world, "mia").post(url(world, "/members"), form).content.decode()
        link = re.search(r'value="http://testserver(/invitations/[^"]+)"', page)
        assert link
        assert link[1] not in browser(world, "mia").get(url(world, "/members")).content.decode()
        answer = client.get(link[1])
        assert "Mia invites you" in answer.content.decode()
        assert answer["Referrer-Policy"] == "same-origin"
        given = {"username": "zoe", "password": "tall-quiet-lamp-7", "display_name": "Zoe"}
        assert client.post(link[1], given)["Location"] == url(world)
        assert client.get(url(world)).status_code == 200
        assert Client().get(link[1]).status_code == 404

    def test_weak_password_keeps_the_invitation(self, world: World, client: Client) -> None:
        _invitation, secret = invite(project=world.project, role="annotator", by=world.mia)
        page = client.post(f"/invitations/{secret}", {"username": "zoe", "password": "short"})
        assert page.status_code == 200
        assert client.get(f"/invitations/{secret}").status_code == 200

    def test_signed_in_people_join_as_they_are(self, world: World) -> None:
        _invitation, secret = invite(project=world.project, role="reviewer", by=world.mia)
        assert browser(world, "eve").post(f"/invitations/{secret}").status_code == 302
        assert world.project.memberships.get(user=world.eve).role == "reviewer"

    def test_an_account_is_added_by_its_exact_name_or_address(self, world: World) -> None:
        mia = browser(world, "mia")
        User.objects.filter(pk=world.eve.pk).update(email="eve@example.org")
        assert "Eve was added as Reviewer." in add(mia, world, "EVE@example.org")
        member = world.project.memberships.get(user=world.eve)
        assert (member.role, member.is_guest) == ("reviewer", True)
        assert "Eve is a member already, as Reviewer." in add(mia, world, "eve")
        zoe = make_user("zoe", is_active=False)
        make_user("eve@example.org")
        world.project.memberships.filter(user=world.eve).delete()
        for account in ("", "zoe", "Eve", "ev", "nobody", "eve@example.org"):
            page = add(mia, world, account)
            assert "New people come by an invitation link." in page, account
            assert f'name="account" value="{account}"' in page
        for name in ("rita", "ana"):
            form = {"act": "add", "role": "reviewer", "account": "eve"}
            assert browser(world, name).post(url(world, "/members"), form).status_code == 403
        assert not world.project.memberships.filter(user__in=[world.eve, zoe]).exists()

    def test_added_accounts_stay_their_owners(self, world: World) -> None:
        """Whoever is added by name was not asked: nobody gets hold of an account that way."""
        zoe, api = make_user("zoe"), f"/api/v1/projects/{world.project.pk}/members"
        mia = world.client("mia")
        told = mia.post(api, {"account": "zoe", "role": "annotator"}).json()
        assert (told["user_id"], told["is_guest"]) == (zoe.pk, True)
        assert {row["username"]: row["is_guest"] for row in mia.get(api).json()}["ana"] is False
        assert mia.post(api, {"account": "zoe", "role": "annotator"}).json()["code"] == "member_already"
        assert mia.post(api, {"account": "zo", "role": "annotator"}).json()["code"] == "no_account"
        assert mia.post(f"/api/v1/users/{zoe.pk}/password").status_code == 403
        assert mia.put(f"/api/v1/users/{zoe.pk}/active", {"is_active": False}).status_code == 403
        assert Event.objects.filter(verb="added", actor=world.mia).count() == 1
        second = create_project(name="Snow", by=world.mia)
        assert not add_member(project=second, account="ana", role="annotator", by=world.mia).is_guest
        assert mia.post(f"/api/v1/users/{world.ana.pk}/password").status_code == 200, "hers from the beginning"

    def test_names_cannot_be_guessed_on_and_on(self, world: World) -> None:
        api = f"/api/v1/projects/{world.project.pk}/members"
        mia, mias = world.client("mia"), browser(world, "mia")
        for number in range(MAX_WRONG - 1):
            answer = mia.post(api, {"account": f"guess{number}", "role": "annotator"})
            assert (answer.status_code, answer.json()["code"]) == (400, "no_account")
        make_user("zoe")
        assert mia.post(api, {"account": "zoe", "role": "annotator"}).status_code == 201, (
            "a right name counts for nothing"
        )
        assert "New people come by an invitation link." in add(mias, world, "guess")
        make_user("max")
        for account in ("max", "guess"):
            answer = mia.post(api, {"account": account, "role": "annotator"})
            assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests"), "nothing is told any more"
        assert "Try again in 15 minutes" in add(mias, world, "max")
        # The limit is each manager's own, whichever project it is.
        own = f"/api/v1/projects/{world.eves_project.pk}/members"
        assert world.client("eve").post(own, {"account": "max", "role": "annotator"}).status_code == 201
        cache.clear()
        assert mia.post(api, {"account": "max", "role": "annotator"}).status_code == 201

    def test_roles_pauses_removal(self, world: World) -> None:
        client, ana = browser(world, "mia"), world.project.memberships.get(user=world.ana)
        page = url(world, f"/members/{world.ana.pk}")
        client.post(page, {"act": "role", "role": "reviewer"})
        client.post(page, {"act": "pause", "reason": "holiday"})
        ana.refresh_from_db()
        assert (ana.role, ana.is_paused, ana.pause_reason) == ("reviewer", True, "holiday")
        client.post(page, {"act": "resume"})
        client.post(page, {"act": "remove"})
        assert not world.project.memberships.filter(user=world.ana).exists()

    def test_new_password_is_shown_once_and_works(self, world: World) -> None:
        page = browser(world, "mia").post(url(world, f"/members/{world.ana.pk}"), {"act": "reset-password"})
        found = re.search(r'id="new-password" readonly value="([^"]+)"', page.content.decode())
        assert found
        world.ana.refresh_from_db()
        assert world.ana.check_password(found[1])
        assert "no-store" in page["Cache-Control"]

    def test_deactivated_accounts_cannot_come_back_by_themselves(self, world: World) -> None:
        browser(world, "mia").post(url(world, f"/members/{world.ana.pk}"), {"act": "deactivate"})
        world.ana.refresh_from_db()
        assert not world.ana.is_active

    def test_last_manager_stays(self, world: World) -> None:
        answer = browser(world, "mia").post(
            url(world, f"/members/{world.mia.pk}"), {"act": "role", "role": "annotator"}, follow=True
        )
        assert "at least one manager" in answer.content.decode()


class TestAccount:
    def test_token_is_shown_once_and_opens_the_api(self, world: World, client: Client) -> None:
        mine = browser(world, "ana")
        page = mine.post("/account", {"act": "token", "name": "script", "days": "30"}).content.decode()
        found = re.search(r'value="(dpa_[^"]+)"', page)
        assert found
        assert found[1] not in mine.get("/account").content.decode()
        assert client.get("/api/v1/me", headers={"authorization": f"Bearer {found[1]}"}).status_code == 200
        token = world.ana.api_tokens.get()
        assert browser(world, "ben").post(f"/account/tokens/{token.pk}/revoke").status_code == 404
        mine.post(f"/account/tokens/{token.pk}/revoke")
        assert client.get("/api/v1/me", headers={"authorization": f"Bearer {found[1]}"}).status_code == 401

    def test_password_change_wants_the_old_one(self, world: World) -> None:
        world.ana.set_password("tall-quiet-lamp-7")
        world.ana.save()
        mine = browser(world, "ana")
        new = {"act": "password", "new": "other-quiet-lamp-8", "again": "other-quiet-lamp-8"}
        assert "old password is wrong" in mine.post("/account", {**new, "old": "no"}).content.decode()
        assert mine.post("/account", {**new, "old": "tall-quiet-lamp-7"}).status_code == 302
        assert mine.get("/account").status_code == 200
        world.ana.refresh_from_db()
        assert world.ana.check_password("other-quiet-lamp-8")

    def test_strange_preferences_are_refused(self, world: World) -> None:
        form = {"act": "preferences", "theme": "neon", "language": "xx", "display_name": ""}
        assert "Choose a theme" in browser(world, "ana").post("/account", form).content.decode()
