"""The rows that all apps share."""

from annotator.models.answers import Answer, PointStatus, Stage
from annotator.models.images import Image, Person, Split
from annotator.models.networks import ModelVersion
from annotator.models.projects import ExamplePicture, Invitation, Membership, Merging, Project, Role
from annotator.models.records import Event, Job
from annotator.models.results import Consensus, Gold, PartViewSet, PointSet, Proposal
from annotator.models.tasks import Comment, Lease, SentBack, StaleDraft, Submission, Task
from annotator.models.users import ApiToken, User

__all__ = [
    "Answer", "ApiToken", "Comment", "Consensus", "Event", "ExamplePicture", "Gold", "Image", "Invitation", "Job",
    "Lease", "Membership", "Merging", "ModelVersion", "PartViewSet", "Person", "PointSet", "PointStatus", "Project",
    "Proposal", "Role", "SentBack", "Split", "Stage", "StaleDraft", "Submission", "Task", "User",
]  # fmt: skip
