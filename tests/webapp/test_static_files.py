"""Static files as they are served: hashed names, compressed, module imports rewritten, nothing dangling."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import override_settings

from annotator.templatetags.modules import modules_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("static")
    staticfiles = {"BACKEND": "webapp.static_files.ModuleManifestStorage"}
    with override_settings(STATIC_ROOT=root, STORAGES={**settings.STORAGES, "staticfiles": staticfiles}):
        call_command("collectstatic", interactive=False, verbosity=0)
    return root


IMPORT = re.compile(r'^(?:import|export)\b[^;]*?from\s*"(\.[^"]+)"|^import"(\.[^"]+)"', re.M)


def test_every_import_of_every_module_leads_to_a_hashed_file(collected: Path) -> None:
    manifest = json.loads((collected / "staticfiles.json").read_text())["paths"]
    modules = [name for name in manifest if name.startswith(("annotator/", "webapp/")) and name.endswith(".js")]
    assert len(modules) > 10
    seen = 0
    for name in modules:
        file = collected / manifest[name]
        for target in re.findall(
            r'^(?:import|export)\b[^;]*?from\s*"(\.[^"]+)"|^import"(\.[^"]+)"', file.read_text(), re.M
        ):
            path = (file.parent / (target[0] or target[1])).resolve()
            assert path.exists(), f"{name} imports {target}"
            assert re.search(r"\.[0-9a-f]{12}\.js$", path.name), f"{name} imports the unhashed {path.name}"
            seen += 1
    assert seen > 20


def test_modules_lose_their_comments_and_keep_their_lines(collected: Path) -> None:
    """What looks like a comment must be one: so no string of our modules may go over several lines."""
    manifest = json.loads((collected / "staticfiles.json").read_text())["paths"]
    modules = [name for name in manifest if name.startswith(("annotator/", "qa/")) and name.endswith(".js")]
    for name in modules:
        source, served = Path(finders.find(name)).read_text(), (collected / manifest[name]).read_text()
        assert not [line for line in source.splitlines() if line.count("`") % 2], f"{name}: a string over several lines"
        assert source.count("\n") == served.count("\n"), name
        assert "/**" not in served, name
        assert (served.count("{"), served.count("(")) == (served.count("}"), served.count(")")), name
    assert len(modules) > 60


def test_styles_and_scripts_are_compressed(collected: Path) -> None:
    manifest = json.loads((collected / "staticfiles.json").read_text())["paths"]
    for name in ("webapp/site.css", "django_htmx/htmx-2.min.js"):
        assert (collected / f"{manifest[name]}.gz").exists()


def test_part_colours_are_those_of_the_body(collected: Path) -> None:
    from body.parts import PARTS

    css = (collected / "webapp" / "site.css").read_text()
    for part in PARTS:
        assert f".part-{part.number} {{ fill: {part.colour.lower()}; }}" in css


@pytest.mark.parametrize("stage", ["parts", "points"])
def test_a_workbench_names_each_of_its_modules_once(stage: str) -> None:
    main = f"annotator/workbench/{stage}/main.js"
    names = modules_of(main)
    assert names[0] == main
    assert len(names) == len(set(names)) > 20
    assert {"annotator/workbench/core/saver.js", "annotator/workbench/ui/shell.js"} <= set(names)
    assert not any("worker" in name for name in names), "workers load by themselves"


def test_an_import_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "main.js").write_text('import {\n  a,\n} from "./gone.js";\n')
    with override_settings(STATICFILES_DIRS=[tmp_path]):
        finders.get_finder.cache_clear()
        with pytest.raises(FileNotFoundError, match=r"gone\.js, which main\.js imports"):
            modules_of("main.js")
    finders.get_finder.cache_clear()
