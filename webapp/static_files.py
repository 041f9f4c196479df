"""Static files with hashed names, so that browsers keep them for ever and a new release never meets an old module."""

import re
from typing import Any

from django.contrib.staticfiles.storage import HashedFilesMixin
from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

_EXTENSION, _PATTERNS = HashedFilesMixin._js_module_import_aggregation_patterns  # type: ignore[attr-defined]
_AWAITED_IMPORT = (
    r"""(?P<matched>(?<=await )import\(["'](?P<url>[./].*?)["']\))""",
    """import("%(url)s")""",
)
# The apps whose modules are written here: comments begin a line, or say a type before a parenthesis or a member.
_OWN_MODULES = re.compile(r"^(?:annotator|qa|webapp)/.*\.js$")
_COMMENT = re.compile(
    r"^[ \t]*/\*(?:(?!\*/).)*\*/[ \t]*$|^[ \t]*//[^\n]*$|/\*\*(?:(?!\*/)[^\n])*\*/ ?", re.M | re.DOTALL
)


def without_comments(module: str) -> str:
    """Return one of our modules without its comments, a third of its compressed size; every line keeps its number."""
    return _COMMENT.sub(lambda comment: "\n" * comment.group().count("\n"), module)


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hashed and compressed files; `import` statements of ES modules are rewritten to the hashed names.

    Of `import(...)` only `await import(...)` is one: the rest are types in comments, which may go in circles.
    """

    support_js_module_import_aggregation = True
    _js_module_import_aggregation_patterns = (_EXTENSION, (*_PATTERNS[:-1], _AWAITED_IMPORT))
    # A hash is settled when those of all imported modules are: one pass for each step of the longest chain of imports.
    max_post_process_passes = 30

    def _save(self, name: str, content: Any) -> str:
        if _OWN_MODULES.match(name):
            content.seek(0)  # it was read before, for its hash
            read: bytes | str = content.read()
            module = read.decode() if isinstance(read, bytes) else read
            content = ContentFile(without_comments(module).encode())
        saved: str = super()._save(name, content)
        return saved
