"""Django's door to our mails: whatever the site sends, by whichever library, becomes rows."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from krea_site.mails import rows


class Rows(BaseEmailBackend):
    """Writes in the caller's transaction and speaks to no server: no page ever waits for one."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        return sum(1 for message in email_messages if rows.write(message))
