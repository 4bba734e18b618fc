"""The last resort: where the database itself cannot be read or written, no row can say so, and no row of a mail either.

Then whoever watches mails ALERTS_TO at the mail server's own door, once it has lasted for a while, and once an hour.
"""

import logging
import time

from django.conf import settings

from krea_site.mails import smtp
from krea_site.models import Mail

logger = logging.getLogger(__name__)

AN_HOUR_S = 3600.0
_state: dict[str, float] = {}


def tell(error: Exception, now: float | None = None) -> bool:
    """A round failed; whether it was mailed."""
    now = time.monotonic() if now is None else now
    since = _state.setdefault("since", now)
    if now - since < settings.WATCH_PATIENCE_S or now - _state.get("told", -AN_HOUR_S) < AN_HOUR_S:
        return False
    if not (settings.EMAIL_URL and settings.ALERTS_TO):
        return False
    _state["told"] = now
    words = (
        f"The watch of {settings.SITE_NAME} at {settings.PUBLIC_URL} cannot read or write the database "
        f"({type(error).__name__}), so nothing else is watched either.\n\n"
        'What to do: docs/alerts.md, "Database down".\n'
    )
    for to in settings.ALERTS_TO:
        mail = Mail(to=to, subject=f"{settings.SITE_NAME}: the database cannot be used", text=words)
        try:
            smtp.hand_over(mail)
        except smtp.NotTaken as refusal:
            logger.error("the mail that the database is down was not taken (%s)", refusal.code)
    return True


def all_is_well() -> None:
    _state.pop("since", None)
