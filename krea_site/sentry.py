"""The door to Sentry: errors go there where SENTRY_DSN is set, with ids and without anything of a customer.

Events are sent by a thread of their own from a short queue: one that does not answer slows nobody, and what does not
fit is dropped. Before one leaves, whatever could hold a prompt, a key, an address or a body is taken out of it.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import sentry_sdk
from django.conf import settings
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.integrations.logging import LoggingIntegration

from generations import trace

GONE: Final = "[taken out]"
KEPT_OF_A_REQUEST: Final = ("method",)
MOST_TEXT: Final = 500
SECRETS: Final = re.compile(
    r"""
    [^\s@"'<>]{1,64}@[^\s@"'<>]{1,200}          # addresses
    | krea_[A-Za-z0-9_-]{6,}                     # our API keys
    | (?:sk|pk|rk|whsec)_[A-Za-z0-9_]{6,}        # Stripe's
    | (?:Key|Bearer)\s+\S{8,}
    | [A-Za-z0-9_-]{8,}:[0-9a-f]{16,}            # fal's
    | (?:/webhooks/fal|/s|/accounts/confirm-email|/accounts/password/reset/key)/[^\s/]{6,}
    | https?://\S+                               # links are signed, and some log in
    """,
    re.VERBOSE,
)


def begin() -> None:
    """Have errors reported, if there is anybody to report to. Says nothing and breaks nothing where there is not."""
    if not settings.SENTRY_DSN:
        return
    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        release=settings.RELEASE,
        environment=settings.PUBLIC_HOST,
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,
        max_breadcrumbs=0,  # they are lines of the log, and addresses that were called
        auto_enabling_integrations=False,
        integrations=[DjangoIntegration(middleware_spans=False, signals_spans=False), LoggingIntegration(level=None)],
        before_send=stripped,
        traces_sample_rate=None,
        auto_session_tracking=False,
        shutdown_timeout=1,
        debug=False,
    )


class Reporter:
    """As django-q2's workers want it."""

    def report(self) -> None:
        sentry_sdk.capture_exception()


def stripped(event: Any, hint: Mapping[str, Any]) -> Any:
    """What of an event may leave: the error's type, its place in our code, and ids."""
    ids = dict(trace.present())
    event["tags"] = {**_strings(event.get("tags")), **ids}
    for name in ("user", "breadcrumbs", "extra", "server_name", "modules"):
        event.pop(name, None)
    event["contexts"] = {
        name: known for name, known in (event.get("contexts") or {}).items() if name in ("runtime", "trace")
    }
    if request := event.get("request"):
        event["request"] = {name: request[name] for name in KEPT_OF_A_REQUEST if name in request}
    if log := event.get("logentry"):
        template = str(log.get("message") or "")
        event["logentry"] = {"message": clean(template)}  # with the gaps, and not what stood in them
    if "message" in event:
        event["message"] = clean(str(event["message"]))
    for error in (event.get("exception") or {}).get("values", ()):
        error["value"] = GONE if _may_quote(error) else clean(str(error.get("value") or ""))
        for frame in (error.get("stacktrace") or {}).get("frames", ()):
            frame.pop("vars", None)
    return event


def clean(text: str) -> str:
    return SECRETS.sub(GONE, text)[:MOST_TEXT]


def _may_quote(error: Mapping[str, Any]) -> bool:
    """Whether the words of an error may repeat what a customer wrote: those of ours and of the system do not."""
    module = str(error.get("module") or "builtins").partition(".")[0]
    return module not in ("socket", "httpx", "smtplib", "ssl", "concurrent", "asyncio")


def _strings(tags: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in dict(tags or {}).items() if name != "server_name"}
