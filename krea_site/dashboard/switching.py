"""Switches as staff turns them: what was typed, what it would change, and the act with its words in the audit log."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, Sum
from django.http import HttpRequest

from billing.credits import show
from generations import catalogue, switches
from generations.models import AT_FAL, Image, Switch
from krea_site import reasons
from krea_site.dashboard import acts

LONGEST_NOTICE = 300
STATES = {"on": "On", "off": "Off"}
WAITS = {"go_on": "Let it go on", "give_back": "Give it back"}
NAMES = {switches.SENDING: "Sending to fal", switches.ORDERS: "Taking new orders"}


class BadWish(Exception):
    """What was typed cannot be done; `problems` says by field what is wrong, and what is allowed."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems.values()))


@dataclass(frozen=True)
class Wish:
    """How somebody wants a switch to stand. `seen` is the version that the form was made from."""

    name: str
    is_off: bool
    notice: str
    gives_back: bool
    why: str
    seen: int


@dataclass(frozen=True)
class Waiting:
    """What is under way: images that `wait` here, of so many `customers`, with the price of them set aside, and those
    `at_fal`."""

    wait: int
    customers: int
    held: int
    at_fal: int


def read(name: str, typed: Mapping[str, str]) -> Wish:
    """What was typed into the form. Raises BadWish."""
    problems: dict[str, str] = {}
    state, waits, seen = typed.get("state", ""), typed.get("waits") or "go_on", typed.get("seen", "")
    notice, why = " ".join(typed.get("notice", "").split()), ""
    if state not in STATES:
        problems["state"] = "Choose on or off."
    if waits not in WAITS or (waits == "give_back" and name in switches.OF_THE_SITE):
        problems["waits"] = "Choose what happens to what waits: let it go on, or give it back."
    if len(notice) > LONGEST_NOTICE:
        problems["notice"] = f"At most {LONGEST_NOTICE} characters, please; these are {len(notice)}."
    try:
        why = reasons.read(typed.get("why", ""))
    except ValueError as error:
        problems["why"] = str(error)
    if not (seen.isascii() and seen.isdigit() and len(seen) < 10):
        problems["state"] = "This form is not complete. Open the page again."
    if problems:
        raise BadWish(problems)
    return Wish(name, state == "off", notice, state == "off" and waits == "give_back", why, int(seen))


def name_of(name: str) -> str:
    """As staff reads it."""
    return NAMES.get(name) or catalogue.get(name).name


def waiting(name: str) -> Waiting:
    """What a switch is about: an image model's images, or all."""
    rows = Image.objects.all() if name in switches.OF_THE_SITE else Image.objects.filter(image_model=name)
    queued = rows.queued().aggregate(n=Count("pk"), customers=Count("user", distinct=True), held=Sum("price"))
    at_fal = rows.filter(status__in=AT_FAL).count()
    return Waiting(queued["n"], queued["customers"], queued["held"] or 0, at_fal)


def changes(wish: Wish, stands: Switch) -> list[str]:
    """In words, what it would change; nothing where it is so already."""
    if (stands.off_at is not None, stands.notice, stands.gives_back) == (wish.is_off, wish.notice, wish.gives_back):
        return []
    if not wish.is_off and stands.off_at is None:
        return []
    return list(_sending(wish) if wish.name == switches.SENDING else _orders(wish))


def carry_out(request: HttpRequest, wish: Wish) -> bool:
    """Do it and write it down; False where it was so already. Raises switches.ChangedMeanwhile."""
    with transaction.atomic():
        before = switches.turn(
            wish.name, is_off=wish.is_off, notice=wish.notice, gives_back=wish.gives_back, seen=wish.seen
        )
        if before is None:
            acts.nothing_done(request)
            return False
        verb = "off" if wish.is_off else "on"
        acts.write(
            request,
            f"switches.{verb}",
            f"switch:{wish.name.removeprefix('site:')}",
            before=_told(before.off_at is not None, before.notice, before.gives_back),
            after=_told(wish.is_off, wish.notice if wish.is_off else "", wish.gives_back),
            why=wish.why,
        )
    return True


def _told(is_off: bool, notice: str, gives_back: bool) -> dict[str, Any]:
    return {"off": is_off, "notice": notice, "gives_back": gives_back}


def _sending(wish: Wish) -> Iterator[str]:
    found = waiting(wish.name)
    if not wish.is_off:
        yield f"Sending goes on in fair order, as many at a time as fal has slots: {_images(found.wait)} wait."
        yield "The time of the pause counts towards nobody's 24 hours and nobody's deadline."
        return
    yield "Nothing more is sent to fal. Orders are taken, and wait; pages say so."
    yield (
        f"{_images(found.at_fal)} at fal are followed to their end, and stored. What is unknown stays so until it is "
        "found."
    )
    yield f"{_images(found.wait)} of {_customers(found.customers)} wait meanwhile."
    yield "The time of the pause counts towards nobody's 24 hours and nobody's deadline."
    if wish.notice:
        yield f"The studio says: {wish.notice}"


def _orders(wish: Wish) -> Iterator[str]:
    found, about = waiting(wish.name), "" if wish.name in switches.OF_THE_SITE else f" of {name_of(wish.name)}"
    if not wish.is_off:
        yield f"Orders{about} are taken again by the studio, the API and every dialect."
        return
    said = switches.Known({wish.name: wish.notice}).refusal(wish.name)
    code = "409 model_unavailable" if about else "503 orders_closed, with Retry-After"
    asked = f"New orders, quotes and dry runs{about}"
    yield f"{asked} are refused at once by the studio, the API ({code}) and every dialect."
    yield f"Customers read: {said.notice if said else ''}"
    if wish.gives_back:
        yield (
            f"{_images(found.wait)} of {_customers(found.customers)} that wait are cancelled, and the "
            f"{show(found.held)} credits set aside for them go back. It is done in small parts and may take some "
            "minutes."
        )
    else:
        yield f"{_images(found.wait)} of {_customers(found.customers)} that wait are drawn as before."
    yield f"{_images(found.at_fal)} at fal go on to their end, and are charged if they come."


def _images(number: int) -> str:
    return f"{number:,} image{'' if number == 1 else 's'}"


def _customers(number: int) -> str:
    return f"{number:,} customer{'' if number == 1 else 's'}"
