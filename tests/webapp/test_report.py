"""The report: the same figures as the pages, in one file that asks nobody for anything."""

import re

import pytest
from django.core.management import CommandError, call_command

from qa.tasks import refresh_figures
from tests.factories import answered
from tests.webapp.clients import browser
from webapp.report.inline import standalone


def test_a_report_is_one_file_with_the_figures_of_the_pages(world, views, tmp_path):
    out = tmp_path / "report.html"
    with pytest.raises(CommandError, match="has no figures yet"):
        call_command("qa_report", "Street", out=out)
    assert not out.exists()
    answered(world, "correspondence")
    refresh_figures()
    call_command("qa_report", "Street", out=out)
    report = out.read_text()
    assert not list(tmp_path.glob(".writing-*")), "nothing unfinished is left beside it"
    for words in (
        "Figures as of",
        'id="figures"',
        f'id="annotator-{world.ana.pk}"',
        "Nothing to compare yet",
        "working days left",
    ):
        assert words in report, words
    for word in ("<script", "<form", "<button", "hx-", "@import", "url(", 'href="/', 'src="/', "Sign out"):
        assert word not in report, word
    assert not re.findall(r'(?:src|href)="(?!data:image/|#)[^"]*"', report)
    assert f'href="#annotator-{world.ben.pk}"' in report
    names = re.findall(r'\bid="([^"]+)"', report)
    assert len(names) == len(set(names))
    page = browser(world, "mia").get(f"/projects/{world.project.pk}/figures").content.decode()
    table = re.compile(r'<td class="number">([^<]*)</td>')
    shown = [cell for cell in table.findall(page) if cell.strip()]
    assert shown
    assert set(shown) <= set(table.findall(report))


def test_a_report_speaks_chinese_and_takes_no_more_annotators_than_wanted(world, views, tmp_path):
    answered(world, "correspondence")
    refresh_figures()
    out = tmp_path / "report.html"
    call_command("qa_report", "Street", out=out, annotators=1, language="zh-hant")
    report = out.read_text()
    assert '<html lang="zh-hant">' in report
    assert "Figures as of" not in report
    assert report.count('class="report-page"') == 3, "the project twice, and one annotator"


def test_what_only_works_on_the_server_is_left_out():
    page = (
        "<body><nav>menu</nav><main id=main><h1 id='a'>A &amp; B</h1><form><p>no<input></p><form></form></form>"
        "<p>kept<br><a class='x' href='/people/?page=2'>Ann</a> <a href='/other'>other</a></p>"
        "<div class='row button'><span>no</span></div><img src='/1.png'><img src='/2.png' loading=lazy>"
        "<svg viewBox='0 0 1 1' aria-labelledby='a'><path d='M0'/></svg></main>after</body>"
    )
    found = standalone(
        page, prefix="p-", anchors={"/people/": "ann"}, picture={"/1.png": "data:image/png;base64,AA=="}.get
    )
    assert found == (
        '<h1 id="p-a">A &amp; B</h1><p>kept<br><a class="x" href="#ann">Ann</a> <span>other</span></p>'
        '<img src="data:image/png;base64,AA=="><svg viewBox="0 0 1 1" aria-labelledby="p-a"><path d="M0"/></svg>'
    )
