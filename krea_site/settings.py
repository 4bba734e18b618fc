"""Every setting of the site, read from the environment (or `.env`); docs/settings.md lists them all.

None is needed: without any, the site runs on this machine alone, on SQLite, with local stand-ins for fal and Stripe.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from dotenv import load_dotenv

BASE_DIR = Path(__file__).resolve().parent.parent
load_dotenv(BASE_DIR / ".env")


def env(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


UNREADABLE: list[str] = []  # what the environment says and nobody can read, for krea_site.E010 to refuse


def env_int(name: str, default: int, *, most: int = 1_000_000) -> int:
    value = env(name, str(default))
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= most):
        UNREADABLE.append(f"{name} is {value[:40]!r}; it must be a whole number from 1 to {most}.")
        return default
    return int(value)


def env_bool(name: str, default: bool = False) -> bool:
    value = env(name, str(default)).lower()
    if value not in {"1", "true", "yes", "on", "0", "false", "no", "off"}:
        UNREADABLE.append(f"{name} is {value[:40]!r}; it must be on or off.")
    return value in {"1", "true", "yes", "on"}


def env_list(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in env(name, default).split(",") if part.strip()]


def kept_secret(path: Path) -> str:
    """The secret in `path`, made on the first run; two first starts at once end with the same one."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f"{path.name}.{os.getpid()}")
        made.write_text(secrets.token_urlsafe(50))
        made.chmod(0o600)
        try:
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_text().strip()


# The site -----------------------------------------------------------------------------------------

DEBUG = env_bool("DEBUG")
PORT = env_int("PORT", 8000, most=65_535)
PUBLIC_URL = env("PUBLIC_URL", f"http://localhost:{PORT}").rstrip("/")
PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname or "localhost"
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})
IS_PUBLIC = PUBLIC_HOST not in LOOPBACK_HOSTS
VAR_DIR = Path(env("VAR_DIR", str(BASE_DIR / "var"))).resolve()
SECRET_KEY = env("SECRET_KEY") or kept_secret(VAR_DIR / "secret_key")
SECRET_KEY_FALLBACKS = env_list("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", f"localhost,127.0.0.1,[::1],{PUBLIC_HOST}")
SITE_NAME = "Krea Studio"

INSTALLED_APPS = [
    "krea_site",
    "partners",
    "generations",
    "billing",
    "accounts",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "django_q",
    "rest_framework",
    "unfold.apps.BasicAppConfig",  # its templates come before the admin's own
    "unfold.contrib.filters",
    "krea_site.dashboard.apps.DashboardConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "krea_site.traffic.by_route",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Padded by a random length, and the CSRF token is masked anew in every answer: sizes tell nothing (BREACH).
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "krea_site.impersonation.as_customer",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.sessions.note_visits",
    "django_htmx.middleware.HtmxMiddleware",
    "krea_site.error_pages.method_with_words",
]

ROOT_URLCONF = "krea_site.urls"
WSGI_APPLICATION = None
APPEND_SLASH = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True

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
                "krea_site.context.site",
            ],
        },
    },
]

# Database, cache, tasks ---------------------------------------------------------------------------

DATABASE_URL = env("DATABASE_URL", f"sqlite:///{VAR_DIR / 'db.sqlite3'}")
REDIS_URL = env("REDIS_URL")


def database(url: str) -> Any:
    """Django's entry for `url`. Money is kept here: SQLite syncs each commit to disk (FULL), takes the write
    lock when a transaction begins (a read that turns into a write would fail), and waits for it."""
    try:
        entry: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=600, conn_health_checks=True))
    except ValueError:
        entry = {"ENGINE": ""}
    if entry["ENGINE"] not in ("django.db.backends.sqlite3", "django.db.backends.postgresql"):
        UNREADABLE.append("DATABASE_URL is of another kind than sqlite:///… or postgres://user:password@host/name.")
        return {"ENGINE": "django.db.backends.dummy"}
    if entry["ENGINE"].endswith("sqlite3"):
        Path(entry["NAME"]).parent.mkdir(parents=True, exist_ok=True)
        # Tests use a file too: a database in memory that threads share has locks that nobody waits for.
        entry["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
        entry["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16000;",
        }
    else:
        options = entry.setdefault("OPTIONS", {})
        options.setdefault("connect_timeout", 10)  # seconds; libpq would wait for minutes
        options.setdefault("prepare_threshold", 3)  # of `billing.compiled`; others' values stand in their SQL
    return entry


DATABASES = {"default": database(DATABASE_URL)}
IS_POSTGRES = DATABASES["default"]["ENGINE"].endswith("postgresql")

CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
        if REDIS_URL
        else {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "cache",
            # Not Django's 300: whoever fills it up would wipe out the counts of failed log-ins.
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    ),
}

# Every wait, each from the one before, so that no job is given to a second worker while the first still has it.
FAL_TIMEOUT_S = 20  # one HTTP call at fal
TASK_TIMEOUT_S = 3 * FAL_TIMEOUT_S + 30  # one task: a call with its retries, and what is done with the answer
WORKERS = env_int("WORKERS", 2)
WEB_THREADS = env_int("WEB_THREADS", 6)
WEB_STREAMS = env_int("WEB_STREAMS", 6000)  # event streams and waiting calls that one web process holds
TRUSTED_PROXIES = env("TRUSTED_PROXIES", "127.0.0.1,::1")  # whose X-Forwarded-For is believed
WEB_PROCESSES = env_int("WEB_PROCESSES", os.cpu_count() or 1 if IS_POSTGRES else 1)  # SQLite has one writer anyway
QUEUE_LIMIT = WORKERS  # prefetched jobs: their retry clock runs while they wait
QUEUE_RETRY_S = (QUEUE_LIMIT // WORKERS + 1) * TASK_TIMEOUT_S + 30
SWEEP_AGE_S = QUEUE_RETRY_S + 30  # what stands still for this long is taken up again

Q_CLUSTER: dict[str, Any] = {
    "name": env("QUEUE_NAME", "krea"),
    "label": "Tasks",
    "workers": WORKERS,
    "queue_limit": QUEUE_LIMIT,
    "timeout": TASK_TIMEOUT_S,
    "retry": QUEUE_RETRY_S,
    "max_attempts": 3,
    "ack_failures": True,
    "save_limit": -1,  # results live in our own rows
    "recycle": 500,
    "max_rss": 280_000,  # kB; a worker that grew is replaced between two tasks
    "poll": 0.2,
    "catch_up": False,
    "broker_class": f"generations.lanes.{'OnRedis' if REDIS_URL else 'OnDatabase'}",
    **({"redis": REDIS_URL} if REDIS_URL else {"orm": "default"}),
}

# Accounts -----------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
ACCOUNT_ADAPTER = "accounts.adapters.Adapter"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = urlsplit(PUBLIC_URL).scheme
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_CHANGE_EMAIL = True  # one address; a new one takes its place when it is confirmed
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True  # only in the browser that signed up
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 3
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60  # how long a confirmation for dangerous acts is fresh
ACCOUNT_LOGIN_TIMEOUT = 15 * 60  # from the password to the second factor
ACCOUNT_FORMS = {
    "login": "accounts.forms.Login",
    "signup": "accounts.forms.SignUp",
    "add_email": "accounts.forms.AddEmail",
    "change_password": "accounts.forms.ChangePassword",
    "set_password": "accounts.forms.SetPassword",
    "reset_password": "accounts.forms.ResetPassword",
    "reset_password_from_key": "accounts.forms.ResetPasswordFromKey",
    "reauthenticate": "accounts.forms.Reauthenticate",
}
# How often, by whom (network, user, or what was typed); accounts/limits.py tells when to try again.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "20/m/ip,5/5m/key",
    "signup": "10/m/ip,60/h/ip",
    "confirm_email": "1/3m/key",
    "reset_password": "10/m/ip,5/h/key",
    "reset_password_from_key": "20/m/ip",
    "change_password": "5/m/user,20/h/user",
    "manage_email": "10/m/user,30/h/user",
    "reauthenticate": "10/m/user",
}
ALLAUTH_TRUSTED_PROXY_COUNT = 0  # the server puts the client's address right already, behind TRUSTED_PROXIES
SIGNUP_OPEN = env_bool("SIGNUP_OPEN", True)

MFA_ADAPTER = "accounts.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1  # clocks differ, and people type slowly; accounts/codes.py lets each code in once
MFA_FORMS = {
    "authenticate": "accounts.forms.Authenticate",
    "reauthenticate": "accounts.forms.ReauthenticateByCode",
    "activate_totp": "accounts.forms.ActivateApp",
    "add_webauthn": "accounts.forms.AddPasskey",
    "edit_webauthn": "accounts.forms.RenamePasskey",
    "login_webauthn": "accounts.forms.LoginByPasskey",
    "authenticate_webauthn": "accounts.forms.AuthenticateByPasskey",
    "reauthenticate_webauthn": "accounts.forms.ReauthenticateByPasskey",
}

SESSION_COOKIE_AGE = 14 * 24 * 3600
PASSWORD_RESET_TIMEOUT = 2 * 3600
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/studio/"
LOGOUT_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# Trial credits ------------------------------------------------------------------------------------

TRIAL_KEY = env("TRIAL_KEY") or kept_secret(VAR_DIR / "trial_key")  # not SECRET_KEY: that one is rotated
TRIAL_CREDITS = env_int("TRIAL_CREDITS", 200)
TRIAL_PER_NETWORK = env_int("TRIAL_PER_NETWORK", 3)  # in a calendar month
TRIAL_PER_DAY = env_int("TRIAL_PER_DAY", 200)  # on the whole site

# Mail ---------------------------------------------------------------------------------------------

EMAIL_URL = env("EMAIL_URL")
EMAIL_BACKEND = "krea_site.mails.backend.Rows"  # a task sends the rows to the server that EMAIL_URL names
DEFAULT_FROM_EMAIL = env("MAIL_FROM", f"{SITE_NAME} <no-reply@{PUBLIC_HOST}>")
MAIL_REPLY_TO = env("MAIL_REPLY_TO")
REPORTS_TO = env_list("REPORTS_TO")
REPORTS_DUE_HOURS = env_int("REPORTS_DUE_HOURS", 24)
REPORTS_OF_MINORS_DUE_HOURS = env_int("REPORTS_OF_MINORS_DUE_HOURS", 1)
if EMAIL_URL:
    _mail = urlsplit(EMAIL_URL)
    EMAIL_HOST = _mail.hostname or "localhost"
    EMAIL_PORT = {"smtps": 465, "smtp+tls": 587}.get(_mail.scheme, 25)
    with suppress(ValueError):  # krea_site.E007 refuses a port that is no number
        EMAIL_PORT = _mail.port or EMAIL_PORT
    EMAIL_HOST_USER = unquote(_mail.username or "")
    EMAIL_HOST_PASSWORD = unquote(_mail.password or "")
    EMAIL_USE_SSL = _mail.scheme == "smtps"
    EMAIL_USE_TLS = _mail.scheme == "smtp+tls"
    EMAIL_TIMEOUT = 10

# Partner API ----------------------------------------------------------------------------------------

API_CALLS_A_MINUTE = env_int("API_CALLS_A_MINUTE", 600)  # of one key, where the key says nothing else
API_UNFINISHED_IMAGES = env_int("API_UNFINISHED_IMAGES", 1000)
UPLOADS_PER_USER = env_int("UPLOADS_PER_USER", 1000)  # that no generation uses
UPLOAD_MB_PER_USER = env_int("UPLOAD_MB_PER_USER", 1000)
API_STREAMS = env_int("API_STREAMS", 200)  # open event streams of one account in one web process
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["partners.json_only.Json"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["partners.authentication.ByKey", "partners.authentication.BySession"],
    "DEFAULT_PERMISSION_CLASSES": ["partners.authentication.HasScope"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "partners.json_only.AlwaysJson",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "partners.problems.answer",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "OAS_VERSION": "3.1.0",
    "TITLE": "Krea Studio partner API",
    "VERSION": "1",
    "DESCRIPTION": "Pictures by Krea 2 and FLUX.1 Krea, priced before they are drawn and charged once.",
    "SERVERS": [{"url": PUBLIC_URL}],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [],
    "AUTHENTICATION_WHITELIST": [],
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "key": {"type": "http", "scheme": "bearer", "description": "An API key: Authorization: Bearer krea_…"}
        }
    },
    "SORT_OPERATIONS": False,
}

# fal ----------------------------------------------------------------------------------------------

STANDIN_FAL_PORT = env_int("STANDIN_FAL_PORT", PORT + 1, most=65_535)
STANDIN_FAL_URL = f"http://127.0.0.1:{STANDIN_FAL_PORT}"
FAL_KEY = env("FAL_KEY")
FAL_ADMIN_KEY = env("FAL_ADMIN_KEY")  # of scope ADMIN, for what FAL_KEY may not do, such as to erase
USES_STANDIN = not FAL_KEY
FAL_QUEUE_URL = env("FAL_QUEUE_URL", f"{STANDIN_FAL_URL}/queue" if USES_STANDIN else "https://queue.fal.run").rstrip(
    "/"
)
FAL_RUN_URL = env("FAL_RUN_URL", f"{STANDIN_FAL_URL}/run" if USES_STANDIN else "https://fal.run").rstrip("/")
FAL_REST_URL = env("FAL_REST_URL", f"{STANDIN_FAL_URL}/rest" if USES_STANDIN else "https://rest.fal.ai").rstrip("/")
FAL_API_URL = env("FAL_API_URL", f"{STANDIN_FAL_URL}/api" if USES_STANDIN else "https://api.fal.ai/v1").rstrip("/")
FAL_JWKS_URL = env(
    "FAL_JWKS_URL", f"{STANDIN_FAL_URL if USES_STANDIN else 'https://rest.fal.ai'}/.well-known/jwks.json"
)
FAL_MEDIA_HOSTS = frozenset(
    env_list(
        "FAL_MEDIA_HOSTS",
        f"127.0.0.1:{STANDIN_FAL_PORT}"
        if USES_STANDIN
        else "v3.fal.media,v3b.fal.media,fal.media,storage.googleapis.com",
    )
)
FAL_WEBHOOKS = env("FAL_WEBHOOKS", "auto").lower()
FAL_CONCURRENCY = env_int("FAL_CONCURRENCY", 10 if USES_STANDIN else 2)
STANDIN_SPEED = env("STANDIN_SPEED", "1")

# Stripe -------------------------------------------------------------------------------------------

STANDIN_STRIPE_PORT = env_int("STANDIN_STRIPE_PORT", PORT + 2, most=65_535)
STANDIN_STRIPE_URL = f"http://127.0.0.1:{STANDIN_STRIPE_PORT}"
STRIPE_SECRET_KEY = env("STRIPE_SECRET_KEY")
STRIPE_WEBHOOK_SECRET = env("STRIPE_WEBHOOK_SECRET")
# Never on a public site: everybody knows the stand-in's secret, and could sign events that give credits away.
STRIPE_USES_STANDIN = not (STRIPE_SECRET_KEY or STRIPE_WEBHOOK_SECRET or IS_PUBLIC)
if STRIPE_USES_STANDIN:
    STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET = "sk_test_standin", "whsec_standin"
STRIPE_API_URL = env("STRIPE_API_URL", STANDIN_STRIPE_URL if STRIPE_USES_STANDIN else "https://api.stripe.com").rstrip(
    "/"
)
STRIPE_TAX = env_bool("STRIPE_TAX")
# Where forms of ours may lead to: Stripe's pages for paying and for one's cards, or the stand-in's.
STRIPE_PAGES = env_list(
    "STRIPE_PAGES",
    "https://checkout.stripe.com,https://billing.stripe.com"
    if STRIPE_API_URL == "https://api.stripe.com"
    else STRIPE_API_URL,
)
STRIPE_TIMEOUT_S = 10  # one try of one call; pages wait for some of them
STRIPE_RETRIES = 2  # of a call, with the same idempotency key

# Pictures, and addresses of strangers -------------------------------------------------------------

S3_BUCKET = env("S3_BUCKET")
S3_ENDPOINT_URL = env("S3_ENDPOINT_URL")
S3_ACCESS_KEY_ID = env("S3_ACCESS_KEY_ID")
S3_SECRET_ACCESS_KEY = env("S3_SECRET_ACCESS_KEY")
S3_REGION = env("S3_REGION")
MEDIA_DIR = VAR_DIR / "media"
EGRESS_PROXY = env("EGRESS_PROXY")
SAFE_FETCH_ALLOW = frozenset(env_list("SAFE_FETCH_ALLOW"))

STORAGES: dict[str, Any] = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(MEDIA_DIR)},
    },
    "staticfiles": {"BACKEND": "krea_site.assets.Collected"},
    "pictures": (
        {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": S3_BUCKET,
                "endpoint_url": S3_ENDPOINT_URL or None,
                "access_key": S3_ACCESS_KEY_ID or None,
                "secret_key": S3_SECRET_ACCESS_KEY or None,
                "region_name": S3_REGION or None,
                "default_acl": None,
                "file_overwrite": True,
                "signature_version": "s3v4",
            },
        }
        if S3_BUCKET
        else {
            "BACKEND": "generations.pictures.store.PictureFiles",
            "OPTIONS": {"location": str(MEDIA_DIR)},
        }
    ),
}

STATIC_URL = "/static/"
# What an operator puts in VAR_DIR/assets comes before what is shipped: sample pictures of their own.
STATICFILES_DIRS = [folder for folder in (VAR_DIR / "assets", BASE_DIR / "static") if folder.is_dir()]
STATIC_ROOT = VAR_DIR / "static"
# Served straight from the sources, and looked at anew each time, where nobody collected them: tests, DEBUG.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG or not (STATIC_ROOT / "staticfiles.json").exists()

# The dashboard -------------------------------------------------------------------------------------

STAFF_CREDITS_ALONE = env_int("STAFF_CREDITS_ALONE", 10_000)  # for one person within a day, without a second

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": SITE_NAME,
    "SITE_HEADER": SITE_NAME,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_HISTORY": False,
}

# Safety of the pages ------------------------------------------------------------------------------

_picture_hosts = [
    f"{parts.scheme}://{parts.netloc}" for parts in [urlsplit(S3_ENDPOINT_URL)] if S3_BUCKET and parts.netloc
] or (["https://*.amazonaws.com"] if S3_BUCKET else [])
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:", *_picture_hosts],
        "connect-src": [SELF],
        "font-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF, *STRIPE_PAGES],
        "frame-ancestors": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
USES_HTTPS = urlsplit(PUBLIC_URL).scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = USES_HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
if USES_HTTPS:  # no other host of the same domain can set these, and plain http cannot either
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
SECURE_HSTS_SECONDS = 31_536_000 if USES_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = USES_HTTPS
SECURE_SSL_REDIRECT = USES_HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if USES_HTTPS else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
CSRF_FAILURE_VIEW = "krea_site.error_pages.strange_form"
DATA_UPLOAD_MAX_MEMORY_SIZE = 32 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024

# Logs: ids, never prompts, keys, e-mail addresses or card data -------------------------------------

WATCH_EVERY_S = env_int("WATCH_EVERY_S", 15)  # how often the watch looks at the site
WATCH_PATIENCE_S = env_int("WATCH_PATIENCE_S", 60)  # how long something may stand still before it is an alert
# A glance is one call for a hundred payments; with a live key it is rarer while nobody buys: krea_site/watch/proofs.py.
WATCH_STRIPE_EVERY_S = env_int("WATCH_STRIPE_EVERY_S", 60)
WATCH_UNKNOWN_CENTS = env_int("WATCH_UNKNOWN_CENTS", 500)  # of draws that were lost in a day and may be billed
ALERTS_TO = env_list("ALERTS_TO")
ALERT_MAILS_APART_S = env_int("ALERT_MAILS_APART_S", 3600)  # about the same thing
ALERT_MAILS_A_DAY = env_int("ALERT_MAILS_A_DAY", 50)
METRICS_TOKEN = env("METRICS_TOKEN")
SENTRY_DSN = env("SENTRY_DSN")
RELEASE = env("RELEASE", "krea-site@0.1.0")
LOG_FORMAT = env("LOG_FORMAT", "text").lower()
LOG_LEVEL = env("LOG_LEVEL", "INFO").upper()
if LOG_LEVEL not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
    UNREADABLE.append(f"LOG_LEVEL is {LOG_LEVEL[:40]!r}; it must be debug, info, warning, error or critical.")
    LOG_LEVEL = "INFO"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"()": "krea_site.logs.TextFormatter"},
        "json": {"()": "krea_site.logs.JsonFormatter"},
    },
    "filters": {"without_addresses": {"()": "krea_site.logs.WithoutAddresses"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "json" if LOG_FORMAT == "json" else "text"},
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django.request": {"filters": ["without_addresses"]},
        "django.security": {"filters": ["without_addresses"]},
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "stripe": {"level": "WARNING"},  # it would write what it sends, e-mail addresses too
        "urllib3": {"level": "WARNING"},
        "django-q": {"level": "WARNING", "handlers": ["stderr"], "propagate": False},
    },
}
