"""What the web process loads, how the API describes itself, and the real views through the real job."""

import subprocess
import sys
from pathlib import Path

import pytest

API = "/api/v1"


def test_the_web_process_stays_light():
    code = (
        "import sys, django; django.setup()\n"
        "from django.urls import get_resolver; get_resolver().url_patterns\n"
        "import annotator.api.urls, annotator.views.workbench\n"
        "from rendering.views.picking import pick; pick(1, 1, [[400.0, 400.0]])\n"
        "print([name for name in ('torch', 'anny', 'smplx', 'pyrender', 'sklearn', 'cv2') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert done.stdout.strip().endswith("[]"), done.stdout


def test_the_schema_documents_every_endpoint(world, recwarn):
    from drf_spectacular.drainage import GENERATOR_STATS
    from drf_spectacular.generators import SchemaGenerator

    from annotator.api.urls import urlpatterns

    GENERATOR_STATS.reset()
    schema = SchemaGenerator().get_schema(request=None, public=True)
    ours = {path: item for path, item in schema["paths"].items() if path.startswith(f"{API}/")}
    assert len(ours) >= len(urlpatterns) - 2
    for path, item in ours.items():
        for method, operation in item.items():
            assert operation.get("summary"), f"{method} {path} has no summary"
    response = world.client("ana").get(f"{API}/schema")
    assert response.status_code == 200


def test_the_docs_page_has_no_inline_script_or_style(world):
    page = world.client("ana").get(f"{API}/docs/")
    assert page.status_code == 200
    text = page.content.decode()
    assert "<style" not in text
    assert "style=" not in text
    assert all("src=" in tag for tag in text.split("<script")[1:])
    assert "//" not in text.replace("<!doctype html>", "").replace("://localhost", "")
    script = world.client("ana").get(f"{API}/docs/?script=")
    assert script.status_code == 200
    assert "javascript" in script["Content-Type"]


def test_one_part_is_drawn_stored_and_served(world, monkeypatch):
    import body.parts
    from annotator.models import PartViewSet
    from annotator.services.jobs import enqueue_job, run_job

    monkeypatch.setattr(body.parts, "WORK_ORDER", (3,))
    done = run_job(enqueue_job("render_views", key="render_views", queue="render").pk)
    assert done.state == "done", done.error
    assert done.result["drawn"] == 1
    views = PartViewSet.objects.get()
    base = f"{API}/views/{views.surface_hash}/{views.style_hash}/3"
    ana = world.client("ana")
    for name, kind in (("manifest.json", "application/json"), ("view-6.webp", "image/webp")):
        served = ana.get(f"{base}/{name}")
        assert served.status_code == 200
        assert served["Content-Type"] == kind
        assert "immutable" in served["Cache-Control"]
        assert len(b"".join(served.streaming_content)) > 500
    assert ana.get(f"{base}/secret.txt").status_code == 404
    again = run_job(enqueue_job("render_views", key="render_views", queue="render").pk)
    assert again.result["drawn"] == 0


@pytest.mark.parametrize("page", ["parts", "correspondence"])
def test_workbench_pages_ask_who_you_are(world, page):
    path = f"/projects/{world.project.pk}/annotate/{page}/"
    assert world.client(None).get(path).status_code == 302
    assert world.client("eve").get(path).status_code == 404
    assert world.client("ed").get(path).status_code == 403
