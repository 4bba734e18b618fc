"""What must be true after every step on the road, whoever took it and however it was cut short."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from billing import audit
from billing.models import Account
from generations import audit as road_audit
from generations.draws import MOST_DRAWS
from generations.erasure import ERASED
from generations.models import AT_FAL, FINAL, Customer, Event, Image, Status

Q, SENDING, UNKNOWN, DRAWING, STORING = (
    Status.QUEUED,
    Status.SENDING,
    Status.UNKNOWN,
    Status.DRAWING,
    Status.STORING,
)
STORED, FAILED, BLOCKED, CANCELED = Status.STORED, Status.FAILED, Status.BLOCKED, Status.CANCELED

Move = tuple[Status, Status]


def _moves(origins: Iterable[Status], targets: Iterable[Status]) -> frozenset[Move]:
    ends = list(targets)
    return frozenset((origin, target) for origin in origins for target in ends)


# What each kind of word may do to an image, told here a second time on purpose: the design's table is by status only.
MOVES: Mapping[str, frozenset[Move]] = {
    "dispatch": _moves([Q], [SENDING]),
    "cancel": _moves([Q], [CANCELED]),
    "accepted": _moves([SENDING, UNKNOWN], [DRAWING]),
    "refused": _moves([SENDING, UNKNOWN], [Q, FAILED, CANCELED]),
    "locked": _moves([SENDING], [Q, CANCELED]),
    "rejected": _moves([SENDING, UNKNOWN], [FAILED, BLOCKED]),
    "lost": _moves([SENDING], [UNKNOWN]),
    "never arrived": _moves([UNKNOWN], [Q, FAILED, CANCELED]),
    "given up": _moves([UNKNOWN, DRAWING], [FAILED]),
    "expired": _moves([DRAWING], [FAILED]),
    "cancel agreed": _moves([DRAWING], [CANCELED]),
    "answered": _moves(AT_FAL, [STORING, Q, FAILED, BLOCKED, CANCELED]),
    "collected": _moves([STORING], [STORED, BLOCKED, Q, FAILED, CANCELED]),
    "swept": _moves([Q], [FAILED]) | _moves([SENDING], [UNKNOWN, DRAWING]),
}


def broken() -> Iterator[str]:
    """One sentence for each rule that the rows break now."""
    yield from audit.findings()
    yield from road_audit.findings()
    for purse in Account.objects.filter(book=None):
        if purse.available < 0 or purse.debt < 0:
            yield f"{purse} has {purse.available} available and owes {purse.debt}"
        if purse.available and purse.debt:
            yield f"{purse} owes {purse.debt} and keeps {purse.available}"
    yield from _gaps()
    for image in Image.objects.filter(status=Status.QUEUED).exclude(cancel_requested_at=None):
        yield f"image {image} waits to be drawn against its owner's wish"
    for image in Image.objects.filter(draws_made__gt=MOST_DRAWS):
        yield f"image {image} was drawn {image.draws_made} times"
    for image in Image.objects.filter(status__in=[*AT_FAL, Status.STORING], draw=None):
        yield f"image {image} is {image.status} without a draw"


def _gaps() -> Iterator[str]:
    seqs: dict[int, list[int]] = defaultdict(list)
    for user_id, seq in Event.objects.order_by("user_id", "seq").values_list("user_id", "seq"):
        seqs[user_id].append(seq)
    for user_id, last in Customer.objects.values_list("user_id", "seq"):
        if seqs[user_id] != list(range(1, last + 1)):
            yield f"user {user_id}: the events are {seqs[user_id]}, the last should be {last}"


Standing = dict[UUID, tuple[Status, UUID | None, str]]


def standing() -> Standing:
    """Each image's status, current draw and file."""
    rows = Image.objects.values_list("id", "status", "draw_id", "sha256")
    return {id: (Status(status), draw_id, sha256) for id, status, draw_id, sha256 in rows}


def wrong_moves(
    before: Standing, after: Standing, word: str | None, draw_id: UUID | None, image_id: UUID | None
) -> Iterator[str]:
    """What moved and should not have: by a word that cannot do this, about another draw, or from a final status."""
    for id, (status, old_draw, sha256) in before.items():
        now, _, new_sha256 = after[id]
        if status in FINAL and (now, new_sha256) not in {(status, sha256), (status, ERASED)}:
            yield f"image {id} was {status} for good and is {now}"
        if status == now:
            continue
        if (status, now) not in MOVES.get(word or "", frozenset()):
            yield f"image {id} went from {status} to {now} when {word or 'nothing'} was said"
        if draw_id is not None and old_draw != draw_id:
            yield f"image {id} went from {status} to {now} by word about its old draw {draw_id}"
        if image_id is not None and id != image_id:
            yield f"image {id} went from {status} to {now} by word about image {image_id}"
