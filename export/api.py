"""Imports and releases over the API. A release is made by POST and never by GET; its finished files can be fetched."""

import uuid
from typing import Any

from django.http import FileResponse
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from annotator.api.base import ApiView, checked, documented
from annotator.errors import ConflictError, NotFoundError
from annotator.models import Split
from annotator.permissions import may_engineer, membership_for
from annotator.storage import open_stored
from export.models import Format, Release
from export.services.import_jobs import start_import
from export.services.releases import MANIFEST_NAME, create_release, delete_release


class ReleaseIn(serializers.Serializer[dict[str, Any]]):
    format = serializers.ChoiceField(choices=Format.choices, default=Format.CHARTS)
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    only_annotated = serializers.BooleanField(default=False)
    has_images = serializers.BooleanField(default=False)


class ReleaseOut(serializers.ModelSerializer[Release]):
    class Meta:
        model = Release
        fields = (
            "id", "number", "note", "format", "only_annotated", "has_images", "manifest", "job", "created_at",
            "finished_at",
        )  # fmt: skip


class ImportIn(serializers.Serializer[dict[str, Any]]):
    annotations = serializers.FileField(help_text="COCO instances, COCO keypoints or DensePose-COCO JSON")
    images = serializers.FileField(required=False, help_text="a zip of the images; without it they are matched by name")
    split = serializers.ChoiceField(choices=Split.choices, default=Split.TRAIN)


class ImportOut(serializers.Serializer[dict[str, Any]]):
    job = serializers.UUIDField()


class ReleasesView(ApiView):
    @documented("List a project's releases, newest first", answers=ReleaseOut(many=True))
    def get(self, request: Request, project_id: int) -> Response:
        membership_for(self.me, project_id, may_engineer)
        return Response(ReleaseOut(Release.objects.filter(project_id=project_id), many=True).data)

    @documented("Make a release; a job writes it", request=ReleaseIn, answers=ReleaseOut, status=201)
    def post(self, request: Request, project_id: int) -> Response:
        membership = membership_for(self.me, project_id, may_engineer)
        given = checked(ReleaseIn, request)
        release = create_release(project=membership.project, by=self.me, fmt=given.pop("format"), **given)
        return Response(ReleaseOut(release).data, status=201)


class ReleaseView(ApiView):
    @documented("Get a release", answers=ReleaseOut)
    def get(self, request: Request, release_id: uuid.UUID) -> Response:
        return Response(ReleaseOut(readable_release(self.me, release_id)).data)

    @documented("Delete a release and its files", status=204)
    def delete(self, request: Request, release_id: uuid.UUID) -> Response:
        delete_release(release=readable_release(self.me, release_id), by=self.me)
        return Response(status=204)


class ReleaseFileView(ApiView):
    @documented("A file of a finished release, by the name in its manifest", answers=bytes)
    def get(self, request: Request, release_id: uuid.UUID, name: str) -> FileResponse:
        return release_file_response(readable_release(self.me, release_id), name)


class ImportsView(ApiView):
    parser_classes = (MultiPartParser,)

    @documented("Import a COCO file; a job takes it in", request=ImportIn, answers=ImportOut, status=202)
    def post(self, request: Request, project_id: int) -> Response:
        membership = membership_for(self.me, project_id, may_engineer)
        given = checked(ImportIn, request)
        job = start_import(
            project=membership.project,
            by=self.me,
            annotations=given["annotations"],
            images=given.get("images"),
            split=given["split"],
        )
        return Response({"job": job.pk}, status=202)


def readable_release(user: Any, release_id: uuid.UUID) -> Release:
    """Return a release that the user may read.

    Raises:
        NotFoundError, NotAllowedError: as for its project.
    """
    release = get_object_or_404(Release.objects.select_related("project"), pk=release_id)
    membership_for(user, release.project_id, may_engineer)
    return release


def release_file_response(release: Release, name: str) -> FileResponse:
    """Return a file of a finished release for download.

    Raises:
        ConflictError: the release is not finished.
        NotFoundError: its manifest has no such file.
    """
    if not release.is_finished:
        raise ConflictError("This release is still being written.", code="release_not_finished")
    if name not in {MANIFEST_NAME, *(entry["name"] for entry in release.manifest["files"])}:
        raise NotFoundError(f"Release {release.number} has no file {name[:80]!r}.")
    kind = "application/zip" if name.endswith(".zip") else "application/json"
    download = f"release-{release.number}-{name}"
    return FileResponse(
        open_stored(f"{release.folder}/{name}"), content_type=kind, as_attachment=True, filename=download
    )
