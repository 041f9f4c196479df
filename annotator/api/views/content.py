"""Images, people, tasks and submissions, for those who may look at everyone's work."""

from django.http import HttpResponseBase
from django.utils.cache import patch_cache_control
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from annotator.api.base import ERROR, ApiView, checked, documented, paged
from annotator.api.files import picture_response
from annotator.api.serializers import content as io
from annotator.api.serializers.projects import ArchiveIn, JobOut
from annotator.errors import InvalidInputError
from annotator.models import Stage, Submission, Task
from annotator.permissions import (
    check_allowed,
    may_browse,
    may_change_person,
    may_manage,
    may_review,
    membership_for,
    membership_of,
)
from annotator.selectors import scope
from annotator.services import acceptance, archives, images, people, tasks
from annotator.services.pictures import stored_thumbnail
from annotator.services.superpixels import prepare_person


class ImagesView(ApiView):
    @documented("List images", answers=io.ImageOut(many=True), paginated=True)
    def get(self, request: Request, project_id: int) -> Response:
        project = membership_for(self.me, project_id, may_browse).project
        return paged(self, scope.images_of(project), io.ImageOut)


class UploadView(ApiView):
    parser_classes = (MultiPartParser,)

    @documented(
        "Upload a JPEG, PNG or WebP picture",
        request={"multipart/form-data": io.ImageIn},
        answers=io.ImageOut,
        status=201,
        also={200: io.ImageOut, 413: ERROR},
    )
    def post(self, request: Request, project_id: int) -> Response:
        project = membership_for(self.me, project_id, may_manage).project
        given = checked(io.ImageIn, request)
        image, is_new = images.add_image(
            project=project,
            file_name=given["file"].name,
            content=given["file"],
            by=self.me,
            split=given["split"],
            group=given["group"],
        )
        return Response(io.ImageOut(image).data, status=201 if is_new else 200)


class ArchiveView(ApiView):
    parser_classes = (MultiPartParser,)

    @documented(
        "Upload a zip of pictures; a job unpacks it",
        request={"multipart/form-data": ArchiveIn},
        answers=JobOut,
        status=202,
        also={413: ERROR},
    )
    def post(self, request: Request, project_id: int) -> Response:
        project = membership_for(self.me, project_id, may_manage).project
        given = checked(ArchiveIn, request)
        job = archives.upload_archive(project=project, source=given["file"], by=self.me, split=given["split"])
        return Response(JobOut(job).data, status=202)


class ImageView(ApiView):
    @documented("Get an image", answers=io.ImageOut)
    def get(self, request: Request, image_id: int) -> Response:
        return Response(io.ImageOut(scope.image_for(self.me, image_id)).data)

    @documented("Delete an image that nobody has annotated or annotates", status=204)
    def delete(self, request: Request, image_id: int) -> Response:
        images.delete_image(image=scope.image_for(self.me, image_id, may_manage), by=self.me)
        return Response(status=204)


class ImageFileView(ApiView):
    @documented("The file of an image, as stored", answers=bytes)
    def get(self, request: Request, image_id: int) -> HttpResponseBase:
        return picture_response(str(scope.image_for(self.me, image_id).file.name))


class ImageThumbnailView(ApiView):
    @documented("A JPEG of an image, at most 320 pixels a side", answers=bytes)
    def get(self, request: Request, image_id: int) -> HttpResponseBase:
        return picture_response(stored_thumbnail(image=scope.image_for(self.me, image_id)))


class ImagePeopleView(ApiView):
    @documented("List the people of an image", answers=io.PersonOut(many=True))
    def get(self, request: Request, image_id: int) -> Response:
        image = scope.image_for(self.me, image_id)
        rows = image.people.filter(is_deleted=False).prefetch_related("tasks")
        return Response(io.PersonOut(rows, many=True).data)

    @documented("Draw a person", request=io.PersonIn, answers=io.PersonOut, status=201)
    def post(self, request: Request, image_id: int) -> Response:
        image = scope.image_for(self.me, image_id, may_review)
        person = people.create_person(image=image, by=self.me, **checked(io.PersonIn, request))
        prepare_person(person)
        return Response(io.PersonOut(person).data, status=201)


class PeopleView(ApiView):
    @documented("List people", answers=io.PersonOut(many=True), paginated=True)
    def get(self, request: Request, project_id: int) -> Response:
        project = membership_for(self.me, project_id, may_browse).project
        return paged(self, scope.people_of(project), io.PersonOut)


class PersonView(ApiView):
    @documented("Get a person", answers=io.PersonOut)
    def get(self, request: Request, person_id: int) -> Response:
        return Response(io.PersonOut(scope.person_for(self.me, person_id)).data)

    @documented(
        "Move, resize or mark a person; managers also confirm, delete and restore",
        request=io.PersonChangeIn,
        answers=io.PersonOut,
        also={409: ERROR},
    )
    def patch(self, request: Request, person_id: int) -> Response:
        person = scope.person_for(self.me, person_id)
        given = checked(io.PersonChangeIn, request, partial=True)
        check_allowed(may_change_person(membership_of(self.me, person.project_id), given))
        if "revision" not in given:
            raise InvalidInputError("revision is missing.", fields={"revision": ["Give the revision that you saw."]})
        revision = given.pop("revision")
        people.change_person(person_id=person_id, revision=revision, changes=given, by=self.me)
        return Response(io.PersonOut(scope.person_for(self.me, person_id)).data)


class PersonThumbnailView(ApiView):
    @documented("A JPEG of a person's crop, at most 320 pixels a side", answers=bytes)
    def get(self, request: Request, person_id: int) -> HttpResponseBase:
        person = scope.person_for(self.me, person_id)
        response = picture_response(stored_thumbnail(image=person.image, crop=person.crop()))
        # The address stays when the box moves, so a browser must ask again.
        del response["Cache-Control"]
        patch_cache_control(response, private=True, max_age=60)
        return response


class TasksView(ApiView):
    @documented("List tasks; filter by ?stage= and ?state=", answers=io.TaskOut(many=True), paginated=True)
    def get(self, request: Request, project_id: int) -> Response:
        project = membership_for(self.me, project_id, may_browse).project
        rows = Task.objects.filter(project=project).order_by("id")
        for name, known in (("stage", Stage.values), ("state", Task.State.values)):
            wanted = request.query_params.get(name)
            if wanted is not None and wanted not in known:
                raise InvalidInputError(f"{name} must be one of {', '.join(known)}.", fields={name: ["Unknown."]})
            if wanted is not None:
                rows = rows.filter(**{name: wanted})
        return paged(self, rows, io.TaskOut, filters=("stage", "state"))


class TaskView(ApiView):
    @documented("Get a task", answers=io.TaskOut)
    def get(self, request: Request, task_id: int) -> Response:
        return Response(io.TaskOut(scope.task_for(self.me, task_id)).data)

    @documented("Pause, take back into work, or change the priority", request=io.TaskChangeIn, answers=io.TaskOut,
                also={409: ERROR})  # fmt: skip
    def patch(self, request: Request, task_id: int) -> Response:
        task = scope.task_for(self.me, task_id, may_review)
        return Response(
            io.TaskOut(tasks.change_task(task=task, by=self.me, **checked(io.TaskChangeIn, request, partial=True))).data
        )


class CommentsView(ApiView):
    @documented("List the comments on a task", answers=io.CommentOut(many=True))
    def get(self, request: Request, task_id: int) -> Response:
        task = scope.task_for(self.me, task_id)
        return Response(io.CommentOut(task.comments.select_related("author"), many=True).data)

    @documented("Comment on a task, as a reviewer", request=io.CommentIn, answers=io.CommentOut, status=201)
    def post(self, request: Request, task_id: int) -> Response:
        task = scope.task_for(self.me, task_id, may_review)
        comment = tasks.add_comment(task=task, by=self.me, **checked(io.CommentIn, request))
        return Response(io.CommentOut(comment).data, status=201)


class SubmissionsView(ApiView):
    @documented("List submissions, newest first", answers=io.SubmissionOut(many=True), paginated=True)
    def get(self, request: Request, project_id: int) -> Response:
        project = membership_for(self.me, project_id, may_browse).project
        return paged(self, scope.submissions_of(project).order_by("-id"), io.SubmissionOut)


class MySubmissionsView(ApiView):
    @documented("List one's own submissions, newest first", answers=io.OwnSubmissionOut(many=True), paginated=True)
    def get(self, request: Request, project_id: int) -> Response:
        project = membership_for(self.me, project_id).project
        rows = scope.submissions_of(project).filter(annotator=self.me).order_by("-id")
        return paged(self, rows, io.OwnSubmissionOut)


class SubmissionView(ApiView):
    @documented(
        "Get a submission with its answer",
        answers=io.SubmissionDetailOut,
        description="Its author, who may not browse the project, gets what `submissions/mine` tells, and the answer.",
    )
    def get(self, request: Request, submission_id: int) -> Response:
        submission = scope.submission_for(self.me, submission_id)
        browses = may_browse(membership_of(self.me, submission.task.project_id))
        return Response((io.SubmissionDetailOut if browses else io.OwnSubmissionDetailOut)(submission).data)


class AcceptView(ApiView):
    @documented("Accept a submission", answers=io.ConsensusOut, also={409: ERROR})
    def post(self, request: Request, submission_id: int) -> Response:
        consensus = acceptance.accept_submission(user=self.me, submission_id=submission_id)
        return Response(io.ConsensusOut(consensus).data)


class SendBackView(ApiView):
    @documented("Send a submission back to its author with a note", request=io.NoteIn, answers=io.SubmissionOut,
                also={409: ERROR})  # fmt: skip
    def post(self, request: Request, submission_id: int) -> Response:
        acceptance.send_back(user=self.me, submission_id=submission_id, **checked(io.NoteIn, request))
        row = scope.submissions_of(Submission.objects.get(pk=submission_id).task.project).get(pk=submission_id)
        return Response(io.SubmissionOut(row).data)
