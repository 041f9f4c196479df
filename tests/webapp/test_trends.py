"""Trends say how many answers told each value, in the line and in the table behind it."""

from django.template.loader import render_to_string

from webapp.templatetags.trends import trend

WEEKS = [("2026-03-02", 4.0, 12), ("2026-03-09", 2.0, 4), ("2026-03-30", 1.0, None)]


def drawn(points: list[tuple[str, float, int | None]], **more: str) -> str:
    return render_to_string("webapp/trend.html", trend("Mean distance", points, "cm", "cm", **more))


def test_what_few_told_is_hollow_and_the_table_counts() -> None:
    page = drawn(WEEKS)
    line, table = page.split("<details>")
    assert line.count('<circle class="plot-dot"') == 2, "how many told the last is not known: nothing is said of it"
    assert line.count('<circle class="plot-few"') == 1
    assert "9 Mar: 2.0 cm, 4 answers" in line
    assert "Hollow: told by fewer than 5 answers." in line
    # Three weeks lie between the last two, one between the first two.
    assert 'd="M10.0 20.0L120.0 58.0L450.0 77.0"' in line
    for cell in ("Week from", "2 Mar", ">12<", ">4<", ">–<", "4.0 cm"):
        assert cell in table, cell
    assert "Hollow" not in drawn(WEEKS[:1] + WEEKS[2:])
    assert "<th>Day</th>" in drawn(WEEKS, by="day")


def test_one_week_is_told_in_words() -> None:
    page = drawn(WEEKS[:1])
    assert "2 Mar: 4.0 cm, 12 answers" in page
    assert "<svg" not in page.split("plot-mark")[0]
    assert "<details" not in page
    assert drawn([]).strip() == ""
