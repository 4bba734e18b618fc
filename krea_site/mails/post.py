"""The post: takes a mail whose time has come, hands it to the server, and writes down how that went.

Who moves `due_at` forward has the mail until then; nobody else tries it meanwhile. A process that dies leaves the mail
to the next one at that time. Two sendings of one mail are possible in one case alone: the server took it, and the
process died, or lost the server's last word, before that was written down. Both then have the same Message-ID.
"""

import logging
import random
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from generations.nudge import nudge, waiting_jobs
from krea_site.mails import smtp
from krea_site.models import Mail, MailTry
from krea_site.nudges import SEND_MAIL

logger = logging.getLogger(__name__)

# The wait after each try that failed; ten tries in about two days, each wait a fifth longer or shorter by chance.
LADDER = (
    timedelta(seconds=30),  # the server was busy, or restarted
    timedelta(minutes=2),
    timedelta(minutes=5),
    timedelta(minutes=15),  # greylisting is over
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
)
MOST_TRIES = len(LADDER) + 1
JITTER = 0.2
LEASE = timedelta(seconds=settings.SWEEP_AGE_S)  # longer than any task lives
LOST_NUDGE_AGE_S = 10
MOST_AT_ONCE = 50
AWAY = "krea_site.mails.server_is_away"
AWAY_S = 60  # a server that hangs costs each worker one timeout a minute, however many mails wait
BODY_LASTS = timedelta(days=7)
LOG_LASTS = timedelta(days=30)
TOO_OLD = "It could not be sent within seven days."


def deliver(mail_id: UUID) -> None:
    """Try to send a mail, if it waits, is due, and nobody else is at it."""
    if not settings.EMAIL_URL or cache.get(AWAY):
        return
    mail = claim(mail_id)
    if mail is None:
        return
    try:
        smtp.hand_over(mail)
    except smtp.NotTaken as refusal:
        not_sent(mail, refusal)
    except Exception as error:  # a fault of ours: it is tried again as long as others are, and no longer
        logger.exception("mail %s could not be handed over", mail.pk)
        not_sent(mail, smtp.NotTaken("The site failed to write the mail.", type(error).__name__))
    else:
        sent(mail)


def claim(mail_id: UUID) -> Mail | None:
    """The mail with one more try, for whoever was first; else None."""
    now = timezone.now()
    with transaction.atomic():
        due = Mail.objects.waiting().filter(pk=mail_id, due_at__lte=now)
        if not due.update(due_at=now + LEASE, tries=F("tries") + 1):
            return None
        mail = Mail.objects.get(pk=mail_id)
        MailTry.objects.create(mail=mail, number=mail.tries, began_at=now)
    return mail


@transaction.atomic
def sent(mail: Mail) -> None:
    """The server has it: nobody needs the body any more."""
    now = timezone.now()
    rows = Mail.objects.filter(pk=mail.pk, sent_at=None)
    rows.update(sent_at=now, given_up_at=None, error="", text="", html="")
    MailTry.objects.filter(mail=mail, number=mail.tries).update(ended_at=now)
    logger.info("mail %s (%s) was sent at try %d", mail.pk, mail.kind, mail.tries)


@transaction.atomic
def not_sent(mail: Mail, refusal: smtp.NotTaken) -> None:
    """Give up what will never be taken; try the rest again later. Who was overtaken by another try only notes it."""
    now = timezone.now()
    rows = Mail.objects.waiting().filter(pk=mail.pk, tries=mail.tries)
    if refusal.permanent or mail.tries >= MOST_TRIES:
        rows.update(given_up_at=now, error=refusal.words)
        logger.error("mail %s (%s) was given up at try %d: %s", mail.pk, mail.kind, mail.tries, refusal.code)
    else:
        rows.update(due_at=now + wait_after(mail.tries), error=refusal.words)
        logger.warning("mail %s (%s) was not sent at try %d: %s", mail.pk, mail.kind, mail.tries, refusal.code)
    MailTry.objects.filter(mail=mail, number=mail.tries).update(ended_at=now, error=refusal.words)
    if refusal.server_is_away:
        cache.set(AWAY, True, AWAY_S)


def wait_after(tries: int) -> timedelta:
    return LADDER[tries - 1] * random.uniform(1 - JITTER, 1 + JITTER)


def again(mail_id: UUID) -> bool:
    """Send now what was given up or waits for its next try; False when it was sent, its body is gone, or a try is on.

    What was given up gets one try more."""
    now = timezone.now()
    is_tried = MailTry.objects.filter(mail=mail_id, ended_at=None, began_at__gt=now - LEASE)
    with transaction.atomic():
        rows = Mail.objects.filter(pk=mail_id, sent_at=None).exclude(text="").exclude(pk__in=is_tried.values("mail"))
        if not rows.update(given_up_at=None, due_at=now, nudged_at=now):
            return False
        nudge(SEND_MAIL, str(mail_id))
    return True


def sweep() -> None:
    """Nudge the mails that are due: their next try has come, or the nudge for it was lost. While jobs wait in the
    queue, nothing is lost, only slow."""
    if not settings.EMAIL_URL:
        return
    now = timezone.now()
    age_s = LOST_NUDGE_AGE_S if waiting_jobs(SEND_MAIL) <= settings.WORKERS * 2 else settings.SWEEP_AGE_S
    forgotten = Q(nudged_at__lt=F("due_at")) | Q(nudged_at__lt=now - timedelta(seconds=age_s))
    due = Mail.objects.waiting().filter(forgotten, due_at__lte=now).order_by("due_at")
    ids = list(due.values_list("pk", flat=True)[:MOST_AT_ONCE])
    Mail.objects.filter(pk__in=ids).update(nudged_at=now)
    for mail_id in ids:
        nudge(SEND_MAIL, str(mail_id))


def prune(now: datetime | None = None) -> int:
    """Wipe the bodies of more than seven days, give up what still waits by then, and delete the log of more than
    thirty; how many rows were deleted."""
    now = now or timezone.now()
    old = Mail.objects.filter(created_at__lt=now - BODY_LASTS)
    old.waiting().update(given_up_at=now, error=TOO_OLD)
    old.exclude(text="", html="").update(text="", html="")
    return Mail.objects.filter(created_at__lt=now - LOG_LASTS).delete()[1].get("krea_site.Mail", 0)
