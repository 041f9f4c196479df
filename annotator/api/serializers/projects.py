"""Projects, members, invitations, examples, events, jobs."""

from typing import Any, ClassVar

from django.urls import reverse
from rest_framework import serializers

from annotator.models import Event, ExamplePicture, Invitation, Job, Membership, Project, Role, Split
from annotator.services.projects import EDITABLE


class ProjectOut(serializers.ModelSerializer[Any]):
    class Meta:
        model = Project
        fields: ClassVar = ["id", *EDITABLE, "surface_hash", "created_at"]


class ProjectForAnnotatorOut(serializers.ModelSerializer[Any]):
    """Without the rates: how often gold comes is nobody's business who is measured by it."""

    class Meta:
        model = Project
        fields: ClassVar = ["id", "name", "instructions", "lease_minutes", "reopen_minutes", "is_archived"]


class ProjectListOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    role = serializers.CharField()
    is_archived = serializers.BooleanField()
    progress = serializers.DictField(child=serializers.DictField(child=serializers.IntegerField()))


class ProjectIn(serializers.ModelSerializer[Any]):
    class Meta:
        model = Project
        fields: ClassVar = list(EDITABLE)


class MemberOut(serializers.ModelSerializer[Any]):
    user_id = serializers.IntegerField()
    username = serializers.CharField(source="user.username")
    display_name = serializers.CharField(source="user.display_name")
    is_active = serializers.BooleanField(source="user.is_active")

    class Meta:
        model = Membership
        fields: ClassVar = [
            "user_id", "username", "display_name", "role", "is_guest", "is_paused", "pause_reason", "is_active",
            "joined_at",
        ]  # fmt: skip


class NewMemberIn(serializers.Serializer[Any]):
    account = serializers.CharField(max_length=254, help_text="exact user name, or e-mail address")
    role = serializers.ChoiceField(choices=Role.values)


class MemberIn(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=Role.values, required=False)
    is_paused = serializers.BooleanField(required=False)
    pause_reason = serializers.CharField(max_length=500, allow_blank=True, required=False)


class AccountStateIn(serializers.Serializer[Any]):
    is_active = serializers.BooleanField()


class TemporaryPasswordOut(serializers.Serializer[Any]):
    password = serializers.CharField(help_text="Shown once: tell it to the person.")


class InvitationIn(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=Role.values)
    uses = serializers.IntegerField(min_value=1, max_value=500, default=1)
    days = serializers.IntegerField(min_value=1, max_value=90, default=7)
    note = serializers.CharField(max_length=120, allow_blank=True, default="")


class InvitationOut(serializers.ModelSerializer[Any]):
    class Meta:
        model = Invitation
        fields: ClassVar = ["id", "role", "note", "uses_left", "expires_at", "created_at"]


class NewInvitationOut(InvitationOut):
    secret = serializers.CharField(help_text="The last part of the link; shown once.")

    class Meta(InvitationOut.Meta):
        fields: ClassVar = [*InvitationOut.Meta.fields, "secret"]


class SecretIn(serializers.Serializer[Any]):
    secret = serializers.CharField(max_length=200)


class JoinedOut(serializers.Serializer[Any]):
    project = serializers.IntegerField()
    role = serializers.CharField()


class ExampleIn(serializers.Serializer[Any]):
    file = serializers.FileField()
    is_good = serializers.BooleanField()
    caption = serializers.CharField(max_length=200, allow_blank=True, default="")


class ExampleOut(serializers.ModelSerializer[Any]):
    url = serializers.SerializerMethodField()

    class Meta:
        model = ExamplePicture
        fields: ClassVar = ["id", "caption", "is_good", "position", "url"]

    def get_url(self, example: ExamplePicture) -> str:
        return reverse("api-example-file", args=[example.pk])


class EventOut(serializers.ModelSerializer[Any]):
    actor = serializers.SerializerMethodField()

    class Meta:
        model = Event
        fields: ClassVar = ["id", "verb", "actor", "object_type", "object_id", "before", "after", "created_at"]

    def get_actor(self, event: Event) -> str | None:
        return event.actor.username if event.actor else None


class JobOut(serializers.ModelSerializer[Any]):
    class Meta:
        model = Job
        fields: ClassVar = [
            "id", "kind", "project", "state", "progress_done", "progress_total", "message", "result", "error",
            "attempts", "created_at", "started_at", "finished_at",
        ]  # fmt: skip

    def to_representation(self, instance: Job) -> dict[str, Any]:
        shown = super().to_representation(instance)
        # The first paragraph is for people; what follows is a traceback for the log.
        shown["error"] = instance.error.split("\n\n")[0]
        return shown


class ArchiveIn(serializers.Serializer[Any]):
    file = serializers.FileField()
    split = serializers.ChoiceField(choices=Split.values, default=Split.TRAIN)


class ProgressOut(serializers.Serializer[Any]):
    tasks = serializers.DictField(child=serializers.DictField(child=serializers.IntegerField()))
    days = serializers.ListField(child=serializers.DictField())
    annotators = serializers.ListField(child=serializers.DictField())
