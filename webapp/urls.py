"""Every address of the site: the API, the two workbench pages, and the pages around them."""

from django.conf import settings
from django.urls import include, path
from django.views.i18n import set_language

import export.urls
import qa.urls
from annotator.urls import api_urlpatterns, workbench_urlpatterns
from webapp.views import (
    account,
    auth,
    checks,
    exchange,
    figures,
    health,
    home,
    images,
    inbox,
    members,
    models,
    people,
    projects,
    proposals,
    qualification,
)

project_urlpatterns = [
    path("", projects.overview, name="project-overview"),
    path("/jobs", projects.jobs, name="project-jobs"),
    path("/jobs/<uuid:job_id>/cancel", projects.job_cancel, name="project-job-cancel"),
    path("/preannotate", proposals.preannotate, name="project-preannotate"),
    path("/models", models.models, name="project-models"),
    path("/models/<int:version_id>/propose", models.model_propose, name="project-model-propose"),
    path("/guide", projects.guide, name="project-guide"),
    path("/settings", projects.settings, name="project-settings"),
    path("/settings/examples", projects.example_add, name="project-example-add"),
    path("/settings/examples/<uuid:example_id>/remove", projects.example_remove, name="project-example-remove"),
    path("/people", people.people, name="project-people"),
    path("/people/<int:person_id>", people.person, name="project-person"),
    path("/people/<int:person_id>/act", people.person_act, name="project-person-act"),
    path("/people/<int:person_id>/picture/<str:overlay>", people.person_picture, name="project-person-picture"),
    path("/figures", figures.project_figures, name="project-figures"),
    path("/figures/detail", figures.figures_detail, name="project-figures-detail"),
    path("/figures/body-<slug:ramp>.png", figures.body, name="project-body"),
    path("/figures/<slug:table>.csv", figures.figures_csv, name="project-figures-csv"),
    path("/my-figures", figures.my_figures, name="project-my-figures"),
    path("/annotators/<int:user_id>", figures.annotator_figures, name="project-annotator"),
    path("/annotators/<int:user_id>/detail", figures.figures_detail, name="project-annotator-detail"),
    path("/annotators/<int:user_id>/body-<slug:ramp>.png", figures.body, name="project-annotator-body"),
    path("/inbox", inbox.inbox, name="project-inbox"),
    path("/inbox/act", inbox.inbox_act, name="project-inbox-act"),
    path("/work.csv", inbox.work_csv, name="project-work-csv"),
    path("/checks", checks.checks, name="project-checks"),
    path("/checks/gold", checks.gold_add, name="project-gold-add"),
    path("/checks/acts/<int:act_id>", checks.act_decide, name="project-act"),
    path("/checks/members/<int:user_id>", checks.member_vouch, name="project-member-vouch"),
    path("/checks/policy", checks.policy_save, name="project-quality"),
    path("/qualification", qualification.qualification, name="project-qualification"),
    path("/qualification/tutorial", qualification.tutorial_step, name="project-tutorial-step"),
    path("/qualification/exam", qualification.exam_step, name="project-exam-step"),
    path("/qualification/last", qualification.training_last, name="project-training-last"),
    path("/qualification/answers/<int:submission_id>", qualification.training_feedback, name="project-training-answer"),
    path(
        "/qualification/answers/<int:submission_id>/differences.png",
        qualification.training_picture,
        name="project-training-picture",
    ),
    path("/images", images.images, name="project-images"),
    path("/images/<int:image_id>", images.image, name="project-image"),
    path("/images/<int:image_id>/delete", images.image_delete, name="project-image-delete"),
    path("/upload", images.upload, name="project-upload"),
    path("/members", members.members, name="project-members"),
    path("/members/<int:user_id>", members.member_act, name="project-member-act"),
    path("/releases", exchange.releases, name="project-releases"),
    path("/imports", exchange.imports, name="project-imports"),
    path("/imports/<uuid:job_id>", exchange.import_report, name="project-import-report"),
    path("/invitations/<int:invitation_id>/withdraw", members.invitation_withdraw, name="project-invitation-withdraw"),
]

urlpatterns = [
    path("", home.home, name="home"),
    path("sent-back/<int:sent_back_id>/open", home.sent_back_open, name="sent-back-open"),
    path("projects/new", home.new_project, name="new-project"),
    path("projects/<int:project_id>", include(project_urlpatterns)),
    path("sign-in", auth.SignInView.as_view(), name="sign-in"),
    path("sign-out", auth.sign_out, name="sign-out"),
    path("invitations/<str:secret>", members.invitation, name="invitation"),
    path("releases/<uuid:release_id>/files/<str:name>", exchange.release_file, name="release-file"),
    path("releases/<uuid:release_id>/delete", exchange.release_delete, name="release-delete"),
    path("language", set_language, name="set-language"),
    path("account", account.account, name="account"),
    path("account/tokens/<int:token_id>/revoke", account.token_revoke, name="token-revoke"),
    path("healthz", health.healthz, name="healthz"),
    path("api/v1/", include(api_urlpatterns)),
    path("", include(workbench_urlpatterns)),
    path("", include(export.urls)),
    path("", include(qa.urls)),
]
if settings.HAS_METRICS:
    urlpatterns.append(path("", include("django_prometheus.urls")))

handler403 = "webapp.views.common.forbidden"
handler404 = "webapp.views.common.not_found"
handler500 = "webapp.views.common.failed"
