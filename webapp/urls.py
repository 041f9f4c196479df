"""Every address of the site: the API, the two workbench pages, and the pages around them."""

from importlib.util import find_spec

from django.conf import settings
from django.urls import include, path
from django.views.i18n import set_language

from webapp.views import account, auth, health, home

urlpatterns = [
    path("", home.home, name="home"),
    path("sign-in", auth.SignInView.as_view(), name="sign-in"),
    path("sign-out", auth.sign_out, name="sign-out"),
    path("language", set_language, name="set-language"),
    path("account", account.account, name="account"),
    path("healthz", health.healthz, name="healthz"),
]
for _module, _prefix, _names in (
    ("annotator.urls", "api/v1/", "api_urlpatterns"),
    ("annotator.urls", "", "workbench_urlpatterns"),
    ("export.urls", "", "urlpatterns"),
):
    if find_spec(_module):
        _patterns = getattr(__import__(_module, fromlist=[_names]), _names)
        urlpatterns.append(path(_prefix, include(_patterns)))
if settings.HAS_METRICS:
    urlpatterns.append(path("", include("django_prometheus.urls")))
