"""Who a command is about: the user of an e-mail address, made where there is none."""

import getpass
import os

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from accounts.models import User


def find(email: str) -> User | None:
    """The user of an address, upper or lower case alike. CommandError for what is no address."""
    return User.objects.filter(email__iexact=_checked(email)).first()


def find_or_make(email: str) -> tuple[User, bool]:
    """The user of an address, and whether they were made just now.

    One made here has no password: they choose one with "Forgot your password?", which asks for the mailbox."""
    known = find(email)
    if known is not None:
        return known, False
    try:
        with transaction.atomic():
            return User.objects.create_user(_checked(email)), True
    except IntegrityError:  # somebody else made them a moment ago
        return User.objects.get(email__iexact=_checked(email)), False


def actor() -> str:
    """Who runs this command, as the ledger writes it down."""
    try:
        return f"command:{getpass.getuser()}"
    except (KeyError, OSError):  # a container's user has a number and no name
        return f"command:{os.getuid()}"


def _checked(email: str) -> str:
    try:
        validate_email(email.strip())
    except ValidationError:
        raise CommandError(
            f"EMAIL: {email[:100]!r} is not an e-mail address. Give one such as you@example.com."
        ) from None
    return email.strip()
