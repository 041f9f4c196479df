"""Forms of a project's settings. Ranges and meanings come from the model."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from annotator.errors import InvalidInputError
from annotator.models import Project


class ProjectSettingsForm(forms.ModelForm):  # type: ignore[type-arg] # not subscriptable at run time
    """What a manager sets; labels say what it means for those who annotate."""

    class Meta:
        model = Project
        fields: ClassVar = [
            "name", "instructions", "parts_overlap", "correspondence_overlap", "max_answers",
            "agreement_bar_cm", "disputed_bar", "merges_by", "is_review_required", "gold_rate",
            "lease_minutes", "reopen_minutes", "assistance_share", "preannotates",
            "orders_by_uncertainty", "requires_qualification", "is_archived",
        ]  # fmt: skip
        labels: ClassVar[dict[str, Any]] = {
            "name": _("Name"),
            "instructions": _("Instructions"),
            "parts_overlap": _("Answers wanted for parts"),
            "correspondence_overlap": _("Answers wanted for points"),
            "max_answers": _("Answers at most where they disagree"),
            "agreement_bar_cm": _("Centimetres within which two answers to a point agree"),
            "disputed_bar": _("Share of a person that may be disputed"),
            "merges_by": _("Parts of several answers become one by"),
            "is_review_required": _("A reviewer accepts each answer"),
            "gold_rate": _("Share of checks"),
            "lease_minutes": _("Minutes a person is kept for an annotator"),
            "reopen_minutes": _("Minutes in which a submitted answer can be reopened"),
            "assistance_share": _("Share of people shown with suggestions"),
            "preannotates": _("New people get proposals by themselves"),
            "orders_by_uncertainty": _("People that the model is least sure of come first"),
            "requires_qualification": _("Annotators pass an exam before they get real people"),
            "is_archived": _("Archived: nobody gets tasks"),
        }
        help_texts: ClassVar[dict[str, Any]] = {
            "instructions": _("Plain text; blank lines part paragraphs."),
            "parts_overlap": _("1 to 20 people paint the same person."),
            "correspondence_overlap": _("1 to 20 people answer the same points."),
            "max_answers": _("One more is asked for, up to so many; then a reviewer decides."),
            "disputed_bar": _("0 to 1. Above it, answers are not merged by themselves."),
            "merges_by": _("Reliability is estimated from three answers on; two are put to the vote."),
            "gold_rate": _("0 to 0.5: people with known truth, mixed in unseen."),
            "lease_minutes": _("2 to 1440; work extends it by itself."),
            "requires_qualification": _("A tutorial and an exam on rendered people; the bars are on this page."),
            "assistance_share": _("0 never, 1 always; in between to measure what suggestions change."),
        }
        widgets: ClassVar[dict[str, Any]] = {
            "instructions": forms.Textarea(attrs={"rows": 10}),
            "gold_rate": forms.NumberInput(attrs={"step": "0.01", "min": 0, "max": 0.5}),
            "agreement_bar_cm": forms.NumberInput(attrs={"step": "0.5", "min": 1, "max": 50}),
            "disputed_bar": forms.NumberInput(attrs={"step": "0.05", "min": 0, "max": 1}),
            "assistance_share": forms.NumberInput(attrs={"step": "0.05", "min": 0, "max": 1}),
        }


class ExampleForm(forms.Form):
    """A picture for the guide."""

    file = forms.FileField(label=_("Picture"))
    caption = forms.CharField(label=_("Caption"), max_length=200, required=False)
    is_good = forms.TypedChoiceField(
        label=_("Shows"),
        choices=[("1", _("how it is right")), ("0", _("how it is wrong"))],
        coerce=lambda value: value == "1",
    )

    def raise_first_error(self) -> None:
        """Raise what is wrong with an invalid form as an error of the domain."""
        for name, messages in self.errors.items():
            raise InvalidInputError(f"{self.fields[name].label}: {messages[0]}")
