"""Settings: every variable comes from the environment (or `.env`), each one stands in `.env.example`.

Nothing here talks to anything. Which AWS is meant, and whether it can be reached, is decided in
`streamhub.aws.target`; a mistake that would only show later stops the start in `streamhub.startup`.
"""

from __future__ import annotations

import secrets
from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

VAR_DIR = Path(env.str("STREAMHUB_VAR_DIR", default=str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)

# --- StreamHub -------------------------------------------------------------------------------

STREAMHUB_AWS = env.str("STREAMHUB_AWS", default="embedded")
STREAMHUB_ENVIRONMENT = env.str("STREAMHUB_ENVIRONMENT", default="local")
# Where `manage.py embedded` writes the addresses of the embedded AWS and broker.
EMBEDDED_ADDRESSES = VAR_DIR / "embedded.json"

AWS_REGION = env.str("AWS_REGION", default=env.str("AWS_DEFAULT_REGION", default="eu-central-1"))
MEDIALIVE_ROLE_ARN = env.str("MEDIALIVE_ROLE_ARN", default="")
RECORDING_BUCKET = env.str("RECORDING_BUCKET", default="")
MEDIA_BUCKET = env.str("MEDIA_BUCKET", default="")
MEDIAMANAGER_DISTRIBUTION_ID = env.str("MEDIAMANAGER_DISTRIBUTION_ID", default="")
CLOUDFRONT_PRICE_CLASS = env.str("CLOUDFRONT_PRICE_CLASS", default="PriceClass_100")
CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID = env.str(
    "CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID",
    default="60669652-455b-4ae9-85a4-c4c02393f86c",  # AWS's managed policy "SimpleCORS"
)
CLOUDFRONT_KEY_GROUP_ID = env.str("CLOUDFRONT_KEY_GROUP_ID", default="")
CLOUDFRONT_PUBLIC_KEY_ID = env.str("CLOUDFRONT_PUBLIC_KEY_ID", default="")
CLOUDFRONT_PRIVATE_KEY = env.str("CLOUDFRONT_PRIVATE_KEY", default="", multiline=True)

# Periods with which the periodic jobs are first seeded (whole seconds); staff edits win afterwards.
SWEEP_SECONDS = env.int("SWEEP_SECONDS", default=5)
OBSERVE_SECONDS = env.int("OBSERVE_SECONDS", default=15)
FULL_OBSERVE_SECONDS = env.int("FULL_OBSERVE_SECONDS", default=300)
REAPER_SECONDS = env.int("REAPER_SECONDS", default=300)
METRICS_SECONDS = env.int("METRICS_SECONDS", default=60)
METRICS_FINAL_AFTER_SECONDS = env.int("METRICS_FINAL_AFTER_SECONDS", default=3600)
USAGE_TAIL_SECONDS = env.int("USAGE_TAIL_SECONDS", default=120)

# A resource younger than this is never believed to be missing (DESIGN.md, "Gone needs proof").
MISSING_MIN_AGE_SECONDS = 60

# --- Django ----------------------------------------------------------------------------------


def _local_secret_key() -> str:
    """A random key that outlives restarts, for the embedded mode only."""
    path = VAR_DIR / "secret_key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text().strip()


SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY and STREAMHUB_AWS == "embedded":
    SECRET_KEY = _local_secret_key()

DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
ADMIN_PASSWORD = env.str("ADMIN_PASSWORD", default="")

INSTALLED_APPS = [
    "unfold",
    "streamhub.console",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_celery_beat",
    "streamhub",
    "streamhub.lifecycle",
    "streamhub.access",
    "streamhub.embedded",
    "distributions",
    "channels_app",
    "billing",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
]

ROOT_URLCONF = "streamhub.urls"
WSGI_APPLICATION = "streamhub.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'streamhub.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 30,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["OPTIONS"] = {"pool": {"min_size": 1, "max_size": 8, "timeout": 20}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True

# Behind TLS in production: `live` is never served over plain HTTP by accident.
if STREAMHUB_AWS == "live" and not DEBUG:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

# --- Celery ----------------------------------------------------------------------------------

# Empty means: the embedded broker, whose address `streamhub.aws.target` finds when it is needed.
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="")

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
