"""Preload links for the ES modules of a page: fetched side by side, instead of one level of imports after the other."""

import posixpath
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from django import template
from django.conf import settings
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

register = template.Library()

# `import ... from "./x.js"` and `export ... from`, over several lines too; imports by a variable are workers' and late.
_IMPORT = re.compile(r"""^(?:import|export)\b[^"';]*?from\s*["'](\.[^"']+)["']""", re.MULTILINE)


@register.simple_tag
def module_preloads(main: str) -> SafeString:
    """Return a `modulepreload` link for a static module and for each that it imports, directly or not."""
    find: Callable[[str], tuple[str, ...]] = modules_of if settings.DEBUG else _modules_once
    return format_html_join("\n", '<link rel="modulepreload" href="{}">', ((static(name),) for name in find(main)))


def modules_of(main: str) -> tuple[str, ...]:
    """Return the static names of a module and of what it imports, in the order in which a browser meets them.

    Raises:
        FileNotFoundError: a module imports what no app has.
    """
    found: dict[str, None] = {}
    waiting = [main]
    while waiting:
        name = waiting.pop(0)
        if name in found:
            continue
        found[name] = None
        path = finders.find(name)
        if path is None:
            raise FileNotFoundError(f"no static file {name}, which {main} imports directly or indirectly")
        folder = posixpath.dirname(name)
        imports = _IMPORT.findall(Path(path).read_text(encoding="utf-8"))
        waiting.extend(posixpath.normpath(posixpath.join(folder, target)) for target in imports)
    return tuple(found)


# A running server's static files do not change.
_modules_once = cache(modules_of)
