"""axe over a page: WCAG 2.2 at level AA."""

from functools import cache

from playwright.sync_api import Page

from webapp.local.environment import ROOT

_STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_RUN = """async (runOnly) => {
  const { violations } = await axe.run(document, { runOnly, resultTypes: ["violations"] });
  const told = ({ target, failureSummary }) => `    ${target}: ${failureSummary}`;
  return violations.map(({ id, help, nodes }) => [`${id}: ${help}`, ...nodes.slice(0, 5).map(told)].join("\\n"));
}"""


@cache
def _source() -> str:
    path = ROOT / "node_modules" / "axe-core" / "axe.min.js"
    assert path.exists(), "axe is missing, so accessibility cannot be checked: make tools"
    return path.read_text()


def check_axe(page: Page, name: str, *, colours_only: bool = False) -> None:
    """Fail where axe finds a violation on the page as it stands.

    Args:
        colours_only: for the other colour scheme of a page whose structure was checked in the first.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_source())
    only = {"type": "rule", "values": ["color-contrast"]} if colours_only else {"type": "tag", "values": _STANDARDS}
    found = page.evaluate(_RUN, only)
    assert not found, f"{name}:\n" + "\n".join(found)
