"""The calls of the two workbench pages: next, draft, submit and what lies between."""

import uuid

from django.http import HttpResponse, HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from annotator.api.base import ERROR, ApiView, checked, documented
from annotator.api.files import picture_response
from annotator.api.serializers import workbench as io
from annotator.api.serializers.content import CommentIn, CommentOut
from annotator.models import Lease, Submission
from annotator.selectors.bundles import bundle_for_lease
from annotator.services import browsers, drafts, leases, queue, returning_work, submissions, tasks
from annotator.services.outlines import outline_in
from annotator.services.pictures import stored_crop, stored_surroundings
from annotator.services.superpixels import superpixels_of_lease
from labels.label_maps import pack

_STALE = {409: ERROR, 410: ERROR}


def browser_of(request: Request) -> str:
    """Return the name that the workbench gives its browser; empty for programs."""
    return request.headers.get("X-Workbench-Browser", "")[: browsers.MAX_NAME]


def bundle(request: Request, lease: Lease) -> Response:
    """Answer with a lease's bundle, and whether another browser has it open."""
    found = bundle_for_lease(lease)
    found["lease"]["is_elsewhere"] = browsers.enter(lease.pk, browser_of(request))
    return Response(found)


class NextView(ApiView):
    @documented(
        "Lease the next task of a stage",
        request=io.NextIn,
        answers=io.BundleOut,
        description="Own work comes first: a live lease not in `holding`, work sent back, an expired draft.",
    )
    def post(self, request: Request, project_id: int) -> Response:
        given = checked(io.NextIn, request)
        found = queue.take_next_task(
            user=self.me, project_id=project_id, stage=leases.stage_of(given["stage"]), holding=given["holding"]
        )
        if isinstance(found, Lease):
            return bundle(request, found)
        return Response(
            {"lease": None, "empty": {"reason": found.reason, "message": found.message, "url": found.url or None}}
        )


class LeaseView(ApiView):
    @documented("Get the bundle of a live lease", answers=io.BundleOut, also={410: ERROR})
    def get(self, request: Request, lease_id: uuid.UUID) -> Response:
        lease = leases.own_lease(user=self.me, lease_id=lease_id)
        leases.check_live(lease)
        return bundle(request, lease)


class TakeAgainView(ApiView):
    @documented("Take an expired task again, with its draft", answers=io.BundleOut, also={409: ERROR})
    def post(self, request: Request, lease_id: uuid.UUID) -> Response:
        return bundle(request, returning_work.take_again(user=self.me, lease_id=lease_id))


class HeartbeatView(ApiView):
    @documented("Extend a lease", request=io.HeartbeatIn, answers=io.HeartbeatOut, also={410: ERROR})
    def post(self, request: Request, lease_id: uuid.UUID) -> Response:
        given = checked(io.HeartbeatIn, request)
        lease = leases.heartbeat(user=self.me, lease_id=lease_id, active_ms=given["active_ms"])
        elsewhere = browsers.enter(lease.pk, browser_of(request), takes_over=given["takes_over"])
        return Response({"expires_at": lease.expires_at, "is_elsewhere": elsewhere})


class DraftView(ApiView):
    @documented("Save a draft", request=io.DraftIn, answers=io.DraftOut, also=_STALE)
    def put(self, request: Request, lease_id: uuid.UUID) -> Response:
        given = checked(io.DraftIn, request)
        lease = drafts.save_draft(user=self.me, lease_id=lease_id, **given)
        return Response(
            {
                "revision": lease.revision,
                "saved_at": lease.draft_saved_at,
                "expires_at": lease.expires_at,
                "is_elsewhere": browsers.enter(lease.pk, browser_of(request)),
            }
        )


class SubmitView(ApiView):
    @documented(
        "Submit an answer",
        request=io.SubmitIn,
        answers=io.SubmitOut,
        status=201,
        also={200: io.SubmitOut, **_STALE},
        description="The same client_uuid again is answered 200 with the first result.",
    )
    def post(self, request: Request, lease_id: uuid.UUID) -> Response:
        given = checked(io.SubmitIn, request)
        origin = Submission.Origin.API if request.auth else Submission.Origin.WORKBENCH
        done = submissions.submit(user=self.me, lease_id=lease_id, origin=origin, **given)
        return Response(
            {"submission": done.submission.pk, "reopen_until": done.reopen_until}, status=201 if done.is_new else 200
        )


class SkipView(ApiView):
    @documented("Skip a task with a reason", request=io.SkipIn, also=_STALE)
    def post(self, request: Request, lease_id: uuid.UUID) -> Response:
        leases.skip_task(user=self.me, lease_id=lease_id, **checked(io.SkipIn, request))
        return Response({})


class ReleaseView(ApiView):
    @documented("Give a task back", also={410: ERROR})
    def post(self, request: Request, lease_id: uuid.UUID) -> Response:
        lease = leases.release_lease(user=self.me, lease_id=lease_id)
        browsers.leave(lease.pk, browser_of(request))
        return Response({})


class LeaveView(ApiView):
    @documented("Say that this window is closed; the lease stays")
    def post(self, request: Request, lease_id: uuid.UUID) -> Response:
        lease = leases.own_lease(user=self.me, lease_id=lease_id)
        browsers.leave(lease.pk, browser_of(request))
        return Response({})


class LeaseCommentsView(ApiView):
    @documented("Leave a note with the person of a lease", request=CommentIn, answers=CommentOut, status=201)
    def post(self, request: Request, lease_id: uuid.UUID) -> Response:
        task = leases.own_lease(user=self.me, lease_id=lease_id).task
        comment = tasks.add_comment(task=task, by=self.me, **checked(CommentIn, request))
        return Response(CommentOut(comment).data, status=201)


class ReopenView(ApiView):
    @documented("Reopen one's own fresh submission", answers=io.BundleOut, also={409: ERROR})
    def post(self, request: Request, submission_id: int) -> Response:
        return bundle(request, submissions.reopen_submission(user=self.me, submission_id=submission_id))


class LeaseImageView(ApiView):
    @documented("The crop of a lease, exactly crop.width x crop.height pixels", answers=bytes)
    def get(self, request: Request, lease_id: uuid.UUID) -> HttpResponseBase:
        lease = leases.own_lease(user=self.me, lease_id=lease_id)
        return picture_response(stored_crop(image=lease.task.person.image, crop=lease.shown_crop))


class LeaseSuperpixelsView(ApiView):
    @documented(
        "The edge-following regions of a lease's crop",
        answers=bytes,
        also={202: io.PreparingOut},
        description="202 while a worker still makes them: ask again in a moment.",
    )
    def get(self, request: Request, lease_id: uuid.UUID) -> HttpResponseBase:
        name = superpixels_of_lease(leases.own_lease(user=self.me, lease_id=lease_id))
        return Response({"state": "preparing"}, status=202) if name is None else picture_response(name)


class LeaseOutlineView(ApiView):
    @documented(
        "Where the person of a lease is known to be: a byte for each pixel of the crop, zlib",
        answers=bytes,
        description="204 where no outline came with the image.",
    )
    def get(self, request: Request, lease_id: uuid.UUID) -> HttpResponse:
        lease = leases.own_lease(user=self.me, lease_id=lease_id)
        outline = outline_in(lease.task.person, lease.shown_crop)
        if outline is None:
            return HttpResponse(status=204)
        return HttpResponse(pack(outline), content_type="application/octet-stream")


class LeaseSurroundingsView(ApiView):
    @documented("A small picture of what lies around the crop of a lease", answers=bytes)
    def get(self, request: Request, lease_id: uuid.UUID) -> HttpResponseBase:
        lease = leases.own_lease(user=self.me, lease_id=lease_id)
        return picture_response(stored_surroundings(image=lease.task.person.image, crop=lease.shown_crop))
