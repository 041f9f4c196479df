"""The site in Traditional Chinese: the catalogue is whole, compiled, and what a page shows."""

import ast
import gettext
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation
from django.utils.translation import templatize

from annotator.words import PART_NAMES, VIEW_WORDS
from body.parts import PARTS
from rendering.views.cameras import cameras_of
from tests.factories import World
from tests.webapp.clients import browser

ROOT = Path(settings.BASE_DIR)
CATALOGUE = ROOT / "webapp" / "locale" / "zh_Hant" / "LC_MESSAGES" / "django.po"
PLACES = re.compile(r"%\(\w+\)[0-9.]*[a-z]|\{\w*\}|%[sd]")
# As `templatize` writes them; without context, which stands in few texts.
TEMPLATE_TEXT = re.compile(r"\b(?:gettext|ngettext|_)\(u?(?P<text>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')")
PARTS_ZH = {
    "Head": "頭",
    "Torso": "軀幹",
    "Right upper arm": "右上臂",
    "Left upper arm": "左上臂",
    "Right lower arm": "右前臂",
    "Left lower arm": "左前臂",
    "Right hand": "右手",
    "Left hand": "左手",
    "Right upper leg": "右大腿",
    "Left upper leg": "左大腿",
    "Right lower leg": "右小腿",
    "Left lower leg": "左小腿",
    "Right foot": "右腳",
    "Left foot": "左腳",
}


@cache
def entries() -> dict[str, tuple[str, str]]:
    """Return the .po file: key as in the .mo file -> (source texts joined by a line, translation).

    Only what msgmerge writes is read: keyword, quoted text, more quoted lines. Obsolete and fuzzy entries fail here.
    """
    found: dict[str, tuple[str, str]] = {}
    for block in CATALOGUE.read_text("utf-8").split("\n\n"):
        fields: dict[str, str] = {}
        keyword = ""
        for line in block.splitlines():
            assert not line.startswith(("#~", "#, fuzzy", "#|")), f"obsolete or fuzzy: {block}"
            if line.startswith("#"):
                continue
            head, _, quoted = line.partition('"')
            keyword = head.strip() or keyword
            fields[keyword] = fields.get(keyword, "") + ast.literal_eval(f'"{quoted}')
        if "msgid" in fields:
            context = f"{fields['msgctxt']}\x04" if "msgctxt" in fields else ""
            source = "\n".join(filter(None, (fields["msgid"], fields.get("msgid_plural"))))
            key = context + fields["msgid"]
            assert key not in found, f"twice in the catalogue: {key}"
            found[key] = (source, fields.get("msgstr", fields.get("msgstr[0]", "")))
    return found


def texts_of_source() -> Iterator[tuple[str, str]]:
    """Yield (file, text) of every literal that Python and the templates give to gettext."""
    for room in ("annotator", "export", "qa", "webapp"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                    continue
                index = 1 if node.func.id == "pgettext_lazy" else 0
                if node.func.id not in {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "pgettext_lazy"}:
                    continue
                if len(node.args) > index and isinstance(node.args[index], ast.Constant):
                    yield str(path.relative_to(ROOT)), ast.literal_eval(node.args[index])
        for path in sorted((ROOT / room).rglob("templates/**/*.html")):
            for match in TEMPLATE_TEXT.finditer(templatize(path.read_text("utf-8"))):
                yield str(path.relative_to(ROOT)), ast.literal_eval(match["text"])


class TestCatalogue:
    def test_every_text_is_translated_with_its_places(self) -> None:
        assert len(entries()) > 600
        for key, (source, translated) in entries().items():
            if not key:
                continue
            assert translated.strip(), f"not translated: {key}"
            assert set(PLACES.findall(translated)) == set(PLACES.findall(source)), key

    def test_compiled_file_is_up_to_date(self) -> None:
        with CATALOGUE.with_suffix(".mo").open("rb") as file:
            compiled = gettext.GNUTranslations(file)
        # The one plural form of Chinese is stored under (text, 0).
        stored = {k[0] if isinstance(k, tuple) else k: v for k, v in compiled._catalog.items()}  # type: ignore[attr-defined]
        expected = {key: translated for key, (_source, translated) in entries().items()}
        del stored[""], expected[""]
        assert stored == expected, "run `make messages`"

    def test_every_text_of_the_source_stands_in_it(self) -> None:
        known = {key.rpartition("\x04")[2] for key in entries()}
        found = list(texts_of_source())
        assert len(found) > 500
        assert [f"{file}: {text}" for file, text in found if text not in known] == [], "run `make messages`"

    def test_words_from_data_are_marked(self) -> None:
        assert set(PART_NAMES) == {part.name for part in PARTS} == set(PARTS_ZH)
        cameras = [camera for part in PARTS for camera in cameras_of(part.number)]
        words = {w for c in cameras for w in (c.name, c.up, c.down, c.left, c.right)}
        assert words - set(VIEW_WORDS) == set()

    @pytest.mark.parametrize(
        ("english", "chinese"), [*PARTS_ZH.items(), ("Saved", "已儲存"), ("Cannot tell", "無法判斷")]
    )
    def test_terms(self, english: str, chinese: str) -> None:
        with translation.override("zh-hant"):
            assert translation.gettext(english) == chinese


class TestPages:
    def test_browser_language(self, world: World) -> None:
        page = Client(headers={"accept-language": "zh-TW,zh-Hant;q=0.9,en;q=0.5"}).get("/sign-in").content.decode()
        assert '<html lang="zh-hant"' in page
        assert "使用者名稱" in page
        assert "Sign in" not in page

    def test_account_language_goes_before_the_browsers(self, world: World) -> None:
        world.person()
        world.ana.language = "zh-hant"
        world.ana.save()
        page = browser(world, "ana").get("/", headers={"accept-language": "en"}).content.decode()
        assert "有 1 位人物待標部位" in page
        assert "waits to be painted" not in page
        world.ana.language = "en"
        world.ana.save()
        assert (
            "waits to be painted"
            in browser(world, "ana").get("/", headers={"accept-language": "zh-TW"}).content.decode()
        )

    def test_workbench(self, world: World) -> None:
        world.person()
        client = browser(world, "ana")
        url = f"/projects/{world.project.pk}/annotate/parts/"
        page = client.get(url, headers={"accept-language": "zh-TW"}).content.decode()
        config = _script(page, "workbench-config")
        assert {part["name"] for part in config["parts"]} == set(PARTS_ZH.values())
        assert config["view_words"]["back-outer"] == "後外側"
        assert _script(page, "workbench-strings")["Not this part"] == "不是這個部位"


def _script(page: str, name: str) -> dict[str, Any]:
    found = re.search(rf'<script id="{name}"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert found
    config: dict[str, Any] = json.loads(found[1])
    return config
