"""LoRAs that their owner wants at hand: a name for an address, and the scale that suits it."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Lower

from .models import SavedLora

MOST = 100  # for each user
NAME_MAX = 60


class NotSaved(Exception):
    """It stays as it was; `reason` is for its owner."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def of(user: AbstractBaseUser) -> "QuerySet[SavedLora]":
    """The set of a user, by name."""
    return SavedLora.objects.filter(user_id=user.pk).order_by(Lower("name"), "id")


def save(user: AbstractBaseUser, name: str, path: str, scale: float) -> SavedLora:
    """As `add`; one that is there under this very name and address gets the scale anew."""
    same = of(user).filter(name__iexact=_name(name), path=path).first()
    return change(same, same.name, scale) if same else add(user, name, path, scale)


def add(user: AbstractBaseUser, name: str, path: str, scale: float) -> SavedLora:
    """Keep a LoRA that was checked. Raises NotSaved."""
    name = _name(name)
    if same := of(user).filter(name__iexact=name).first():
        raise _taken(same.name)
    if of(user).count() >= MOST:
        raise NotSaved(f"You have {MOST} saved LoRAs, which is the most. Delete one first.")
    try:
        with transaction.atomic():
            return SavedLora.objects.create(user_id=user.pk, name=name, path=path, scale=scale)
    except IntegrityError as error:
        raise _taken(name) from error


def change(saved: SavedLora, name: str, scale: float) -> SavedLora:
    """Another name or scale for one that is there. Raises NotSaved."""
    name = _name(name)
    others = SavedLora.objects.filter(user_id=saved.user_id).exclude(pk=saved.pk)
    if same := others.filter(name__iexact=name).first():
        raise _taken(same.name)
    try:
        with transaction.atomic():
            SavedLora.objects.filter(pk=saved.pk).update(name=name, scale=scale)
    except IntegrityError as error:
        raise _taken(name) from error
    saved.name, saved.scale = name, scale
    return saved


def _name(typed: str) -> str:
    """One line without needless spaces."""
    name = " ".join(typed.split())
    if not name:
        raise NotSaved(f"Give it a name, of 1 to {NAME_MAX} characters.")
    if len(name) > NAME_MAX or not name.isprintable():
        raise NotSaved(f"A name has 1 to {NAME_MAX} characters that can be seen; this one has {len(name)}.")
    return name


def _taken(name: str) -> NotSaved:
    return NotSaved(f"You have another LoRA called {name}. Choose another name.")
