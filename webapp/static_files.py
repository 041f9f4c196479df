"""Static files with hashed names, so that browsers keep them for ever and a new release never meets an old module."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):
    """Hashed and compressed files; `import` statements of ES modules are rewritten to the hashed names."""

    support_js_module_import_aggregation = True
