"""Accounts and tokens."""

from typing import Any, ClassVar

from django.conf import settings
from rest_framework import serializers

from annotator.models import ApiToken, User


class MeOut(serializers.ModelSerializer[Any]):
    class Meta:
        model = User
        fields: ClassVar = [
            "id", "username", "display_name", "language", "theme", "key_bindings", "workbench_settings", "is_staff",
        ]  # fmt: skip


class MeIn(serializers.Serializer[Any]):
    display_name = serializers.CharField(max_length=80, allow_blank=True)
    language = serializers.ChoiceField(choices=["", *(code for code, _name in settings.LANGUAGES)])
    theme = serializers.ChoiceField(choices=User.Theme.values)
    key_bindings = serializers.DictField()
    workbench_settings = serializers.DictField()


class TokenOut(serializers.ModelSerializer[Any]):
    class Meta:
        model = ApiToken
        fields: ClassVar = ["id", "name", "hint", "created_at", "last_used_at", "expires_at"]


class TokenIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=80)
    days = serializers.IntegerField(min_value=1, max_value=3650, allow_null=True, default=None)


class NewTokenOut(TokenOut):
    token = serializers.CharField(help_text="Shown once; only its hash is kept.")

    class Meta(TokenOut.Meta):
        fields: ClassVar = [*TokenOut.Meta.fields, "token"]
