"""Any order: customers, workers, the follower and fal do and say things in whatever order chance brings, twice, late,
about what is long over, and die in the middle. Time is pretended; nobody speaks HTTP."""

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

import time_machine
from django.contrib.auth import get_user_model
from django.utils import timezone
from django_q.models import OrmQ
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from billing import ledger, prices, takings
from billing.errors import LedgerError
from billing.models import Account, Hold, Kind, Price
from generations import dispatch, fal_state, lifecycle, sweep
from generations.brief import Brief
from generations.models import AT_FAL, Draw, FalState, Generation, Image, Status
from tests.faults.clean import empty_the_books
from tests.faults.fuse import Died, Fuse
from tests.faults.hands import Hands
from tests.faults.invariants import Standing, broken, standing, wrong_moves
from tests.faults.pretend_fal import PretendFal
from tests.faults.settle import bring_to_the_end

User = get_user_model()
BRIEFS = (
    Brief.read("krea-2-medium", {"prompt": "a fox"}),
    Brief.read("krea-2-medium", {"prompt": "two foxes"}, 2),
    Brief.read("krea-2-large", {"prompt": "a lighthouse"}, 3),
    Brief.read("flux-krea-dev", {"prompt": "a boat", "image_size": "square"}, 2),
)
NAMES = ("alice", "bob", "mallory")
PICKS = st.integers(0, 65535)
PAUSES_S = [1, 12, *[61] * 6, *[100] * 4, *[200] * 3, *[301] * 2, 700, 3 * 3600, 25 * 3600, 40 * 24 * 3600]
WHATS = (
    *["somebody_orders", "somebody_cancels", "money_moves", "time_passes", "somebody_is_about_to_die"],
    *["the_dispatcher_runs", "fal_calls", "the_sweep_looks", "a_process_begins_something", "a_process_comes_back"],
)
FOLLOW_UPS = (
    *["the_dispatcher_runs", "fal_calls"] * 2,
    *["a_process_begins_something"] * 6, *["a_process_comes_back"] * 5,
    *["the_sweep_looks", "time_passes"] * 2, "somebody_orders", *["somebody_cancels"] * 2,
)  # fmt: skip
SWEEPS = (
    sweep.unsent, sweep.unanswered, sweep.unanswered, sweep.unknown, sweep.uncanceled, sweep.unstored,
    sweep.too_long_queued, sweep.overdue, sweep.unsettled,
)  # fmt: skip


class AnyOrder(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.travel = time_machine.travel(timezone.now().replace(microsecond=0), tick=False)
        self.clock = self.travel.start()
        self.fal = PretendFal()
        self.hands = Hands(self.fal, self.do)
        self.fuse: int | None = None
        self.wrote = False
        self.told = 0
        self.wishes: dict[tuple[int, str], UUID] = {}
        self.before: Standing = {}
        empty_the_books()
        self.users = [User.objects.get_or_create(email=f"{name}@example.com")[0] for name in NAMES]

    def teardown(self) -> None:
        try:
            bring_to_the_end(self.fal, self.clock)
            assert [*broken()] == []
            assert not Hold.objects.filter(settled_at=None).exists()
            assert not Generation.objects.running().exists()
            assert all(purse.held == 0 for purse in Account.objects.all())
        finally:
            self.travel.stop()

    def do(self, word: str | None, action: Callable[[], Any], *, draw: Draw | None = None, image: Any = None) -> bool:
        """Have a process do something, perhaps its last; True when it lived to the end of it."""
        flame, self.fuse = Fuse(self.fuse), None
        self.before = standing()
        try:
            with flame.burning():
                action()
        except Died:
            return False
        except (LedgerError, lifecycle.PriceRose):
            pass
        finally:
            after = standing() if flame.wrote else self.before
            self.wrote |= flame.wrote
            draw_id, image_id = draw.pk if draw else None, image.pk if image else None
            assert [*wrong_moves(self.before, after, word, draw_id, image_id)] == []
        return True

    @initialize(first=st.sampled_from(BRIEFS))
    def the_first_day(self, first: Brief) -> None:
        for user in self.users[:2]:
            ledger.grant(user, 500_00, key=f"first:{user.pk}", memo="For the play")
            lifecycle.submit(user, first)
        dispatch.run()

    @invariant()
    def nothing_is_broken(self) -> None:
        if self.wrote:
            OrmQ.objects.all().delete()  # every nudge is lost
            assert [*broken()] == []
            self.wrote = False

    # One rule with an even choice: with a rule for each, hypothesis leaves most of them out of a play, and nothing
    # comes of orders that nobody sends. What follows from it by itself keeps the plays deep.
    @rule(what=st.sampled_from(WHATS), pick=PICKS, how=PICKS, more=st.integers(0, 6))
    def something_happens(self, what: str, pick: int, how: int, more: int) -> None:
        getattr(self, f"_{what}")(pick, how)
        dice = Random(pick)
        for _ in range(more):
            follow_up = dice.choice(FOLLOW_UPS)
            getattr(self, f"_{follow_up}")(dice.randrange(65536), dice.randrange(65536))

    def _somebody_orders(self, pick: int, how: int) -> None:
        user, brief = self.users[pick % 3], BRIEFS[how % 4]
        price = lifecycle.price(brief).amount
        quote = prices.read(prices.sign(brief.digest(), price // 2, brief.quantity)) if pick % 2 else None
        limits = [ledger.Limit(f"user:{user.pk}", 200_00)] if how % 3 == 0 else []
        at_most = 100_00 if how % 5 == 0 else None
        wish = "ab"[pick % 2] if how % 7 == 0 else None
        made: list[Generation] = []

        def order() -> None:
            made.append(lifecycle.submit(user, brief, quote=quote, at_most=at_most, wish=wish, limits=limits))

        self.do(None, order)
        for generation in made:
            is_new = not wish or (user.pk, wish) not in self.wishes
            assert is_new or self.wishes[user.pk, wish or ""] == generation.pk, "one wish, two generations"
            self.wishes[user.pk, wish or ""] = generation.pk
            if is_new:
                assert generation.image_price == (min(price, quote.image_price) if quote else price)
                assert at_most is None or generation.quoted <= at_most

    def _somebody_cancels(self, pick: int, how: int) -> None:
        if how % 4:
            if image := one_of(Image.objects.order_by("id"), pick):
                answers: list[bool] = []
                self.do("cancel", lambda: answers.append(lifecycle.cancel_image(image)), image=image)
                was = self.before[image.pk][0]
                image.refresh_from_db()
                assert answers in ([], [was in (Status.QUEUED, *AT_FAL)]), f"it was {was}"
                assert not answers or was != Status.QUEUED or image.status == Status.CANCELED
        elif generation := one_of(Generation.objects.order_by("id"), pick):
            self.do("cancel", partial(lifecycle.delete if how % 8 else lifecycle.cancel, generation))

    def _money_moves(self, pick: int, how: int) -> None:
        self.told += 1
        user, key, amount = self.users[pick % 3], f"stripe:{self.told}", 1 + how * 1_39 % 400_00
        if how % 5 == 0:
            change_the_prices(50 + pick % 100)
            return
        action = (
            partial(ledger.purchase, user, cash=amount, bonus=amount % 2 * 5_00, key=key, memo="A pack")
            if how % 2
            else partial(takings.take, user, cash=amount, bonus=0, kind=Kind.REFUND, key=key, memo="A refund")
        )
        while not self.do(None, action):  # whoever dies is asked again
            pass
        self.do(None, action)  # and Stripe says everything twice

    def _the_dispatcher_runs(self, pick: int, how: int) -> None:
        paused = set(Image.objects.filter(not_before__gt=timezone.now()).values_list("id", flat=True))
        self.do("dispatch", dispatch.run)
        sending = [id for id, (status, *_) in standing().items() if status == Status.SENDING]
        new = [id for id in sending if self.before[id][0] == Status.QUEUED]
        probe = fal_state.row().state != FalState.State.OK  # goes out of line, alone
        assert not paused.intersection(new), "told to wait, and sent"
        assert not new or dispatch.in_flight() <= dispatch.places() + probe
        for draw in Draw.objects.filter(image__in=new, sent_at=None):
            earlier = Draw.objects.filter(image=draw.image_id).exclude(pk=draw.pk)
            assert not [old.pk for old in earlier if self.fal.is_drawing(old.pk)], "drawn twice at the same time"

    def _a_process_begins_something(self, pick: int, how: int) -> None:
        self.hands.begin(pick)

    def _a_process_comes_back(self, pick: int, how: int) -> None:
        self.hands.end(pick, how)

    def _fal_calls(self, pick: int, how: int) -> None:
        self.hands.webhook(pick, how)

    def _time_passes(self, pick: int, how: int) -> None:
        self.clock.shift(PAUSES_S[pick % len(PAUSES_S)])
        self.hands.kill_what_takes_too_long()

    def _the_sweep_looks(self, pick: int, how: int) -> None:
        self.do("swept", SWEEPS[pick % len(SWEEPS)])

    def _somebody_is_about_to_die(self, pick: int, how: int) -> None:
        self.fuse = pick % 24


def one_of(rows: Any, pick: int) -> Any:
    """One of the rows, or None; the same pick of the same rows is the same row."""
    count = rows.count()
    return rows[pick % count] if count else None


def change_the_prices(percent: int) -> None:
    for item, row in prices.current(item for item, *_ in prices.FIRST_PRICES).items():
        Price.objects.update_or_create(
            item=item, holds_from=timezone.now(),
            defaults={"unit": row.unit, "amount": max(row.amount * percent // 100, 1), "cost_microusd": 1},
        )  # fmt: skip
