"""Settings, all from the environment.

Development gets safe local values; production (DPA_ENV=production) has no defaults for secrets.

`webapp.local` starts an embedded PostgreSQL and Redis where DATABASE_URL and REDIS_URL are not set, and sets both.
"""

import os
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("DPA_VAR_DIR", BASE_DIR / "var"))
IS_PRODUCTION = os.environ.get("DPA_ENV", "development") == "production"
DEBUG = False
HAS_METRICS = os.environ.get("DPA_METRICS", "") == "1"


def _required(name: str, development: str) -> str:
    value = os.environ.get(name, "" if IS_PRODUCTION else development)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set; production has no default for it")
    return value


def _whole_number(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isdigit():
        raise ImproperlyConfigured(f"{name} must be a whole number, got {text!r}")
    return int(text)


# Where nothing is set, commands that need no database run all the same, and the others fail at once.
NO_DATABASE = "postgresql://nobody@127.0.0.1:1/none"


def _database(url: str) -> dict[str, object]:
    """Turn postgresql://user:password@host:port/name?host=/socket/folder into Django's settings."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"DATABASE_URL must be postgresql://..., got scheme {parts.scheme!r}")
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    pool = {"min_size": 1, "max_size": _whole_number("DPA_DB_POOL", 8)}
    return {
        "ENGINE": "django_prometheus.db.backends.postgresql" if HAS_METRICS else "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", parts.hostname or ""),
        "PORT": parts.port or "",
        # A database that was restarted leaves dead connections in the pool; without the check a request would meet one.
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": query if url == NO_DATABASE else {**query, "pool": pool},
    }


SECRET_KEY = _required("DPA_SECRET_KEY", "development-only-" + "x" * 40)
ALLOWED_HOSTS = [h for h in _required("DPA_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1],testserver").split(",") if h]
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("DPA_TRUSTED_ORIGINS", "").split(",") if o]

# How many proxies stand in front, each of which adds to X-Forwarded-For; of none, nothing in that header is believed.
PROXIES = _whole_number("DPA_PROXIES", 0)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "webapp.apps.StaticConfig",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    "axes",
    "annotator.apps.AnnotatorConfig",
    "qa.apps.QaConfig",
    "export.apps.ExportConfig",
    "webapp.apps.WebappConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "webapp.middleware.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "webapp.middleware.AccountLanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

# The addresses of a project's pages are included without a slash: /projects/7 and /projects/7/people.
SILENCED_SYSTEM_CHECKS = ["urls.W002"]
ROOT_URLCONF = "webapp.urls"
WSGI_APPLICATION = "webapp.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "webapp.context_processors.shell",
            ],
        },
    },
]

DATABASES = {"default": _database(_required("DATABASE_URL", NO_DATABASE))}
REDIS_URL = _required("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

AUTH_USER_MODEL = "annotator.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "webapp.client_address.client_address"
AXES_LOCKOUT_CALLABLE = "webapp.views.auth.locked_out"
AXES_VERBOSE = False

LANGUAGE_CODE = "en"
# Each in its own words: whoever looks for a language reads that one.
LANGUAGES = [("en", "English"), ("zh-hant", "繁體中文")]
LOCALE_PATHS = [BASE_DIR / "webapp" / "locale"]
TIME_ZONE = os.environ.get("DPA_TIME_ZONE", "UTC")
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES: dict[str, dict[str, object]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "webapp.static_files.ModuleManifestStorage"},
}
if os.environ.get("DPA_S3_BUCKET"):
    STORAGES["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {"bucket_name": os.environ["DPA_S3_BUCKET"], "default_acl": "private", "file_overwrite": True},
    }
# Never served by URL: views check permissions and stream.
MEDIA_ROOT = Path(os.environ.get("DPA_MEDIA_DIR", VAR_DIR / "media"))
FILE_UPLOAD_PERMISSIONS = 0o640
DATA_UPLOAD_MAX_MEMORY_SIZE = 32 << 20
DATA_UPLOAD_MAX_NUMBER_FILES = 2000
MAX_IMAGE_BYTES = _whole_number("DPA_MAX_IMAGE_BYTES", 40 << 20)
MAX_IMAGE_PIXELS = _whole_number("DPA_MAX_IMAGE_PIXELS", 50_000_000)
MAX_ARCHIVE_BYTES = _whole_number("DPA_MAX_ARCHIVE_BYTES", 2 << 30)
MAX_ARCHIVE_FILES = _whole_number("DPA_MAX_ARCHIVE_FILES", 20_000)

# The same server by a unix socket is spelled differently by kombu.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 6 * 3600}
CELERY_BEAT_SCHEDULE = {
    "reap": {"task": "annotator.reap", "schedule": 20.0},
    # One that waited longer than to the next is not needed any more.
    "refresh_figures": {"task": "qa.refresh_figures", "schedule": 4.0, "options": {"expires": 4.0}},
    "score_gold": {"task": "qa.score_waiting_gold", "schedule": 15.0, "options": {"expires": 15.0}},
    "merge_waiting": {"task": "qa.merge_waiting", "schedule": 20.0, "options": {"expires": 20.0}},
    "preannotate": {"task": "annotator.preannotate_new", "schedule": 30.0},
    "discard_uploads": {"task": "annotator.discard_uploads", "schedule": 3600.0},
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "annotator.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["annotator.api.permissions.DenyAll"],
    "DEFAULT_RENDERER_CLASSES": ["annotator.api.rendering.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["annotator.api.rendering.OrjsonParser"],
    "DEFAULT_PAGINATION_CLASS": "annotator.api.pagination.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "annotator.api.errors.exception_handler",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "DensePose annotation platform",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
}

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "webapp.views.common.stale_form"
if IS_PRODUCTION:
    SECURE_SSL_REDIRECT = os.environ.get("DPA_SSL_REDIRECT", "1") == "1"
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = _whole_number("DPA_HSTS_SECONDS", 31_536_000)
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("DPA_LOG_LEVEL", "INFO")},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
