"""The form of a project's bars: tutorial, exam, running checks."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from annotator.errors import InvalidInputError
from qa.models import QualityPolicy
from qa.services.policies import EDITABLE


def _share() -> forms.NumberInput:
    return forms.NumberInput(attrs={"step": "0.01", "min": 0, "max": 1})


class QualityPolicyForm(forms.ModelForm):  # type: ignore[type-arg] # not subscriptable at run time
    """What a manager asks of annotators."""

    class Meta:
        model = QualityPolicy
        fields: ClassVar = list(EDITABLE)
        labels: ClassVar[dict[str, Any]] = {
            "tutorial_people": _("People in the tutorial"),
            "exam_people": _("People in the exam"),
            "exam_iou": _("Exam: mean IoU of parts"),
            "exam_auc10": _("Exam: AUC@10 cm of points"),
            "exam_attempts": _("Attempts at the exam"),
            "exam_wait_hours": _("Hours between attempts"),
            "pauses_below_bar": _("Pause an annotator whose checks are below the bar"),
            "requeues_below_bar": _("Then ask for second answers to what came since the last good check"),
            "check_iou": _("Bar: mean IoU of parts"),
            "check_auc10": _("Bar: AUC@10 cm of points"),
            "check_window": _("Checks that are looked at"),
            "check_minimum": _("Checks needed before anyone is paused"),
        }
        help_texts: ClassVar[dict[str, Any]] = {
            "tutorial_people": _("1 to 10, each painted and then placed."),
            "exam_auc10": _("Published for humans on renders: 0.563."),
            "check_window": _("The mean of the latest so many, by stage."),
        }
        widgets: ClassVar[dict[str, Any]] = {
            name: _share() for name in ("exam_iou", "exam_auc10", "check_iou", "check_auc10")
        }

    def raise_first_error(self) -> None:
        """Raise what is wrong with an invalid form as an error of the domain."""
        for name, texts in self.errors.items():
            label = self.fields[name].label if name in self.fields else ""
            raise InvalidInputError(f"{label}: {texts[0]}".strip(": "))
