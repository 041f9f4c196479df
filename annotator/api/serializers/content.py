"""Images, people, tasks, submissions."""

from typing import Any, ClassVar

from django.urls import reverse
from rest_framework import serializers

from annotator.models import Comment, Image, Person, Split, Submission, Task
from annotator.services.drafts import draft_of_submission


class ImageOut(serializers.ModelSerializer[Any]):
    file_url = serializers.SerializerMethodField()
    thumbnail_url = serializers.SerializerMethodField()
    people = serializers.IntegerField(source="n_people", default=0, read_only=True)

    class Meta:
        model = Image
        fields: ClassVar = [
            "id", "file_name", "width", "height", "split", "group", "state", "source_id", "people", "file_url",
            "thumbnail_url", "created_at",
        ]  # fmt: skip

    def get_file_url(self, image: Image) -> str:
        return reverse("api-image-file", args=[image.pk])

    def get_thumbnail_url(self, image: Image) -> str:
        return reverse("api-image-thumbnail", args=[image.pk])


class ImageIn(serializers.Serializer[Any]):
    file = serializers.FileField()
    split = serializers.ChoiceField(choices=Split.values, default=Split.TRAIN)
    group = serializers.CharField(max_length=120, allow_blank=True, default="")


class PersonOut(serializers.ModelSerializer[Any]):
    image_id = serializers.IntegerField()
    box = serializers.SerializerMethodField()
    tasks = serializers.SerializerMethodField()
    thumbnail_url = serializers.SerializerMethodField()

    class Meta:
        model = Person
        fields: ClassVar = [
            "id", "image_id", "box", "is_crowd", "is_ignored", "is_proposed", "is_deleted", "source_id", "revision",
            "tasks", "thumbnail_url", "created_at",
        ]  # fmt: skip

    def get_box(self, person: Person) -> list[float]:
        return person.box.to_xywh()

    def get_tasks(self, person: Person) -> dict[str, Any]:
        return {task.stage: {"id": task.pk, "state": task.state} for task in person.tasks.all()}

    def get_thumbnail_url(self, person: Person) -> str:
        return reverse("api-person-thumbnail", args=[person.pk])


class BoxField(serializers.ListField):
    """x, y, width, height in image pixels."""

    child = serializers.FloatField()

    def __init__(self, **more: Any) -> None:
        super().__init__(min_length=4, max_length=4, **more)


class PersonIn(serializers.Serializer[Any]):
    box = BoxField()
    is_crowd = serializers.BooleanField(default=False)
    is_ignored = serializers.BooleanField(default=False)


class PersonChangeIn(serializers.Serializer[Any]):
    revision = serializers.IntegerField(min_value=1)
    box = BoxField(required=False)
    is_crowd = serializers.BooleanField(required=False)
    is_ignored = serializers.BooleanField(required=False)
    is_proposed = serializers.BooleanField(required=False)
    is_deleted = serializers.BooleanField(required=False)


class TaskOut(serializers.ModelSerializer[Any]):
    person_id = serializers.IntegerField()

    class Meta:
        model = Task
        fields: ClassVar = ["id", "person_id", "stage", "state", "overlap", "priority", "created_at", "updated_at"]


class TaskChangeIn(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=["open", "paused"], required=False)
    priority = serializers.IntegerField(min_value=-1000, max_value=1000, required=False)


class SubmissionOut(serializers.ModelSerializer[Any]):
    annotator = serializers.SerializerMethodField()
    stage = serializers.CharField(source="task.stage")
    task_id = serializers.IntegerField()
    person_id = serializers.IntegerField(source="task.person_id")
    supersedes_id = serializers.IntegerField(allow_null=True)
    sent_back = serializers.SerializerMethodField()

    class Meta:
        model = Submission
        fields: ClassVar = [
            "id", "task_id", "person_id", "stage", "annotator", "origin", "active_ms", "supersedes_id", "sent_back",
            "created_at",
        ]  # fmt: skip

    def get_annotator(self, submission: Submission) -> str | None:
        return submission.annotator.username if submission.annotator else None

    def get_sent_back(self, submission: Submission) -> str | None:
        sent_back = getattr(submission, "sent_back", None)
        return sent_back.note if sent_back else None


class OwnSubmissionOut(SubmissionOut):
    """An answer as its author sees it, under its lease: numbers of tasks and people would tell checks from work."""

    lease_id = serializers.UUIDField(allow_null=True)

    class Meta(SubmissionOut.Meta):
        fields: ClassVar = [
            "id", "lease_id", "stage", "annotator", "origin", "active_ms", "supersedes_id", "sent_back", "created_at",
        ]  # fmt: skip


class SubmissionDetailOut(SubmissionOut):
    answer = serializers.SerializerMethodField()

    class Meta(SubmissionOut.Meta):
        fields: ClassVar = [*SubmissionOut.Meta.fields, "provenance", "answer"]

    def get_answer(self, submission: Submission) -> dict[str, Any]:
        return draft_of_submission(submission)


class OwnSubmissionDetailOut(OwnSubmissionOut):
    """Without the provenance, which numbers what was proposed."""

    answer = serializers.SerializerMethodField()

    class Meta(OwnSubmissionOut.Meta):
        fields: ClassVar = [*OwnSubmissionOut.Meta.fields, "answer"]

    def get_answer(self, submission: Submission) -> dict[str, Any]:
        return draft_of_submission(submission)


class NoteIn(serializers.Serializer[Any]):
    note = serializers.CharField(max_length=1000)


class ConsensusOut(serializers.Serializer[Any]):
    person_id = serializers.IntegerField()
    stage = serializers.CharField()
    method = serializers.CharField()
    submission_id = serializers.IntegerField(allow_null=True)
    accepted_at = serializers.DateTimeField()


class CommentIn(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=1000)


class CommentOut(serializers.ModelSerializer[Any]):
    author = serializers.CharField(source="author.username")

    class Meta:
        model = Comment
        fields: ClassVar = ["id", "author", "text", "created_at"]
