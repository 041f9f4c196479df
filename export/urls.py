"""Addresses of imports and releases: API and pages."""

from django.urls import path

from export import api, views

urlpatterns = [
    path("api/v1/projects/<int:project_id>/releases", api.ReleasesView.as_view(), name="api-releases"),
    path("api/v1/projects/<int:project_id>/imports", api.ImportsView.as_view(), name="api-imports"),
    path("api/v1/releases/<uuid:release_id>", api.ReleaseView.as_view(), name="api-release"),
    path("api/v1/releases/<uuid:release_id>/files/<str:name>", api.ReleaseFileView.as_view(), name="api-release-file"),
    path("projects/<int:project_id>/releases", views.releases, name="project-releases"),
    path("projects/<int:project_id>/imports", views.imports, name="project-imports"),
    path("projects/<int:project_id>/imports/<uuid:job_id>", views.import_job, name="project-import-job"),
    path("releases/<uuid:release_id>/files/<str:name>", views.release_file, name="release-file"),
    path("releases/<uuid:release_id>/delete", views.release_delete, name="release-delete"),
]
