"""Takes the main part out of a rendered page and makes it stand alone: pictures inside, no forms, no links outward."""

from collections.abc import Callable, Mapping
from html import escape
from html.parser import HTMLParser
from typing import Final

_VOID: Final = frozenset({"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
# What only works on the server.
_LEFT_OUT: Final = frozenset({"button", "dialog", "form", "nav", "script", "style", "template"})
_LEFT_OUT_CLASSES: Final = frozenset({"button", "messages", "only-live"})
_REFERENCES: Final = frozenset({"for", "aria-labelledby", "aria-describedby", "aria-controls", "headers"})
_DROPPED: Final = ("hx-", "data-", "on", "style")

Attributes = list[tuple[str, str | None]]


def standalone(page: str, *, prefix: str, anchors: Mapping[str, str], picture: Callable[[str], str | None]) -> str:
    """Return what stands in `<main>` of a page, for a file of its own.

    Args:
        page: a whole HTML page of ours.
        prefix: put before every id, as several pages go into one file.
        anchors: ids in the file by the addresses that they stand for; other links become plain text.
        picture: a data URI of the picture at an address, None to leave it out.
    """
    parser = _Standalone(prefix, anchors, picture)
    parser.feed(page)
    parser.close()
    return "".join(parser.found)


class _Standalone(HTMLParser):
    def __init__(self, prefix: str, anchors: Mapping[str, str], picture: Callable[[str], str | None]) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._prefix = prefix
        self._anchors = anchors
        self._picture = picture
        self._is_inside = False
        self._left_out: list[str] = []  # open elements, from the one that is left out inward
        self._links: list[str] = []  # what each open link became

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        if tag == "main":
            self._is_inside = True
        elif self._is_inside:
            self._open(tag, attrs)

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:
        if self._is_inside and not self._left_out and not self._is_left_out(tag, attrs):
            self._write(tag, attrs, end="/>")

    def handle_endtag(self, tag: str) -> None:
        if tag == "main":
            self._is_inside = False
        elif not self._is_inside or tag in _VOID:
            return
        elif self._left_out:
            if tag in self._left_out:
                del self._left_out[len(self._left_out) - 1 - self._left_out[::-1].index(tag) :]
        else:
            self.found.append(f"</{self._links.pop() if tag == 'a' and self._links else tag}>")

    def handle_data(self, data: str) -> None:
        if self._is_inside and not self._left_out:
            self.found.append(escape(data, quote=False))

    def _open(self, tag: str, attrs: Attributes) -> None:
        if self._left_out or self._is_left_out(tag, attrs):
            if tag not in _VOID:
                self._left_out.append(tag)
        elif tag == "img":
            self._write_picture(attrs)
        elif tag == "a":
            self._write_link(attrs)
        else:
            self._write(tag, attrs)

    def _is_left_out(self, tag: str, attrs: Attributes) -> bool:
        classes = set((dict(attrs).get("class") or "").split())
        return tag in _LEFT_OUT or bool(classes & _LEFT_OUT_CLASSES)

    def _write_picture(self, attrs: Attributes) -> None:
        inside = self._picture(dict(attrs).get("src") or "")
        if inside is not None:
            self._write("img", [(name, inside if name == "src" else value) for name, value in attrs])

    def _write_link(self, attrs: Attributes) -> None:
        address = (dict(attrs).get("href") or "").partition("?")[0]
        anchor = self._anchors.get(address)
        self._links.append("a" if anchor else "span")
        kept = [(name, value) for name, value in attrs if name not in {"href", "target", "rel", "download"}]
        self._write(self._links[-1], [*kept, ("href", f"#{anchor}")] if anchor else kept)

    def _write(self, tag: str, attrs: Attributes, end: str = ">") -> None:
        words = [f"<{tag}"]
        for name, value in attrs:
            if name.startswith(_DROPPED) or name == "loading":
                continue
            told = " ".join(f"{self._prefix}{one}" for one in (value or "").split()) if name in _REFERENCES else value
            told = f"{self._prefix}{value}" if name == "id" else told
            words.append(f" {_cased(name)}" if told is None else f' {_cased(name)}="{escape(told)}"')
        self.found.append("".join([*words, end]))


def _cased(name: str) -> str:
    """Give SVG attributes back the capitals that the parser took: a browser mends them in HTML, an XML reader not."""
    return {"viewbox": "viewBox", "preserveaspectratio": "preserveAspectRatio"}.get(name, name)
