"""The local mail inbox: what the site would have sent, on a page for whoever sits at this machine.

Without EMAIL_URL, mails are written to files under VAR_DIR/mail. They hold links that log people in, so the page is
there on loopback only: not on a public site, not through a proxy, not for another machine.
"""

import email
import email.policy
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

SHOWN = 50
SEPARATOR = b"-" * 79 + b"\n"  # what Django's file backend writes behind each mail
FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Forwarded", "Via")


@dataclass(frozen=True)
class Mail:
    to: str
    subject: str
    sent_at: datetime
    text: str


@never_cache
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    if not is_local(request):
        raise Http404("The inbox is for this machine alone.")
    return render(request, "inbox.html", {"mails": newest()})


def is_local(request: HttpRequest) -> bool:
    """Whether mails stay on this machine, and whoever asks sits at it."""
    if settings.IS_PUBLIC or settings.EMAIL_URL:
        return False
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def newest(count: int = SHOWN) -> list[Mail]:
    """The last mails, newest first."""
    # Django names the files by their time, so that the newest files hold the newest mails.
    files = sorted(settings.MAIL_DIR.glob("*.log"), reverse=True)[:count]
    mails = [mail for file in files for mail in read(file)]
    return sorted(mails, key=lambda mail: mail.sent_at, reverse=True)[:count]


def read(file: Path) -> Iterator[Mail]:
    """The mails of one file of Django's file backend."""
    for part in file.read_bytes().split(SEPARATOR):
        if part.strip():
            message = email.message_from_bytes(part, policy=email.policy.default)
            if isinstance(message, EmailMessage):
                yield _mail(message)


def _mail(message: EmailMessage) -> Mail:
    body = message.get_body(("plain", "html"))
    try:
        sent_at = parsedate_to_datetime(str(message["Date"]))
    except ValueError:
        sent_at = datetime.fromtimestamp(0, UTC)
    return Mail(
        to=str(message["To"] or ""),
        subject=str(message["Subject"] or "(no subject)"),
        sent_at=sent_at if sent_at.tzinfo else sent_at.replace(tzinfo=UTC),
        text=body.get_content() if body else "",
    )
