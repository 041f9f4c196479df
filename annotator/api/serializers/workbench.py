"""Input and output of the workbench's calls. Drafts and answers are checked by the services, which know the stage."""

from typing import Any

from rest_framework import serializers

from annotator.models import Stage
from annotator.services.leases import SKIP_REASONS


class ErrorOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()
    fields_ = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `fields` is a name of Serializer itself, so the member is declared under another one.
        found = super().get_fields()
        found["fields"] = found.pop("fields_")
        return found


class NextIn(serializers.Serializer[Any]):
    stage = serializers.ChoiceField(choices=Stage.values)
    holding = serializers.ListField(child=serializers.UUIDField(), max_length=20, default=list)


class HeartbeatIn(serializers.Serializer[Any]):
    active_ms = serializers.IntegerField(min_value=0, default=0)
    takes_over = serializers.BooleanField(default=False, help_text="This window goes on, whichever had the lease open.")


class HeartbeatOut(serializers.Serializer[Any]):
    expires_at = serializers.DateTimeField()
    is_elsewhere = serializers.BooleanField(help_text="Another window has it open.")


class DraftIn(serializers.Serializer[Any]):
    revision = serializers.IntegerField(min_value=0, help_text="The revision that the draft was made from.")
    active_ms = serializers.IntegerField(min_value=0, default=0)
    draft = serializers.JSONField()


class DraftOut(serializers.Serializer[Any]):
    revision = serializers.IntegerField()
    saved_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    is_elsewhere = serializers.BooleanField()


class SubmitIn(serializers.Serializer[Any]):
    client_uuid = serializers.UUIDField()
    active_ms = serializers.IntegerField(min_value=0, default=0)
    answer = serializers.JSONField()


class SubmitOut(serializers.Serializer[Any]):
    submission = serializers.IntegerField()
    reopen_until = serializers.DateTimeField()


class SkipIn(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(choices=SKIP_REASONS)
    note = serializers.CharField(max_length=500, allow_blank=True, default="")


class LeaseOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    expires_at = serializers.DateTimeField()
    revision = serializers.IntegerField()
    active_ms = serializers.IntegerField()
    heartbeat_s = serializers.IntegerField()
    is_elsewhere = serializers.BooleanField(help_text="Another window has it open.")


class EmptyOut(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(
        choices=["none_open", "all_yours_done", "waits_for_parts", "paused", "views_preparing", "qualification"]
    )
    message = serializers.CharField()
    url = serializers.CharField(allow_null=True, help_text="Where to go instead, e.g. to the tutorial.")


class ProjectRefOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class CropOut(serializers.Serializer[Any]):
    x = serializers.IntegerField()
    y = serializers.IntegerField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()


class PointsOut(serializers.Serializer[Any]):
    key = serializers.ListField(child=serializers.IntegerField())
    x = serializers.ListField(child=serializers.FloatField())
    y = serializers.ListField(child=serializers.FloatField())
    part = serializers.ListField(child=serializers.IntegerField())


_SOURCES = ["keypoints", "model", "previous"]


class SuggestionOut(serializers.Serializer[Any]):
    source = serializers.ChoiceField(_SOURCES)  # type: ignore[assignment]  # a name of Field, and of the contract
    label_map = serializers.CharField()


class SurroundingsOut(serializers.Serializer[Any]):
    """A picture of more than the crop, smaller than its own crop is."""

    url = serializers.CharField()
    crop = CropOut()


class PreparingOut(serializers.Serializer[Any]):
    """What was asked for is being made."""

    state = serializers.CharField()


class ProposedPointOut(serializers.Serializer[Any]):
    triangle = serializers.IntegerField(help_text="Of the whole body.")
    weights = serializers.ListField(child=serializers.FloatField(), min_length=3, max_length=3)


class ProposalOut(serializers.Serializer[Any]):
    source = serializers.ChoiceField(_SOURCES)  # type: ignore[assignment]  # as above
    points = serializers.DictField(child=ProposedPointOut(), help_text="By point key.")


class BundleOut(serializers.Serializer[Any]):
    """A leased task with all that the workbench shows; `lease` is null where the queue is empty."""

    lease = LeaseOut(allow_null=True)
    empty = EmptyOut(required=False)
    stage = serializers.ChoiceField(choices=Stage.values, required=False)
    project = ProjectRefOut(required=False)
    done_today = serializers.IntegerField(required=False)
    image_url = serializers.CharField(required=False)
    surroundings = SurroundingsOut(required=False)
    superpixels_url = serializers.CharField(required=False)
    outline_url = serializers.CharField(required=False)
    crop = CropOut(required=False)
    box = serializers.ListField(child=serializers.FloatField(), min_length=4, max_length=4, required=False)
    keypoints = serializers.ListField(child=serializers.FloatField(), allow_null=True, required=False)
    draft = serializers.JSONField(required=False)
    sent_back = serializers.DictField(child=serializers.CharField(), allow_null=True, required=False)
    suggestion = SuggestionOut(allow_null=True, required=False)
    training = serializers.ChoiceField(choices=["tutorial", "exam"], allow_null=True, required=False)
    points = PointsOut(required=False)
    proposal = ProposalOut(allow_null=True, required=False)
    label_map = serializers.CharField(allow_null=True, required=False)
    views = serializers.DictField(child=serializers.DictField(child=serializers.CharField()), required=False)
