"""Addresses of imports and releases in the API."""

from django.urls import path

from export import api, models_api

urlpatterns = [
    path("api/v1/projects/<int:project_id>/releases", api.ReleasesView.as_view(), name="api-releases"),
    path("api/v1/projects/<int:project_id>/imports", api.ImportsView.as_view(), name="api-imports"),
    path("api/v1/projects/<int:project_id>/models", models_api.ModelsView.as_view(), name="api-models"),
    path("api/v1/releases/<uuid:release_id>", api.ReleaseView.as_view(), name="api-release"),
    path("api/v1/releases/<uuid:release_id>/files/<str:name>", api.ReleaseFileView.as_view(), name="api-release-file"),
]
