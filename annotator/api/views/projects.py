"""Projects: list, make, change, progress, instructions with examples, the trail of events, jobs."""

import uuid

from django.http import HttpResponseBase
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from annotator.api.base import ERROR, ApiView, checked, documented, paged
from annotator.api.files import picture_response
from annotator.api.serializers import projects as io
from annotator.errors import NotAllowedError
from annotator.models import Event, Job
from annotator.permissions import (
    can_create_projects,
    check_allowed,
    is_member,
    may_browse,
    may_cancel,
    may_manage,
    membership_for,
    membership_of,
)
from annotator.selectors import progress, scope
from annotator.services import jobs, projects


class ProjectsView(ApiView):
    @documented(
        "List one's own projects with progress",
        answers=io.ProjectListOut(many=True),
        description="Annotators are told the progress once a day.",
    )
    def get(self, request: Request) -> Response:
        memberships = list(scope.projects_of(self.me))
        told = progress.progress_for(memberships)
        return Response(
            [
                {
                    "id": membership.project_id,
                    "name": membership.project.name,
                    "role": membership.role,
                    "is_archived": membership.project.is_archived,
                    "progress": told[membership.project_id][0],
                }
                for membership in memberships
            ]
        )

    @documented("Make a project (staff)", request=io.ProjectIn, answers=io.ProjectOut, status=201)
    def post(self, request: Request) -> Response:
        if not can_create_projects(self.me):
            raise NotAllowedError("Only staff of the site make projects: ask an administrator.")
        project = projects.create_project(by=self.me, **checked(io.ProjectIn, request))
        return Response(io.ProjectOut(project).data, status=201)


class ProjectView(ApiView):
    @documented("Get a project; annotators see what concerns them", answers=io.ProjectOut)
    def get(self, request: Request, project_id: int) -> Response:
        membership = membership_for(self.me, project_id, is_member)
        shown = io.ProjectOut if may_browse(membership) else io.ProjectForAnnotatorOut
        return Response({**shown(membership.project).data, "role": membership.role})

    @documented("Change a project's settings", request=io.ProjectIn, answers=io.ProjectOut)
    def patch(self, request: Request, project_id: int) -> Response:
        project = membership_for(self.me, project_id, may_manage).project
        given = checked(io.ProjectIn, request, partial=True)
        return Response(io.ProjectOut(projects.change_project(project=project, by=self.me, **given)).data)


class ProgressView(ApiView):
    @documented("Tasks by stage and state, submissions a day, figures of each annotator", answers=io.ProgressOut)
    def get(self, request: Request, project_id: int) -> Response:
        project = membership_for(self.me, project_id, may_browse).project
        return Response(
            {
                "tasks": progress.task_counts([project.pk])[project.pk],
                "days": progress.throughput_for_project(project),
                "annotators": progress.annotator_figures(project),
            }
        )


class ExamplesView(ApiView):
    @documented("List the example pictures of the instructions", answers=io.ExampleOut(many=True))
    def get(self, request: Request, project_id: int) -> Response:
        project = membership_for(self.me, project_id).project
        return Response(io.ExampleOut(project.examples.all(), many=True).data)


class NewExampleView(ApiView):
    parser_classes = (MultiPartParser,)

    @documented(
        "Add an example picture", request={"multipart/form-data": io.ExampleIn}, answers=io.ExampleOut, status=201
    )
    def post(self, request: Request, project_id: int) -> Response:
        project = membership_for(self.me, project_id, may_manage).project
        given = checked(io.ExampleIn, request)
        example = projects.add_example(
            project=project, source=given["file"], is_good=given["is_good"], caption=given["caption"], by=self.me
        )
        return Response(io.ExampleOut(example).data, status=201)


class ExampleView(ApiView):
    @documented("Remove an example picture", status=204)
    def delete(self, request: Request, example_id: uuid.UUID) -> Response:
        example = scope.example_for(self.me, example_id)
        project = membership_for(self.me, example.project_id, may_manage).project
        projects.remove_example(project=project, example_id=example_id, by=self.me)
        return Response(status=204)


class ExampleFileView(ApiView):
    @documented("The picture of an example", answers=bytes)
    def get(self, request: Request, example_id: uuid.UUID) -> HttpResponseBase:
        return picture_response(str(scope.example_for(self.me, example_id).file.name))


class EventsView(ApiView):
    @documented("The trail of a project, newest first", answers=io.EventOut(many=True), paginated=True)
    def get(self, request: Request, project_id: int) -> Response:
        project = membership_for(self.me, project_id, may_manage).project
        events = Event.objects.filter(project=project).select_related("actor").order_by("-id")
        return paged(self, events, io.EventOut)


class JobsView(ApiView):
    @documented("The newest 100 jobs of a project", answers=io.JobOut(many=True))
    def get(self, request: Request, project_id: int) -> Response:
        project = membership_for(self.me, project_id, may_browse).project
        return Response(io.JobOut(Job.objects.filter(project=project)[:100], many=True).data)


class JobView(ApiView):
    @documented("How a job gets on", answers=io.JobOut)
    def get(self, request: Request, job_id: uuid.UUID) -> Response:
        return Response(io.JobOut(scope.job_for(self.me, job_id)).data)


class JobCancelView(ApiView):
    @documented("Cancel a job: one's own; managers also others'", answers=io.JobOut, also={409: ERROR})
    def post(self, request: Request, job_id: uuid.UUID) -> Response:
        job = scope.job_for(self.me, job_id)
        if job.project_id is None:
            raise NotAllowedError("This job serves the whole site and cannot be cancelled here.")
        check_allowed(may_cancel(membership_of(self.me, job.project_id), job))
        return Response(io.JobOut(jobs.cancel_job(job=job, by=self.me)).data)
