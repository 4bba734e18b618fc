"""Sharing: links that an owner makes, changes and revokes, and what a stranger who has one is shown.

A picture is private until its owner makes a link. A link shows one picture and nothing that leads to its owner or to
other pictures: prompt and settings only where the owner said so, never the addresses inside the settings.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from . import parameters
from .forms import known_model
from .models import Customer, Image, Share, Status
from .parameters import Parameter
from .pictures.store import Variant
from .presentation import alt_text

MOST = 1000  # standing links of one user
MOST_OF_A_PICTURE = 20
MOST_IN_A_DAY = 1000
DEAD_LAST = timedelta(days=90)  # so that a report of a link still leads to its picture
AT_ONCE = 2000
TITLE_LENGTH = 70
TOKEN = re.compile(r"[\w-]{24}", re.ASCII)
LINK = re.compile(r"/s/([\w-]{24})(?![\w-])", re.ASCII)
TELLABLE = ("choice", "size", "integer", "number", "boolean")  # kinds of settings that hold no address and no words


@dataclass(frozen=True)
class Lifetime:
    """How long a link may last; `lasts` None: until it is revoked."""

    value: str
    label: str
    lasts: timedelta | None


LIFETIMES = (
    Lifetime("1", "After 1 day", timedelta(days=1)),
    Lifetime("7", "After 7 days", timedelta(days=7)),
    Lifetime("30", "After 30 days", timedelta(days=30)),
    Lifetime("never", "Never", None),
)
DEFAULT = LIFETIMES[1]


class Refused(Exception):
    """No link was made; the message is for its owner."""


@dataclass(frozen=True)
class Wish:
    """A link as its owner wants it. `id`: the form's own, so that a form sent twice makes one link."""

    lifetime: Lifetime
    shows_prompt: bool = False
    shows_settings: bool = False
    id: UUID | None = None


@dataclass(frozen=True)
class Panel:
    """Sharing on the page of one picture. `can_share` is False where there is no picture to show."""

    image: Image
    can_share: bool
    links: list[Share]
    id: UUID

    lifetimes = LIFETIMES
    default = DEFAULT

    @property
    def is_full(self) -> bool:
        return len(self.links) >= MOST_OF_A_PICTURE


@dataclass(frozen=True)
class Shown:
    """What a stranger sees. `settings` is empty unless its owner shows them; `card` is the stored size that services
    fetch for a preview."""

    share: Share
    image: Image
    model_name: str
    settings: list[Parameter]

    @property
    def prompt(self) -> str:
        return self.image.generation.prompt if self.share.shows_prompt else ""

    @property
    def alt(self) -> str:
        return alt_text(self.image.generation) if self.prompt else f"A picture made with AI, {self.model_name}"

    @property
    def title(self) -> str:
        words = " ".join(self.prompt.split())
        short = words if len(words) <= TITLE_LENGTH else f"{words[: TITLE_LENGTH - 1].rstrip()}\N{HORIZONTAL ELLIPSIS}"
        return short or f"A picture made with {self.model_name}"

    @property
    def card(self) -> Variant | None:
        return card_of(self.image)

    @property
    def file_name(self) -> str:
        """Without the seed, which is one of the settings."""
        return f"{self.image.generation.image_model}.{self.image.name.rpartition('.')[2]}"


@transaction.atomic
def make(user: Any, image: Image, wish: Wish) -> Share:
    """A link to a stored picture of the user's own; a form that is sent twice makes one. Raises Refused."""
    locked = Image.objects.select_for_update(of=("self",)).select_related("generation").get(pk=image.pk)
    Customer.objects.get_or_create(user=user)
    Customer.objects.select_for_update().get(user=user)  # counts hold, however many forms come at once
    if not can_share(locked):
        raise Refused("There is no picture here that could be shared.")
    same = Share.objects.filter(pk=wish.id, user=user, image=image, revoked_at=None).first() if wish.id else None
    if same is not None and _is_as_wished(same, wish):
        return same
    _refuse_too_many(user, image)
    now = timezone.now()
    expires_at = now + wish.lifetime.lasts if wish.lifetime.lasts else None
    asked = {"shows_prompt": wish.shows_prompt, "shows_settings": wish.shows_settings, "expires_at": expires_at}
    id = wish.id if wish.id and not Share.objects.filter(pk=wish.id).exists() else uuid7()
    return Share.objects.create(pk=id, user=user, image=image, created_at=now, **asked)


def change(user: Any, id: UUID, *, shows_prompt: bool, shows_settings: bool) -> bool:
    """What is shown beside the picture, from now on; False where there is no such standing link."""
    rows = Share.objects.of(user).standing().filter(pk=id)
    return bool(rows.update(shows_prompt=shows_prompt, shows_settings=shows_settings))


def revoke(user: Any, id: UUID) -> bool:
    """End a link at once; False where there is no such link, or it was revoked before."""
    return bool(Share.objects.of(user).filter(pk=id, revoked_at=None).update(revoked_at=timezone.now()))


def revoke_all(user: Any) -> int:
    """End every link of a user at once; how many."""
    return Share.objects.of(user).standing().update(revoked_at=timezone.now())


def panel(image: Image) -> Panel:
    """What the page of a picture says about its links; `image` came with its generation."""
    links = Share.objects.standing().filter(image=image).select_related("image__generation").order_by("-id")
    return Panel(image, can_share(image), list(links), uuid7())


def can_share(image: Image) -> bool:
    is_there = image.status == Status.STORED and bool(image.name) and image.erased_at is None
    return is_there and image.binned_at is None and image.generation.deleted_at is None


def find(token: str) -> Shown | None:
    """What a link shows at this moment; None for one that never was, and for one that shows nothing any more."""
    if not TOKEN.fullmatch(token):
        return None
    share = Share.objects.living().filter(token=token).select_related("image__generation").first()
    if share is None:
        return None
    image_model = known_model(share.image.generation.image_model)
    name = image_model.name if image_model else share.image.generation.image_model
    return Shown(share, share.image, name, _settings(share.image) if share.shows_settings else [])


def card_name(token: str) -> str | None:
    """The file of the size that previews get; None where the link shows nothing."""
    share = Share.objects.living().filter(token=token).select_related("image").first()
    card = card_of(share.image) if share else None
    return card["name"] if card else None


def card_of(image: Image) -> Variant | None:
    """The largest thumbnail: the original stands under no lasting address."""
    found: list[Variant] = sorted(image.variants.values(), key=lambda each: each["width"])
    return found[-1] if found else None


def image_behind(text: str) -> UUID | None:
    """The picture that the last link in a text led to, whether or not it still does: for reports."""
    tokens = LINK.findall(text)
    return Share.objects.filter(token=tokens[-1]).values_list("image_id", flat=True).first() if tokens else None


def prune() -> int:
    """Forget links that have long been dead, and those of pictures that are gone; how many."""
    then = timezone.now() - DEAD_LAST
    gone = Q(image__generation__deleted_at__lt=then) | Q(image__erased_at__lt=then)
    dead = Share.objects.filter(Q(revoked_at__lt=then) | Q(expires_at__lt=then) | gone)
    deleted = 0
    while ids := list(dead.values_list("pk", flat=True)[:AT_ONCE]):
        deleted += Share.objects.filter(pk__in=ids).delete()[0]
    return deleted


def _is_as_wished(share: Share, wish: Wish) -> bool:
    lasts = share.expires_at - share.created_at if share.expires_at else None
    return (share.shows_prompt, share.shows_settings, lasts) == (
        wish.shows_prompt,
        wish.shows_settings,
        wish.lifetime.lasts,
    )


def _refuse_too_many(user: Any, image: Image) -> None:
    standing = Share.objects.of(user).standing()
    if standing.filter(image=image).count() >= MOST_OF_A_PICTURE:
        raise Refused(f"This picture has {MOST_OF_A_PICTURE} links, the most there may be. Revoke one first.")
    if standing.count() >= MOST:
        raise Refused(f"You have {MOST:,} links, the most there may be. Revoke some first.")
    if Share.objects.of(user).filter(created_at__gt=timezone.now() - timedelta(days=1)).count() >= MOST_IN_A_DAY:
        raise Refused(f"You made {MOST_IN_A_DAY:,} links in a day, the most there may be. Make this one tomorrow.")


def _settings(image: Image) -> list[Parameter]:
    """Settings without what could lead elsewhere: style references and LoRAs are counted, not named."""
    generation, image_model = image.generation, known_model(image.generation.image_model)
    told = []
    if image_model is not None:
        labels = {field.label for field in image_model.fields() if field.kind in TELLABLE}
        told = [parameter for parameter in parameters.of(generation) if parameter.label in labels]
        for field in image_model.fields():
            count = len(generation.input.get(field.name) or ()) if field.kind in ("references", "loras") else 0
            told += [Parameter(field.label, str(count))] if count else []
    return [*told, Parameter("Seed", str(image.seed))]
