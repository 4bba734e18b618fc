"""The door to the mail server: one mail, handed over or not, and whose fault it is."""

import smtplib
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from krea_site.models import Mail

BACKEND = "django.core.mail.backends.smtp.EmailBackend"
CLOSING = 421  # the server says that it goes away
REPLY_LENGTH = 300  # characters of a server's reply that are kept


@dataclass
class NotTaken(Exception):
    """The server did not take the mail. `words` may hold its address, `code` never does.

    `permanent`: about this very mail, and asking again will not help. `server_is_away`: no mail would go out now.
    """

    words: str
    code: str
    permanent: bool = False
    server_is_away: bool = False


def hand_over(mail: Mail) -> None:
    """Returns when the server has taken the mail. Raises NotTaken. A process that dies in here, or a server that goes
    away after the last byte, leaves open which it was; a second sending has the same Message-ID."""
    try:
        get_connection(BACKEND).send_messages([message(mail)])
    except smtplib.SMTPRecipientsRefused as refusal:
        code, reply = next(iter(refusal.recipients.values()))
        raise _refused("The server refused the address", code, reply) from None
    except smtplib.SMTPDataError as refusal:
        raise _refused("The server refused the mail", refusal.smtp_code, refusal.smtp_error) from None
    except smtplib.SMTPResponseException as refusal:  # greeting, log-in, sender: it is about us, not about this mail
        words = _told("The server does not serve us now", refusal.smtp_code, refusal.smtp_error)
        raise NotTaken(words, str(refusal.smtp_code), server_is_away=True) from None
    except (smtplib.SMTPException, OSError) as error:
        words = f"The server could not be reached, or went away: {type(error).__name__}."
        raise NotTaken(words, type(error).__name__, server_is_away=True) from None
    except ValueError as error:
        raise NotTaken("The address cannot be written in a mail.", type(error).__name__, permanent=True) from None


def message(mail: Mail) -> EmailMultiAlternatives:
    headers = {"Message-ID": message_id(mail.pk), "Auto-Submitted": "auto-generated"}
    reply_to = [settings.MAIL_REPLY_TO] if settings.MAIL_REPLY_TO else None
    built = EmailMultiAlternatives(mail.subject, mail.text, to=[mail.to], headers=headers, reply_to=reply_to)
    if mail.html:
        built.attach_alternative(mail.html, "text/html")
    return built


def message_id(mail_id: UUID) -> str:
    """The same at every try, so that a double sending can be told by it."""
    return f"<{mail_id}@{settings.PUBLIC_HOST}>"


def _refused(what: str, code: int, reply: bytes | str) -> NotTaken:
    return NotTaken(_told(what, code, reply), str(code), permanent=500 <= code <= 599, server_is_away=code == CLOSING)


def _told(what: str, code: int, reply: bytes | str) -> str:
    said = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return f"{what}: {code} {' '.join(said.split())[:REPLY_LENGTH]}".strip()
