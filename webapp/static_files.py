"""Static files with hashed names, so that browsers keep them for ever and a new release never meets an old module."""

from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage

_EXTENSION, _PATTERNS = HashedFilesMixin._js_module_import_aggregation_patterns  # type: ignore[attr-defined]
_AWAITED_IMPORT = (
    r"""(?P<matched>(?<=await )import\(["'](?P<url>[./].*?)["']\))""",
    """import("%(url)s")""",
)


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hashed and compressed files; `import` statements of ES modules are rewritten to the hashed names.

    Of `import(...)` only `await import(...)` is one: the rest are types in comments, which may go in circles.
    """

    support_js_module_import_aggregation = True
    _js_module_import_aggregation_patterns = (_EXTENSION, (*_PATTERNS[:-1], _AWAITED_IMPORT))
    # A hash is settled when those of all imported modules are: one pass for each step of the longest chain of imports.
    max_post_process_passes = 30
