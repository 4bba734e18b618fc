"""The demo: a customer with credits and an API key, so that a first run can be tried at once; and an operator, who owns
the site and sets up a second factor at the first visit to the dashboard.

Their passwords and the key are made once and kept in VAR_DIR/demo.json, which only the owner of the file may read. Said
again it changes nothing; a file that was lost gets new passwords and a new key.
"""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction

from accounts.models import User
from billing import ledger
from krea_site import people
from krea_site.dashboard import roles
from krea_site.models import Role
from partners import keys

EMAIL = "demo@example.com"
OPERATOR = "operator@example.com"
CREDITS = 1000_00
KEY_NAME = "Demo"


@dataclass(frozen=True)
class Demo:
    email: str
    password: str
    api_key: str
    operator: str = OPERATOR
    operator_password: str = ""  # of a file from before there was one: made now


def seed() -> Demo:
    """The demo customer, made or as they are. Not for a site that strangers reach."""
    kept = _read(_file())
    user, _ = people.find_or_make(EMAIL)
    operator, is_new = people.find_or_make(OPERATOR)
    password = _password(user, kept.password if kept else "")
    operator_password = _password(operator, kept.operator_password if kept else "")
    api_key = kept.api_key if kept and keys.find(kept.api_key) else None
    with transaction.atomic():
        if not kept or kept.password != password:
            _set(user, password)
        if not kept or kept.operator_password != operator_password:
            _set(operator, operator_password)
        if is_new:  # whoever takes the role away later means it
            roles.give(operator, Role.OWNER)
        if api_key is None:
            api_key = keys.make(user, KEY_NAME)[1]
        for one in (user, operator):
            told = {"verified": True, "primary": True}
            EmailAddress.objects.update_or_create(user=one, email=one.email, defaults=told)
        give_credits(user)
        demo = Demo(EMAIL, password, api_key, OPERATOR, operator_password)
        if demo != kept:
            _write(_file(), demo)
    return demo


def give_credits(user: User) -> None:
    """The credits to try the site with, once for each user."""
    ledger.grant(user, CREDITS, key=f"demo:{user.pk}", memo="Credits to try things out", actor=people.actor())


def _password(user: User, kept: str) -> str:
    return kept if kept and user.has_usable_password() else secrets.token_urlsafe(12)


def _set(user: User, password: str) -> None:
    user.set_password(password)
    user.save(update_fields=["password"])


def _file() -> Path:
    path: Path = settings.VAR_DIR / "demo.json"
    return path


def _read(path: Path) -> Demo | None:
    try:
        return Demo(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _write(path: Path, demo: Demo) -> None:
    """Whole or not at all, and never readable for others, not even for a moment."""
    made = path.with_suffix(".new")
    made.unlink(missing_ok=True)
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(asdict(demo), file)
    made.replace(path)
