"""Addresses of this app: the REST interface, for inclusion under api/v1/, and the two pages of the workbench."""

from django.urls import path

from annotator.api.urls import urlpatterns as api_urlpatterns
from annotator.views import workbench

# Pages are named after the stages: `annotate-{stage}`.
workbench_urlpatterns = [
    path("workbench-offline.js", workbench.offline_worker, name="workbench-offline"),
    path("projects/<int:project_id>/annotate/parts/", workbench.parts_page, name="annotate-parts"),
    path(
        "projects/<int:project_id>/annotate/correspondence/",
        workbench.correspondence_page,
        name="annotate-correspondence",
    ),
]

__all__ = ["api_urlpatterns", "workbench_urlpatterns"]
