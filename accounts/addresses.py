"""Who is known under an e-mail address.

An account is named by one address, which its owner confirmed. The address that somebody wishes to change to is written
down too, until they confirm it; until then it claims nothing. Otherwise anybody could keep the owner of a mailbox from
signing up, or have a mail for another account sent to it.
"""

from allauth.account.internal.flows.email_verification import (
    send_verification_email_for_user,
    send_verification_email_to_address,
)
from allauth.account.models import EmailAddress
from django.http import HttpRequest

from .models import User


def owner(address: str) -> User | None:
    """The person whose account has this address, confirmed or not."""
    named = User.objects.filter(email=address.lower()).first()
    if named is not None:
        return named
    confirmed = EmailAddress.objects.filter(email=address.lower(), verified=True).select_related("user").first()
    return confirmed.user if confirmed else None


def is_confirmed(user: User) -> bool:
    """Whether the person has shown that the mailbox of their account is theirs."""
    return bool(EmailAddress.objects.filter(user=user, email=user.email.lower(), verified=True).exists())


def wished(user: User) -> EmailAddress | None:
    """The address that the person changes to, as soon as they confirm it."""
    return EmailAddress.objects.filter(user=user, verified=False).exclude(email=user.email.lower()).last()


def wish(request: HttpRequest, user: User, address: str) -> bool:
    """Write down the address that the person changes to, in place of one they wished for before, and send the mail.

    False when the mailbox got such a mail less than three minutes ago: then no other is sent."""
    new = EmailAddress.objects.add_new_email(request, user, address, send_verification=False)
    return send_mail(request, new)


def send_mail(request: HttpRequest, address: EmailAddress) -> bool:
    """Send the mail with which an address is confirmed; False as above."""
    return bool(send_verification_email_to_address(request, address))


def send_confirmation(request: HttpRequest, user: User) -> bool:
    """The same for the address that the account has already."""
    return bool(send_verification_email_for_user(request, user))
