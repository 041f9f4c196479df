"""The addresses under /api/v1/."""

from django.urls import path

from annotator.api.views import content, me, members, part_views, projects, schema, workbench

_workbench = [
    path("projects/<int:project_id>/next", workbench.NextView.as_view(), name="api-next"),
    path("leases/<uuid:lease_id>", workbench.LeaseView.as_view(), name="api-lease"),
    path("leases/<uuid:lease_id>/take-again", workbench.TakeAgainView.as_view(), name="api-take-again"),
    path("leases/<uuid:lease_id>/heartbeat", workbench.HeartbeatView.as_view(), name="api-heartbeat"),
    path("leases/<uuid:lease_id>/leave", workbench.LeaveView.as_view(), name="api-leave"),
    path("leases/<uuid:lease_id>/draft", workbench.DraftView.as_view(), name="api-draft"),
    path("leases/<uuid:lease_id>/submit", workbench.SubmitView.as_view(), name="api-submit"),
    path("leases/<uuid:lease_id>/skip", workbench.SkipView.as_view(), name="api-skip"),
    path("leases/<uuid:lease_id>/release", workbench.ReleaseView.as_view(), name="api-release"),
    path("leases/<uuid:lease_id>/comments", workbench.LeaseCommentsView.as_view(), name="api-lease-comments"),
    path("leases/<uuid:lease_id>/image", workbench.LeaseImageView.as_view(), name="api-lease-image"),
    path("leases/<uuid:lease_id>/outline", workbench.LeaseOutlineView.as_view(), name="api-lease-outline"),
    path("leases/<uuid:lease_id>/superpixels", workbench.LeaseSuperpixelsView.as_view(), name="api-lease-superpixels"),
    path(
        "leases/<uuid:lease_id>/surroundings",
        workbench.LeaseSurroundingsView.as_view(),
        name="api-lease-surroundings",
    ),
    path("submissions/<int:submission_id>/reopen", workbench.ReopenView.as_view(), name="api-reopen"),
    path(
        "views/<slug:surface>/<slug:style>/<int:part>/<str:file>",
        part_views.PartViewFileView.as_view(),
        name="api-view-file",
    ),
]
_accounts = [
    path("me", me.MeView.as_view(), name="api-me"),
    path("me/tokens", me.TokensView.as_view(), name="api-tokens"),
    path("me/tokens/<int:token_id>", me.TokenView.as_view(), name="api-token"),
    path("users/<int:user_id>/active", members.AccountStateView.as_view(), name="api-account-state"),
    path("users/<int:user_id>/password", members.PasswordResetView.as_view(), name="api-password-reset"),
    path("invitations/accept", members.AcceptInvitationView.as_view(), name="api-accept-invitation"),
]
_projects = [
    path("projects", projects.ProjectsView.as_view(), name="api-projects"),
    path("projects/<int:project_id>", projects.ProjectView.as_view(), name="api-project"),
    path("projects/<int:project_id>/progress", projects.ProgressView.as_view(), name="api-progress"),
    path("projects/<int:project_id>/events", projects.EventsView.as_view(), name="api-events"),
    path("projects/<int:project_id>/jobs", projects.JobsView.as_view(), name="api-jobs"),
    path("projects/<int:project_id>/examples", projects.ExamplesView.as_view(), name="api-examples"),
    path("projects/<int:project_id>/examples/new", projects.NewExampleView.as_view(), name="api-new-example"),
    path("examples/<uuid:example_id>", projects.ExampleView.as_view(), name="api-example"),
    path("examples/<uuid:example_id>/file", projects.ExampleFileView.as_view(), name="api-example-file"),
    path("jobs/<uuid:job_id>", projects.JobView.as_view(), name="api-job"),
    path("jobs/<uuid:job_id>/cancel", projects.JobCancelView.as_view(), name="api-job-cancel"),
    path("projects/<int:project_id>/members", members.MembersView.as_view(), name="api-members"),
    path("projects/<int:project_id>/members/<int:user_id>", members.MemberView.as_view(), name="api-member"),
    path("projects/<int:project_id>/invitations", members.InvitationsView.as_view(), name="api-invitations"),
    path(
        "projects/<int:project_id>/invitations/<int:invitation_id>",
        members.InvitationView.as_view(),
        name="api-invitation",
    ),
]
_content = [
    path("projects/<int:project_id>/images", content.ImagesView.as_view(), name="api-images"),
    path("projects/<int:project_id>/images/upload", content.UploadView.as_view(), name="api-upload"),
    path("projects/<int:project_id>/images/upload-archive", content.ArchiveView.as_view(), name="api-upload-archive"),
    path("images/<int:image_id>", content.ImageView.as_view(), name="api-image"),
    path("images/<int:image_id>/file", content.ImageFileView.as_view(), name="api-image-file"),
    path("images/<int:image_id>/thumbnail", content.ImageThumbnailView.as_view(), name="api-image-thumbnail"),
    path("images/<int:image_id>/people", content.ImagePeopleView.as_view(), name="api-image-people"),
    path("projects/<int:project_id>/people", content.PeopleView.as_view(), name="api-people"),
    path("people/<int:person_id>", content.PersonView.as_view(), name="api-person"),
    path("people/<int:person_id>/thumbnail", content.PersonThumbnailView.as_view(), name="api-person-thumbnail"),
    path("projects/<int:project_id>/tasks", content.TasksView.as_view(), name="api-tasks"),
    path("tasks/<int:task_id>", content.TaskView.as_view(), name="api-task"),
    path("tasks/<int:task_id>/comments", content.CommentsView.as_view(), name="api-comments"),
    path("projects/<int:project_id>/submissions", content.SubmissionsView.as_view(), name="api-submissions"),
    path("projects/<int:project_id>/submissions/mine", content.MySubmissionsView.as_view(), name="api-my-submissions"),
    path("submissions/<int:submission_id>", content.SubmissionView.as_view(), name="api-submission"),
    path("submissions/<int:submission_id>/accept", content.AcceptView.as_view(), name="api-accept"),
    path("submissions/<int:submission_id>/send-back", content.SendBackView.as_view(), name="api-send-back"),
]
urlpatterns = [
    path("", schema.RootView.as_view(), name="api-root"),
    path("schema", schema.SchemaView.as_view(), name="api-schema"),
    path("docs/", schema.DocsView.as_view(), name="api-docs"),
    *_workbench,
    *_accounts,
    *_projects,
    *_content,
]
