"""Mails are written down here."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone

from accounts.letters import KEY_HEADER, KIND_HEADER
from generations.nudge import nudge
from krea_site.models import Mail
from krea_site.nudges import SEND_MAIL

SUBJECT_LENGTH = 300


@dataclass(frozen=True)
class Letter:
    """What is worth keeping of one of Django's messages."""

    kind: str
    key: str | None
    subject: str
    text: str
    html: str


def write(message: EmailMessage) -> int:
    """One row for each address of the message, and a nudge for each new one; how many addresses. The site has one
    sender, MAIL_FROM, so the message's own is not kept. ValueError for what no row can hold."""
    message.message()  # refuses line breaks in subject and addresses
    letter, addresses = _read(message), message.recipients()
    if letter.key is not None and len(addresses) != 1:
        raise ValueError("A key names one mail to one address.")
    with transaction.atomic():
        for address in addresses:
            _write(letter, address)
    return len(addresses)


def _write(letter: Letter, address: str) -> None:
    now = timezone.now()
    row = Mail(
        key=letter.key,
        kind=letter.kind,
        to=address,
        subject=letter.subject[:SUBJECT_LENGTH],
        text=letter.text,
        html=letter.html,
        created_at=now,
        due_at=now,
        nudged_at=now,
        # Without a mail server, the row is the delivery: the local inbox shows it.
        sent_at=None if settings.EMAIL_URL else now,
    )
    if letter.key is None:
        row.save(force_insert=True)
    elif not _is_new(row):
        return
    if row.sent_at is None:
        nudge(SEND_MAIL, str(row.pk))


def _is_new(row: Mail) -> bool:
    """Insert a mail with a key, unless there is one; two who do so at once write one."""
    Mail.objects.bulk_create([row], ignore_conflicts=True)
    return Mail.objects.filter(pk=row.pk).exists()


def _read(message: EmailMessage) -> Letter:
    if message.attachments:
        raise ValueError("Mails here have no attachments.")
    if message.content_subtype != "plain":
        raise ValueError("Mails here are plain text first, with HTML beside it.")
    return Letter(
        kind=str(message.extra_headers.get(KIND_HEADER, "")),
        key=message.extra_headers.get(KEY_HEADER),
        subject=str(message.subject),
        text=str(message.body),
        html=next(_html(message), ""),
    )


def _html(message: EmailMessage) -> Iterator[str]:
    if isinstance(message, EmailMultiAlternatives):
        for content, kind in message.alternatives:
            if kind == "text/html":
                yield str(content)
