"""Settings: all variables come from the environment or `.env`, and are listed in `.env.example`.

This module makes no connections. `streamhub.aws.target` decides which AWS to use and whether it can be
reached; `streamhub.startup` checks the settings and stops a process that has a mistake in them.
"""

from __future__ import annotations

import warnings
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

from kombu import Exchange, Queue

from streamhub import logs, variables
from streamhub.console.theme import UNFOLD as UNFOLD
from streamhub.postgresql import options as postgresql
from streamhub.redis_servers import RedisOptions
from streamhub.signin import options as signin
from streamhub.task_names import QueueName

BASE_DIR = Path(__file__).resolve().parent.parent
env = variables.Environment()
variables.read_file(env, "STREAMHUB_ENV_FILE", BASE_DIR / ".env")

VAR_DIR = variables.folder(Path(env.str("STREAMHUB_VAR_DIR", default=str(BASE_DIR / "var"))).absolute())

# --- StreamHub -------------------------------------------------------------------------------

STREAMHUB_AWS = env.str("STREAMHUB_AWS", default="embedded")
STREAMHUB_ENVIRONMENT = env.str("STREAMHUB_ENVIRONMENT", default="local")
# Where `manage.py embedded` writes the addresses of the embedded AWS and broker.
EMBEDDED_ADDRESSES = VAR_DIR / "embedded.json"

AWS_REGION = env.str("AWS_REGION", default=env.str("AWS_DEFAULT_REGION", default="eu-central-1"))
MEDIALIVE_ROLE_ARN = env.str("MEDIALIVE_ROLE_ARN", default="")
if not MEDIALIVE_ROLE_ARN and STREAMHUB_AWS == "embedded":
    MEDIALIVE_ROLE_ARN = "arn:aws:iam::111122223333:role/MediaLiveAccessRole"
RECORDING_BUCKET = env.str("RECORDING_BUCKET", default="")
MEDIA_BUCKET = env.str("MEDIA_BUCKET", default="")
# What viewers of a channel with a slate see while nothing is received; empty: a plain blue.
SLATE_IMAGE_URL = env.str("SLATE_IMAGE_URL", default="")
MEDIAMANAGER_DISTRIBUTION_ID = env.str("MEDIAMANAGER_DISTRIBUTION_ID", default="")
AWS_RATES = env.str("AWS_RATES", default="")
AWS_QUOTAS = env.str("AWS_QUOTAS", default="")
CLOUDFRONT_PRICE_CLASS = env.str("CLOUDFRONT_PRICE_CLASS", default="PriceClass_100")
CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID = env.str(
    "CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID",
    default="60669652-455b-4ae9-85a4-c4c02393f86c",  # AWS's managed policy "SimpleCORS"
)
CLOUDFRONT_KEY_GROUP_ID = env.str("CLOUDFRONT_KEY_GROUP_ID", default="")
CLOUDFRONT_PUBLIC_KEY_ID = env.str("CLOUDFRONT_PUBLIC_KEY_ID", default="")
CLOUDFRONT_PRIVATE_KEY = env.str("CLOUDFRONT_PRIVATE_KEY", default="", multiline=True)
# The key that replaces it: it signs once the key group has it.
CLOUDFRONT_PUBLIC_KEY_ID_NEXT = env.str("CLOUDFRONT_PUBLIC_KEY_ID_NEXT", default="")
CLOUDFRONT_PRIVATE_KEY_NEXT = env.str("CLOUDFRONT_PRIVATE_KEY_NEXT", default="", multiline=True)
# How long a signature for a show without a planned end lasts.
PLAYBACK_SECONDS = variables.whole(env, "PLAYBACK_SECONDS", 3600)

# With the first two, each channel has a domain of the house, `<label>.<domain>`; with the third StreamHub
# keeps the DNS records too.
CLOUDFRONT_ALIAS_DOMAIN = env.str("CLOUDFRONT_ALIAS_DOMAIN", default="").strip().rstrip(".").lower()
CLOUDFRONT_CERTIFICATE_ARN = env.str("CLOUDFRONT_CERTIFICATE_ARN", default="").strip()
ROUTE53_ZONE_ID = env.str("ROUTE53_ZONE_ID", default="").strip().removeprefix("/hostedzone/")
# The sites whose pages play with signed cookies; empty: pages of any site play, without cookies.
PLAYBACK_ORIGINS = [each.rstrip("/") for each in variables.words(env, "PLAYBACK_ORIGINS")]

# With both, the origin endpoints answer only CloudFront (CDN authorization of MediaPackage).
MEDIAPACKAGE_CDN_SECRET_ARN = env.str("MEDIAPACKAGE_CDN_SECRET_ARN", default="")
MEDIAPACKAGE_CDN_ROLE_ARN = env.str("MEDIAPACKAGE_CDN_ROLE_ARN", default="")

if STREAMHUB_AWS == "embedded":
    # The embedded AWS has these. For a real account there are no defaults.
    MEDIALIVE_ROLE_ARN = MEDIALIVE_ROLE_ARN or "arn:aws:iam::111122223333:role/MediaLiveAccessRole"
    RECORDING_BUCKET = RECORDING_BUCKET or "streamhub-recordings"
    MEDIA_BUCKET = MEDIA_BUCKET or "streamhub-media"
    MEDIAMANAGER_DISTRIBUTION_ID = MEDIAMANAGER_DISTRIBUTION_ID or "E3FEGSC0PV886G"

# The first periods of the periodic jobs (whole seconds). Staff's later edits win.
SWEEP_SECONDS = variables.whole(env, "SWEEP_SECONDS", 5)
OBSERVE_SECONDS = variables.whole(env, "OBSERVE_SECONDS", 15)
FULL_OBSERVE_SECONDS = variables.whole(env, "FULL_OBSERVE_SECONDS", 300)
REAPER_SECONDS = variables.whole(env, "REAPER_SECONDS", 300)
METRICS_SECONDS = variables.whole(env, "METRICS_SECONDS", 60)
METRICS_FINAL_AFTER_SECONDS = variables.whole(env, "METRICS_FINAL_AFTER_SECONDS", 3600)
USAGE_TAIL_SECONDS = variables.whole(env, "USAGE_TAIL_SECONDS", 120)

# Cost alarms (minutes): when to alarm about a channel that runs without a breakout and about a start that
# does not finish, and when to stop such a channel (0: never automatically).
IDLE_RUNNING_ALARM_MINUTES = variables.whole(env, "IDLE_RUNNING_ALARM_MINUTES", 10, unit="minutes")
AUTO_STOP_IDLE_MINUTES = variables.whole(env, "AUTO_STOP_IDLE_MINUTES", 0, unit="minutes", least=0)
START_ALARM_MINUTES = variables.whole(env, "START_ALARM_MINUTES", 15, unit="minutes")

# Costs (docs/billing.md): where most viewers are, in CloudFront's words; how much of what viewers get it
# fetches from MediaPackage; what a month may cost (US dollars; None: no budget).
_PRICE_REGIONS = ("US", "CA", "EU", "ZA", "ME", "SA", "JP", "AU", "AP", "IN")
CLOUDFRONT_PRICE_REGION = variables.one_of(env, "CLOUDFRONT_PRICE_REGION", "EU", _PRICE_REGIONS)
ORIGIN_BYTES_PERCENT = variables.whole(env, "ORIGIN_BYTES_PERCENT", 1, unit="percent", least=0, most=100)
# Where AWS's Data Exports deliver the bill (CUR 2.0 or FOCUS 1.x); empty: no bill is fetched.
BILL_BUCKET = env.str("BILL_BUCKET", default="")
BILL_PREFIX = env.str("BILL_PREFIX", default="")
MONTHLY_BUDGET = variables.limit(env, "MONTHLY_BUDGET", "US dollars")

# The widest network that may push to an input. A /16 (65,536 addresses) is the most that the site of an
# encoder usually has; whole providers are wider.
WIDEST_CIDR_PREFIX = variables.whole(env, "WIDEST_CIDR_PREFIX", 16, unit="bits", least=1, most=32)

# The hosts from which MediaLive may pull, `*.example.com` for all below it; empty: all on the internet.
# The buckets of this account from which it may read files, besides those of recordings and media files.
SOURCE_HOSTS = variables.words(env, "SOURCE_HOSTS")
SOURCE_BUCKETS = variables.words(env, "SOURCE_BUCKETS")

# How many channels there may be, and how many may run at once; None: no limit.
MAX_CHANNELS = variables.limit(env, "MAX_CHANNELS", "channels")
MAX_RUNNING_CHANNELS = variables.limit(env, "MAX_RUNNING_CHANNELS", "channels")

# The tag of a channel that names the customer of its shows.
CUSTOMER_TAG = env.str("CUSTOMER_TAG", default="customer")
# Whose statements have what no breakout explains: bytes outside of shows, idle channels. Empty: the house's.
UNATTRIBUTED_CUSTOMER = env.str("UNATTRIBUTED_CUSTOMER", default="").strip()[:256]

# --- Alarms ----------------------------------------------------------------------------------

# Where notices about alarms go; empty: nowhere. Mail needs the address of a mail server, EMAIL_URL.
locals().update(variables.mail(env, "EMAIL_URL"))
EMAIL_URL_SET = bool(env.str("EMAIL_URL", default=""))
EMAIL_TIMEOUT = 10  # seconds
ALARM_EMAIL_FROM = env.str("ALARM_EMAIL_FROM", default="streamhub@localhost")
ALARM_EMAILS = variables.names(env, "ALARM_EMAILS")
ALARM_URLS = variables.words(env, "ALARM_URLS")
ALARM_ESCALATION_URLS = variables.words(env, "ALARM_ESCALATION_URLS")
ALARM_ESCALATION_MINUTES = variables.whole(env, "ALARM_ESCALATION_MINUTES", 15, unit="minutes")
# Called while alarms can be seen and sent, for a dead man's switch elsewhere; empty: none.
HEARTBEAT_URL = env.str("HEARTBEAT_URL", default="")
# The address of this site, for the links in notices; empty: no links.
CONSOLE_URL = env.str("CONSOLE_URL", default="").rstrip("/")

# --- Webhooks --------------------------------------------------------------------------------

# Receivers of webhooks inside of the house: host names, `*.example.internal`, or networks. All others must be
# on the internet.
WEBHOOK_INTERNAL_HOSTS = variables.words(env, "WEBHOOK_INTERNAL_HOSTS")

# A younger resource never counts as missing (docs/architecture.md, "Gone needs proof").
MISSING_MIN_AGE_SECONDS = 60

# --- Django ----------------------------------------------------------------------------------

SECRET_KEY = variables.secret_key(env, VAR_DIR / "secret_key", live=STREAMHUB_AWS == "live")
# Former keys: what was encrypted or signed with one of them can still be read.
SECRET_KEY_FALLBACKS = variables.words(env, "SECRET_KEY_FALLBACKS")
DEBUG = variables.flag(env, "DEBUG", False)
ALLOWED_HOSTS = variables.names(env, "ALLOWED_HOSTS", "localhost 127.0.0.1 [::1]")
CSRF_TRUSTED_ORIGINS = variables.names(env, "CSRF_TRUSTED_ORIGINS")
ADMIN_PASSWORD = env.str("ADMIN_PASSWORD", default="")
# Who may say for whom a request is: only their X-Forwarded-For and X-Forwarded-Proto count.
TRUSTED_PROXIES = variables.names(env, "TRUSTED_PROXIES", "127.0.0.1 ::1")
# Live mode without TLS of its own: for a house where TLS ends elsewhere without the header.
STREAMHUB_PLAIN_HTTP = variables.flag(env, "STREAMHUB_PLAIN_HTTP", False)

INSTALLED_APPS = [
    "streamhub.console",  # its templates come before Unfold's
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",  # for allauth's pages
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_celery_beat",
    "streamhub.signin",  # its templates come before allauth's
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "axes",
    "csp",
    "ninja",
    "streamhub",
    "streamhub.lifecycle",
    "streamhub.access",
    "streamhub.alerts",
    "streamhub.webhooks",
    "streamhub.quotas",
    "distributions",
    "channels_app",
    "recordings",
    "billing",
    "drift",
]
# `manage.py embedded` and `demo`, if they are installed. Production does not have them.
if STREAMHUB_AWS == "embedded" and find_spec("devstack") is not None:
    INSTALLED_APPS.append("devstack")

MIDDLEWARE = [
    "streamhub.access.client_address.ClientAddressMiddleware",
    # Above all that answer by themselves: these three give every answer its headers.
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "streamhub.access.plain_http.PlainTokenMiddleware",  # above the redirect, which would answer the token
    "django.middleware.security.SecurityMiddleware",
    "streamhub.probes.ProbeMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "streamhub.access.odd_requests.OddRequestMiddleware",  # below: its answers need a Content-Length too
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "streamhub.signin.sessions.SessionLimitsMiddleware",
    "streamhub.console.login.BackToTheFormMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "streamhub.signin.second_factor.SecondFactorMiddleware",
    "streamhub.access.request_log.RequestLogMiddleware",
    "streamhub.access.audit_middleware.AuditMiddleware",  # below: its entries carry the request's id
    "streamhub.access.one_moment.OneMomentMiddleware",
    "axes.middleware.AxesMiddleware",
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
                "streamhub.signin.look.context",
            ],
        },
    },
]

FILE_UPLOAD_HANDLERS = [
    "streamhub.access.uploads.SizeHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

DATABASES = {"default": variables.database(env, "DATABASE_URL", f"sqlite:///{VAR_DIR / 'streamhub.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 30,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
elif DATABASES["default"] != variables.NO_DATABASE:
    DATABASES["default"] = postgresql.completed(DATABASES["default"])
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# What every process must know of the others: which one-time codes were used, and who tried how often.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "signin_cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "streamhub.access.passwords.PatternValidator"},
]

LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

# --- Signing in ------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["streamhub.signin.backends.LocalBackend"]
SESSION_ENGINE = "streamhub.signin.session_store"
SESSION_IDLE_MINUTES = variables.whole(env, "SESSION_IDLE_MINUTES", 480, unit="minutes")
SESSION_MAX_HOURS = variables.whole(env, "SESSION_MAX_HOURS", 24, unit="hours")
SESSION_COOKIE_AGE = SESSION_MAX_HOURS * 3600
# How long *Confirm access* lasts, and a sign-in before it is asked.
RECENT_SIGN_IN_MINUTES = variables.whole(env, "RECENT_SIGN_IN_MINUTES", 15, unit="minutes")
# The groups whose members need a second factor; superusers are in all of them.
MFA_REQUIRED_GROUPS = variables.names(env, "MFA_REQUIRED_GROUPS")

# The house's OpenID Connect provider; without a server there is none.
OIDC_SERVER_URL = env.str("OIDC_SERVER_URL", default="").rstrip("/")
OIDC_CLIENT_ID = env.str("OIDC_CLIENT_ID", default="")
OIDC_CLIENT_SECRET = env.str("OIDC_CLIENT_SECRET", default="")
OIDC_NAME = env.str("OIDC_NAME", default="single sign-on")
OIDC_SCOPE = env.str("OIDC_SCOPE", default="openid profile email").split()
OIDC_GROUPS_CLAIM = env.str("OIDC_GROUPS_CLAIM", default="groups")
OIDC_GROUP_MAP, _mistakes = signin.group_map(variables.words(env, "OIDC_GROUP_MAP"))
variables.mistakes.extend(_mistakes)

ACCOUNT_ADAPTER = "streamhub.signin.adapters.AccountAdapter"
ACCOUNT_FORMS = {"login": "streamhub.signin.forms.SignInForm"}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_UNIQUE_EMAIL = False
# Per address and account by `signin.throttle`; allauth would count in each process for itself.
ACCOUNT_RATE_LIMITS = {"login": None}
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "admin:login"
ACCOUNT_REAUTHENTICATION_TIMEOUT = RECENT_SIGN_IN_MINUTES * 60
SOCIALACCOUNT_ADAPTER = "streamhub.signin.oidc.ProviderAdapter"
SOCIALACCOUNT_PROVIDERS = signin.providers(
    OIDC_SERVER_URL, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_NAME, OIDC_SCOPE
)
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
MFA_ADAPTER = "streamhub.signin.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
# RFC 6238, 5.2: a code typed as its 30 s end, or of a phone whose clock is a little off.
MFA_TOTP_TOLERANCE = 1
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = STREAMHUB_AWS == "embedded"  # http://localhost

# One account for one address: whoever guesses locks himself out, and not the account's owner elsewhere.
AXES_HANDLER = "streamhub.signin.lockout.LockoutHandler"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "streamhub.signin.backends.axes_address"
AXES_USERNAME_CALLABLE = "streamhub.signin.backends.axes_name"
AXES_LOCKOUT_CALLABLE = "streamhub.signin.views.locked"
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

CONTENT_SECURITY_POLICY = {"DIRECTIVES": signin.policy(STREAMHUB_AWS == "embedded", OIDC_SERVER_URL)}

# Of pages, of notices and of refusals, the API's too; CONTRIBUTING, "Texts", says what else stays English.
USE_I18N = True
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_CODE = variables.language(env, "LANGUAGE_CODE", "en-us", LOCALE_PATHS[0])
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = ["streamhub.console.formats"]
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
# Without `collectstatic` the apps' own folders are served, so a missing STATIC_ROOT needs no warning.
WHITENOISE_USE_FINDERS = True
warnings.filterwarnings("ignore", message="No directory at", category=UserWarning)

# Production is behind TLS: `live` must not be served over plain HTTP.
TLS_ONLY = STREAMHUB_AWS == "live" and not STREAMHUB_PLAIN_HTTP
# The probes, which the internal network may call over plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^(api/v1/)?(livez|readyz)$"]
if TLS_ONLY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    # HSTS for subdomains and preload lists is a decision of the domain's owner.
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# --- Celery ----------------------------------------------------------------------------------

# Empty: the embedded broker, whose address `streamhub.aws.target` reads when it is needed.
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="")
# What this URL cannot say: with Sentinels the master's name and their password, with TLS who signs.
REDIS = RedisOptions(
    master=env.str("REDIS_SENTINEL_MASTER", default="mymaster"),
    sentinel_password=env.str("REDIS_SENTINEL_PASSWORD", default=""),
    ca_file=env.str("REDIS_CA_FILE", default=""),
)
CELERY_BROKER_USE_SSL = REDIS.tls(CELERY_BROKER_URL) or None

_EXCHANGE = Exchange("streamhub", type="direct")
CELERY_TASK_QUEUES = tuple(Queue(name.value, _EXCHANGE, routing_key=name.value) for name in QueueName)
CELERY_TASK_DEFAULT_QUEUE = QueueName.BULK.value
CELERY_TASK_DEFAULT_EXCHANGE = "streamhub"
CELERY_TASK_DEFAULT_ROUTING_KEY = QueueName.BULK.value

# A claim lasts 60 s, so a step is stopped before another worker can claim its row. Tasks are acknowledged
# early: the rows hold the work, so a lost task costs only seconds and a repeated one nothing.
CELERY_TASK_SOFT_TIME_LIMIT = 45
CELERY_TASK_TIME_LIMIT = 55
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_BACKEND = None
CELERY_RESULT_EXPIRES = None
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# A broker that does not answer must not delay a web request by more than about two seconds.
CELERY_TASK_PUBLISH_RETRY = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 1,
    "interval_start": 0.1,
    "interval_step": 0.1,
    "interval_max": 0.2,
}
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "queue_order_strategy": "priority",
    # A message is acknowledged when its task begins, so this is no limit for the task. One that waits longer
    # in a worker, behind long jobs, goes to a second one too: claims and leases let only one of them work.
    "visibility_timeout": 900,
    "socket_connect_timeout": 1,
    "socket_keepalive": True,
    **REDIS.of_transport(CELERY_BROKER_URL, timeout=1),
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# A Redis that becomes a replica answers with errors (UNBLOCKED, READONLY) on a connection that stays whole.
# Without this they end the worker; with it the worker connects again.
CELERY_BROKER_CHANNEL_ERROR_RETRY = True

CELERY_ENABLE_UTC = True
CELERY_TIMEZONE = "UTC"
# The schedule is in the database: `manage.py bootstrap` seeds it, staff edit it, nothing overwrites it.
CELERY_BEAT_SCHEDULER = "streamhub.lifecycle.beat:Scheduler"
# How soon beat sees an edit (seconds).
CELERY_BEAT_MAX_LOOP_INTERVAL = 5

# --- Logs ------------------------------------------------------------------------------------

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
if LOG_LEVEL not in logs.LEVELS:
    variables.mistakes.append(f"LOG_LEVEL={LOG_LEVEL!r} is unknown: write one of {', '.join(logs.LEVELS)}.")
    LOG_LEVEL = "INFO"
LOGGING = logs.logging_config(LOG_LEVEL, as_json=STREAMHUB_AWS == "live")
logs.configure_structlog(as_json=STREAMHUB_AWS == "live")
