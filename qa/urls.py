"""Addresses of quality assurance: its API, and the reviewer's bench."""

from django.urls import path

from qa.api import figures, review
from qa.views import bench

urlpatterns = [
    path("api/v1/projects/<int:project_id>/figures", figures.ProjectFiguresView.as_view(), name="api-figures"),
    path(
        "api/v1/projects/<int:project_id>/annotators/<int:user_id>/figures",
        figures.AnnotatorFiguresView.as_view(),
        name="api-annotator-figures",
    ),
    path("api/v1/projects/<int:project_id>/cases", review.CasesView.as_view(), name="api-cases"),
    path("api/v1/tasks/<int:task_id>/case", review.CaseView.as_view(), name="api-case"),
    path("api/v1/tasks/<int:task_id>/picture", review.CasePictureView.as_view(), name="api-review-picture"),
    path("api/v1/tasks/<int:task_id>/ask-another", review.AnotherView.as_view(), name="api-ask-another"),
    path("api/v1/tasks/<int:task_id>/accept-merged", review.AcceptMergedView.as_view(), name="api-accept-merged"),
    path(
        "api/v1/submissions/<int:submission_id>/review-lease",
        review.ReviewLeaseView.as_view(),
        name="api-review-lease",
    ),
    path("api/v1/submissions/<int:submission_id>/settle", review.SettleView.as_view(), name="api-settle"),
    path("projects/<int:project_id>/review", bench.review, name="project-review"),
    path("projects/<int:project_id>/review/<str:stage>/", bench.bench_page, name="review-bench"),
]
