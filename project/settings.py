"""Django's settings, from the environment only; docs/operate.md lists the variables."""

import os
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static

from streams.conf import get_settings
from streams.logs.configuration import logging_configuration

BASE_DIR = Path(__file__).resolve().parent.parent


def _flag(name: str, default: bool) -> bool:
    return os.environ.get(name, "1" if default else "0").lower() in ("1", "true", "yes", "on")


DEBUG = _flag("DJANGO_DEBUG", True)


def _required_in_production(name: str, in_debug: str) -> str:
    value = os.environ.get(name, "")
    if not value and not DEBUG:
        raise ImproperlyConfigured(f"{name} is required when DJANGO_DEBUG is off")
    return value or in_debug


SECRET_KEY = _required_in_production("DJANGO_SECRET_KEY", "only-for-development-" + "x" * 40)
ALLOWED_HOSTS = [
    host.strip() for host in _required_in_production("DJANGO_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
]
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("DJANGO_CSRF_TRUSTED_ORIGINS", "").split(",") if origin]

# Pages of other sites that may read topics: full origins (https://app.example.org), or * for what needs no cookie.
CORS_ORIGINS = [origin for origin in os.environ.get("STREAMS_CORS_ORIGINS", "").replace(",", " ").split() if origin]
CORS_ALLOW_ALL_ORIGINS = "*" in CORS_ORIGINS
CORS_ALLOWED_ORIGINS = [origin for origin in CORS_ORIGINS if origin != "*"]
CORS_ALLOW_CREDENTIALS = not CORS_ALLOW_ALL_ORIGINS
CORS_URLS_REGEX = r"^/events(/|$)"
CORS_ALLOW_METHODS = ["GET", "HEAD", "POST", "OPTIONS"]
CORS_ALLOW_HEADERS = [
    "accept", "authorization", "cache-control", "content-type", "idempotency-key", "last-event-id", "x-csrftoken",
]  # fmt: skip
CORS_EXPOSE_HEADERS = ["Retry-After", "X-Request-ID"]

INSTALLED_APPS = [
    "streams",  # before daphne: its runserver is ours
    "daphne",  # before staticfiles, as its system check asks
    "unfold.apps.BasicAppConfig",  # before the admin: its templates and static files are the better ones
    "unfold.contrib.filters",
    "project.admin.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "corsheaders",
]

MIDDLEWARE = [  # Django's, run in the loop instead of a thread each
    "corsheaders.middleware.CorsMiddleware",  # first: a refusal must be readable too
    "streams.http.inline.Security",
    "streams.http.csp.content_security_policy",
    "streams.http.inline.Session",
    "streams.http.inline.Common",
    "streams.http.inline.CsrfForSessions",
    "streams.http.inline.Authentication",
    "streams.http.inline.Messages",
    "streams.http.inline.XFrameOptions",
]

ROOT_URLCONF = "project.urls"
ASGI_APPLICATION = "project.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "streams.http.errors.request_id",
            ]
        },
    }
]

# Databases. SQLite as a log: WAL so that readers never wait for the writer; IMMEDIATE because a transaction that reads
# and then writes would otherwise fail at once under contention, whatever the timeout; FULL because a publish that was
# answered must survive a power cut.
SQLITE_OPTIONS: dict[str, Any] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 10,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON",
}
# PostgreSQL over a network that may go away without a word: a thread that waits for it is free again within seconds,
# not after the two hours of the system's own keepalive.
POSTGRESQL_OPTIONS: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,
}
DATABASE_URL = os.environ.get("DATABASE_URL", "")
EMBEDDED_DATABASE = not DATABASE_URL
DATABASES: dict[str, Any] = {
    "default": dj_database_url.parse(DATABASE_URL or f"sqlite:///{BASE_DIR / 'db.sqlite3'}", conn_max_age=0)
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"].setdefault("OPTIONS", {}).update(SQLITE_OPTIONS)
else:
    DATABASES["default"]["OPTIONS"] = POSTGRESQL_OPTIONS | DATABASES["default"].get("OPTIONS", {})
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The channel layer carries the doorbell only: a hint that may be lost.
REDIS_URL = os.environ.get("REDIS_URL", "")
CHANNEL_LAYERS: dict[str, Any] = {
    "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}}
    if REDIS_URL
    else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
FORMAT_MODULE_PATH = ["project.formats"]
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("STREAMS_STATIC_ROOT", BASE_DIR / "staticfiles"))
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = Path(os.environ.get("STREAMS_MEDIA_ROOT", BASE_DIR / "media"))

CSRF_FAILURE_VIEW = "streams.http.errors.csrf_failure"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "chat"
LOGOUT_REDIRECT_URL = "chat"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

ANTHROPIC_API_KEY = os.environ.get("ANTHROPIC_API_KEY", "")
ANTHROPIC_BASE_URL = os.environ.get("ANTHROPIC_BASE_URL", "")

MAX_REQUEST_BYTES = int(os.environ.get("STREAMS_MAX_REQUEST_BYTES", "16777216"))  # larger files come in pieces
DATA_UPLOAD_MAX_NUMBER_FILES = 1_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024  # the views name their own, smaller limits

# Three of Django's deployment checks look for the names of its own middleware; ours are subclasses of it, and tests
# look at the headers themselves.
SILENCED_SYSTEM_CHECKS = ["security.W001", "security.W002", "security.W003"]

# Security headers. HTTPS is what production is served by; DJANGO_HTTPS=0 is for a trial without it.
HTTPS = _flag("DJANGO_HTTPS", not DEBUG)
SECURE_SSL_REDIRECT = HTTPS
ANY_HOST_PATHS = ("/healthz", "/readyz", "/metrics")  # asked by address and without TLS, from next door
SECURE_REDIRECT_EXEMPT = [r"^diagnostics/", r"^(healthz|readyz|metrics)$"]  # the first tells why no scheme arrives
BEHIND_PROXY = _flag("DJANGO_BEHIND_PROXY", False)  # its X-Forwarded-Proto and X-Request-ID are believed
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _flag("DJANGO_HSTS_WIDE", False)  # binds a whole domain
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = get_settings().session_age_s
SESSION_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

# The admin; its colours are in static/streams/css/admin.css, and its site is project/admin.py's.
UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Streams",
    "SITE_HEADER": "Streams",
    "SITE_SUBHEADER": "Operation",
    "SITE_ICON": lambda request: static("streams/favicon.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("streams/favicon.svg")},
    ],
    "STYLES": [lambda request: static("streams/css/admin.css")],
    "SHOW_HISTORY": True,
    "SHOW_BACK_BUTTON": False,
    "ENVIRONMENT": "streams.admin.navigation.environment",
    "DASHBOARD_CALLBACK": "streams.admin.dashboard.dashboard",
    "SIDEBAR": {"show_search": False, "navigation": "streams.admin.navigation.sidebar"},
}

LOGGING = logging_configuration(
    log_format=get_settings().log_format or ("text" if DEBUG else "json"),
    level=os.environ.get("DJANGO_LOG_LEVEL", "WARNING"),
)
