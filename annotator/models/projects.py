"""Projects, their members, invitations and example pictures."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


class Merging(models.TextChoices):
    """How several label maps become one: labels.voting."""

    VOTE = "vote", _("Weighted vote")
    STAPLE = "staple", _("Estimated reliability (STAPLE)")


class Project(models.Model):
    """A body of work: instructions, surface, overlap, rates, members."""

    name = models.CharField(max_length=120)
    instructions = models.TextField(
        blank=True, help_text=_("Shown to annotators; plain text, blank lines part paragraphs.")
    )
    # Hash of the canonical body whose views are shown; body.canonical gives the current one.
    surface_hash = models.CharField(max_length=64)
    parts_overlap = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    correspondence_overlap = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    is_review_required = models.BooleanField(default=False)
    # Several answers are merged where they agree. A point is disputed where no place has most answers within this
    # many cm on the surface; where more than `disputed_bar` of a person's pixels or points is disputed, one more answer
    # is asked for, up to `max_answers`; after that a reviewer decides.
    agreement_bar_cm = models.FloatField(default=10.0, validators=[MinValueValidator(1), MaxValueValidator(50)])
    disputed_bar = models.FloatField(default=0.25, validators=[MinValueValidator(0), MaxValueValidator(1)])
    max_answers = models.PositiveSmallIntegerField(default=3, validators=[MinValueValidator(1), MaxValueValidator(20)])
    merges_by = models.CharField(max_length=6, choices=Merging.choices, default=Merging.VOTE)
    gold_rate = models.FloatField(default=0.0, validators=[MinValueValidator(0), MaxValueValidator(0.5)])
    lease_minutes = models.PositiveSmallIntegerField(
        default=30, validators=[MinValueValidator(2), MaxValueValidator(1440)]
    )
    reopen_minutes = models.PositiveSmallIntegerField(default=10, validators=[MaxValueValidator(1440)])
    # Share of tasks in which suggestions (keypoints, models) are shown: 0 never, 1 always.
    assistance_share = models.FloatField(default=1.0, validators=[MinValueValidator(0), MaxValueValidator(1)])
    # New people get proposals by themselves.
    preannotates = models.BooleanField(default=False)
    # Whose proposals those are; empty: the bundled network's.
    proposer = models.ForeignKey("ModelVersion", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    # People that the model is least sure of come first.
    orders_by_uncertainty = models.BooleanField(default=False)
    # Annotators pass an exam on rendered people before they get any other; the bars are qa's.
    requires_qualification = models.BooleanField(default=False)
    is_archived = models.BooleanField(default=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="projects")

    class Meta:
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(gold_rate__gte=0, gold_rate__lte=0.5), name="project_gold_rate_in_range"
            ),
            models.CheckConstraint(
                condition=models.Q(assistance_share__gte=0, assistance_share__lte=1), name="project_assistance_in_range"
            ),
            models.CheckConstraint(
                condition=models.Q(parts_overlap__gte=1, correspondence_overlap__gte=1), name="project_overlap_positive"
            ),
            models.CheckConstraint(
                condition=models.Q(disputed_bar__gte=0, disputed_bar__lte=1, agreement_bar_cm__gt=0),
                name="project_agreement_bars_in_range",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def overlap_for(self, stage: str) -> int:
        """Return how many answers a task of the stage wants."""
        return self.parts_overlap if stage == "parts" else self.correspondence_overlap


class Role(models.TextChoices):
    ANNOTATOR = "annotator", _("Annotator")
    REVIEWER = "reviewer", _("Reviewer")
    MANAGER = "manager", _("Manager")
    ENGINEER = "engineer", _("Engineer")


class Membership(models.Model):
    """A person's role in a project. Paused members keep their drafts and get no tasks."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)
    is_paused = models.BooleanField(default=False)
    pause_reason = models.CharField(max_length=500, blank=True)
    # When the exam was passed, or a manager vouched for the member.
    qualified_at = models.DateTimeField(null=True, blank=True)
    # Added by name, without a word of the account's owner: password and account stay out of the manager's hands.
    is_guest = models.BooleanField(default=False, db_default=False)
    joined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["user__username"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "user"], name="membership_once_a_project"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_valid"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.role} · {self.project}"

    @property
    def must_qualify(self) -> bool:
        """Whether the exam stands between this member and real people; reviewers and managers are trusted."""
        return self.project.requires_qualification and self.role == Role.ANNOTATOR and self.qualified_at is None


class Invitation(models.Model):
    """A link that lets its bearer join a project in one role. Only the hash of its secret is stored."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=10, choices=Role.choices)
    digest = models.CharField(max_length=64, unique=True)
    note = models.CharField(max_length=120, blank=True)
    uses_left = models.PositiveSmallIntegerField(default=1)
    expires_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="invitation_role_valid"),
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.project}"


class ExamplePicture(models.Model):
    """A good or a bad example in the project's instructions."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="examples")
    file = models.FileField(max_length=200)
    caption = models.CharField(max_length=200, blank=True)
    is_good = models.BooleanField()
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return self.caption or str(self.id)
