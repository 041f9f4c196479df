"""Production settings have no default for secrets, cookies are secure, and the web process stays light."""

import os
import subprocess
import sys

import pytest

from webapp.local.environment import ROOT

WHOLE = {
    "DPA_ENV": "production",
    "DPA_SECRET_KEY": "k" * 50,
    "DPA_ALLOWED_HOSTS": "pose.example",
    "DATABASE_URL": "postgresql://u:p@db/name",
    "REDIS_URL": "redis://cache/0",
}


def run(script: str, given: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("DPA_", "DATABASE_", "REDIS_", "DJANGO_"))}
    return subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env={**clean, **given}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", ["DPA_SECRET_KEY", "DPA_ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL"])
def test_missing_secret_is_refused_by_name(name: str) -> None:
    given = {key: value for key, value in WHOLE.items() if key != name}
    answer = run("import webapp.settings", given)
    assert answer.returncode != 0
    assert f"{name} is not set" in answer.stderr


def test_cookies_and_transport_are_secure() -> None:
    names = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT", "DEBUG", "SECURE_HSTS_SECONDS")
    answer = run(f"import webapp.settings as s; print([getattr(s, n) for n in {names!r}])", WHOLE)
    assert answer.stdout.strip() == "[True, True, True, False, 31536000]", answer.stderr


def test_wrong_number_is_named() -> None:
    answer = run("import webapp.settings", {**WHOLE, "DPA_MAX_IMAGE_BYTES": "lots"})
    assert "DPA_MAX_IMAGE_BYTES must be a whole number, got 'lots'" in answer.stderr


def test_web_process_loads_no_network_and_no_renderer() -> None:
    script = (
        "import webapp.wsgi, sys; from django.urls import get_resolver; get_resolver().url_patterns;"
        "print(sorted({'torch', 'anny', 'smplx', 'pyrender', 'torchvision'} & set(sys.modules)))"
    )
    answer = run(script, {"DATABASE_URL": "postgresql://u@/x", "REDIS_URL": "redis://x"})
    assert answer.stdout.strip() == "[]", answer.stderr
