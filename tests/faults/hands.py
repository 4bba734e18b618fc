"""What processes hold in their hands: rows as they read them, however long ago, and calls at fal that are not over.

Each kind of work begins by reading, and ends, at any later time, by saying what came of it.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from generations import collect, draws, follow, lifecycle, looks, sweep, unknowns
from generations.fal.errors import classify
from generations.models import AT_FAL, Draw, Image, Status
from tests.faults.pretend_fal import ANSWERS, CANCELED, DELIVERED, NO_ANSWERS, Answer, PretendFal

TASK_S = 60  # nobody's task outlives it
MOSTLY_DELIVERED = (DELIVERED, DELIVERED, DELIVERED, DELIVERED, *ANSWERS)
WAITED_FOR = [*AT_FAL]


Beginnings = tuple[list[Draw], Callable[[Draw], None]]
DRAWS = Draw.objects.select_related("image__generation").order_by("id")


class Do(Protocol):
    def __call__(self, word: str | None, action: Callable[[], Any], *, draw: Draw | None = None) -> bool: ...


class Hands:
    def __init__(self, fal: PretendFal, do: Do) -> None:
        self.fal, self.do = fal, do
        self.claimed: set[UUID] = set()
        self.posts: list[Draw] = []
        self.fetching: list[Draw] = []
        self.leases: dict[UUID, datetime] = {}
        self.looking: list[Draw] = []
        self.asking: list[tuple[Draw, bool, bool]] = []
        self.canceling: list[Draw] = []

    def begin(self, pick: int) -> None:
        """Begin one of the things that could be begun; now and then what somebody else has begun already."""
        kinds = [self._to_send, self._to_fetch, self._to_look, self._to_ask, self._to_ask_back]
        if pick % 19 == 0:
            kinds = [self._to_send_again]
        choices = [(found, begin) for found, begin in (kind() for kind in kinds) if found]
        if choices:
            found, begin = choices[pick % len(choices)]
            begin(found[pick // len(choices) % len(found)])

    def _to_send(self) -> Beginnings:
        return list(DRAWS.filter(image__status=Status.SENDING, sent_at=None)), self._send

    def _to_send_again(self) -> Beginnings:
        return list(DRAWS.exclude(sent_at=None, image__status=Status.SENDING)), self._send

    def _to_fetch(self) -> Beginnings:
        return list(DRAWS.exclude(result=None).exclude(image__status=Status.STORED)), self._fetch

    def _to_look(self) -> Beginnings:
        return follow.in_flight(), self.looking.append

    def _to_ask(self) -> Beginnings:
        return [image.draw for image in sweep._still(Status.UNKNOWN, 0) if image.draw], self._ask

    def _to_ask_back(self) -> Beginnings:
        return [draw for draw in follow.in_flight() if draw.image.cancel_requested_at], self.canceling.append

    def end(self, pick: int, how: int) -> None:
        """Come back from one of the things begun, with one of its ends."""
        full: list[tuple[list[Any], Callable[[Any, int], None]]] = [
            (held, come_back)
            for held, come_back in (
                (self.posts, self._sent), (self.fetching, self._fetched), (self.looking, self._looked),
                (self.asking, self._asked), (self.canceling, self._asked_back),
            )
            if held
        ]  # fmt: skip
        if not full:
            return
        held, come_back = full[pick % len(full)]
        come_back(held.pop(pick // len(full) % len(held)), how)

    def webhook(self, pick: int, how: int) -> None:
        """fal calls about anything that it has or is being given, however often it has called already."""
        untold = [*(id for id in self.fal.requests if self.fal.is_drawing(id)), *(draw.pk for draw in self.posts)]
        known = untold if untold and how % 4 else [*self.fal.requests]
        if not known:
            return
        draw = Draw.objects.select_related("image").get(pk=known[pick % len(known)])
        request = self.fal.take(draw.pk)
        if how % 5:
            self._answered(draw, MOSTLY_DELIVERED[how % len(MOSTLY_DELIVERED)], request_id=request.id)
        else:  # it does not say how it ended
            self.do("accepted", transaction.atomic(partial(draws.accepted, draw, request.id)), draw=draw)

    def kill_what_takes_too_long(self) -> None:
        self.posts = [draw for draw in self.posts if self._age_s(draw) <= TASK_S]

    def _send(self, draw: Draw) -> None:
        if draw.sent_at is None and draw.pk.int % 7 == 0:  # its references could not be brought to fal
            self.do("refused", partial(draws.refused, draw, reason="references"), draw=draw)
            return
        won: list[bool] = []
        self.do(None, lambda: won.append(draws.claim(draw)))
        if won == [True]:
            assert draw.pk not in self.claimed, "two senders for one draw"
            assert Image.objects.filter(draw=draw, status=Status.SENDING).exists(), "sent, and nobody waits for it"
            self.claimed.add(draw.pk)
            self.posts.append(draw)

    def _sent(self, draw: Draw, how: int) -> None:
        kind = ("taken", "taken", "taken", "busy", "down", "locked", "declined", "rejected", "lost", "lost on arrival",
                "dead", "dead on arrival")[how % 12]  # fmt: skip
        if kind == "taken" or kind.endswith("arrival"):
            self.fal.take(draw.pk)
        if kind.startswith("dead"):
            return
        if kind.startswith("lost"):
            self.do("lost", partial(draws.lost, draw), draw=draw)
        elif self.fal.has(draw.pk):  # it has called already, so it takes it
            self.do("accepted", partial(draws.accepted, draw, self.fal.take(draw.pk).id), draw=draw)
        elif kind in ("busy", "down"):
            retry_after_s = 5 if kind == "busy" else None
            self.do("refused", partial(draws.refused, draw, reason=kind, retry_after_s=retry_after_s), draw=draw)
        elif kind == "locked":
            self.do("locked", partial(draws.account_locked, draw, reason="Exhausted balance"), draw=draw)
        else:
            verdict = classify(*ANSWERS[2 if kind == "declined" else 3], submitting=True)
            self.do("rejected", partial(draws.rejected, draw, verdict), draw=draw)

    def _fetch(self, draw: Draw) -> None:
        won: list[bool] = []
        self.do(None, lambda: won.append(collect._claim(draw)))
        if won == [True]:
            assert Image.objects.filter(draw=draw, status=Status.STORING).exists(), "fetched, and nobody waits for it"
            assert timezone.now() >= self.leases.get(draw.pk, timezone.now()), "two fetch one picture"
            self.leases[draw.pk] = timezone.now() + timedelta(seconds=collect.LEASE_S)
            self.fetching.append(draw)

    def _fetched(self, draw: Draw, how: int) -> None:
        self.leases.pop(draw.pk, None)
        sha256 = draw.pk.hex * 2
        a_picture = partial(lifecycle.finish, draw.image, Status.STORED, draw=draw, sha256=sha256, not_before=None)
        ends: list[Callable[[], Any]] = [
            a_picture,
            a_picture,
            partial(draws.blocked, draw, *collect.FLAGGED),
            partial(draws.file_wrong, draw, "garbage"),
            partial(collect._later, draw, "no answer"),
        ]
        self.do("collected", ends[how % len(ends)], draw=draw)

    def _looked(self, draw: Draw, how: int) -> None:
        request = self.fal.take(draw.pk)
        kind = how % 8
        if kind < 5:
            self._answered(draw, MOSTLY_DELIVERED[how // 8 % len(MOSTLY_DELIVERED)])
        elif kind == 5:
            self.do(None, partial(draws.answered, draw, *NO_ANSWERS[how // 8 % len(NO_ANSWERS)]), draw=draw)
        elif kind == 6 and not request.told:
            self.do("given up", partial(looks._no_word, draw), draw=draw)
        elif draw.image.deadline_at and timezone.now() >= draw.image.deadline_at:
            self.do("expired", partial(draws.expired, draw), draw=draw)

    def _answered(self, draw: Draw, answer: Answer, *, request_id: str | None = None) -> None:
        said = self.fal.take(draw.pk).end(answer)
        waited_for = Image.objects.filter(draw=draw.pk, status__in=WAITED_FOR).exists()
        alive = self.do("answered", partial(draws.answered, draw, *said, request_id=request_id), draw=draw)
        if alive and waited_for and said == DELIVERED:
            assert Image.objects.get(draw=draw.pk).status == Status.STORING, "a picture was thrown away"

    def _ask(self, draw: Draw) -> None:
        """fal's history lists what has ended, and often what has not."""
        listed = self.fal.has(draw.pk) and (self.fal.requests[draw.pk].told or draw.pk.int % 3 > 0)
        self.asking.append((draw, listed, timezone.now() > unknowns._sure_from(draw)))

    def _asked(self, said: tuple[Draw, bool, bool], how: int) -> None:
        draw, listed, sure = said
        if listed:
            self.do("accepted", partial(draws.accepted, draw, self.fal.take(draw.pk).id), draw=draw)
        elif sure and how % 4:
            self.posts = [post for post in self.posts if post.pk != draw.pk]
            self.fal.overlook(draw.pk)
            self.do("never arrived", partial(draws.never_arrived, draw), draw=draw)
        elif draw.image.deadline_at and timezone.now() > draw.image.deadline_at:
            self.do("given up", partial(draws.given_up, draw), draw=draw)

    def _asked_back(self, draw: Draw, how: int) -> None:
        if how % 3 and self.fal.take(draw.pk).end(CANCELED) == CANCELED:
            self.do("cancel agreed", partial(draws.cancel_agreed, draw), draw=draw)

    def _age_s(self, draw: Draw) -> float:
        sent_at = Draw.objects.values_list("sent_at", flat=True).get(pk=draw.pk)
        return (timezone.now() - sent_at).total_seconds() if sent_at else 0.0
