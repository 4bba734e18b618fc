"""One telling of a story: it is played at Stripe, and what Stripe sends arrives in some order, some number of times,
some of it while the story still goes on, at processes of which some die and some are slow."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.test import RequestFactory
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import OrmQ

from billing import reconcile, refunds, stripe_events, stripe_hook, topups, under_way
from billing.models import Purchase, StaffRefund, StripeEvent, TopUp
from billing.nudges import HANDLE_EVENT
from tests.faults.bomb import KINDS
from tests.stories import ending
from tests.stories.accidents import PAUSE, Accident, Died, during
from tests.stories.play import Play
from tests.stories.steps import Step, Story, Where

DOOR = "/webhooks/stripe"
MOST_COPIES = 5
POINTS = (1, 1, 2, 2, 3, 3, 4, 5, 6, 8)  # most work is over by the third commit or call
A_DAY = timedelta(days=1)
ROUNDS = 40
PEACEFUL_AFTER = 12  # rounds of the end: Stripe's patience and ours is longer than any row of accidents
UNDER_WAY = (TopUp.Status.DUE, TopUp.Status.SENT)


class NeverEnds(Exception):
    """Something is still under way after all."""


class Telling:
    """`dice` decide everything; the same ones tell it the same way. `counts`: deaths, pauses, deliveries, jobs."""

    def __init__(self, play: Play, story: Story, dice: random.Random, *, most_copies: int = MOST_COPIES) -> None:
        self.play, self.story, self.dice, self.most_copies = play, story, dice, most_copies
        self.counts: Counter[str] = Counter()
        self._is_news = True  # there may be events that were not seen yet
        self._wrong: list[str] = []
        self._waiting: list[str] = []
        self._letters: dict[str, dict[str, Any]] = {}
        self._is_held = dice.random() < 0.3  # nothing arrives before it is over, or somebody waits for it
        self._danger = dice.choice((0.1, 0.3, 0.5))
        self._is_deaf = dice.random() < 0.1  # half of the events never arrive: the nightly run has to make up for it
        self._is_inside = False

    def tell(self) -> tuple[ending.Ending, list[str]]:
        """How it ended, and what is wrong with that."""
        self.play.begin(tax=self.story.tax)
        for step in self.story.steps:
            self._take(step)
            if not self._is_held:
                self._go_on(self.dice.randrange(6))
        self._until_all_is_told()
        found = ending.of(self.play)
        return found, [*self._wrong, *ending.wrong(self.play), *self._unlike_the_table(found)]

    def _take(self, step: Step) -> None:
        if step.where == Where.PRESSED:
            press = step.deed(self.play)
            while not self._at_risk(press):
                pass
        else:
            if step.where == Where.QUIET:
                self._until_all_is_told()
            step.deed(self.play)
            self.play.standin.control(advance_s=1)  # Stripe's objects tell their order by whole seconds
        self._is_news = True

    def _unlike_the_table(self, found: ending.Ending) -> list[str]:
        if self.story.balance is None or (found.balance, found.debt) == (
            self.story.balance * 100,
            self.story.debt * 100,
        ):
            return []
        return [f"it ends with {found.balance / 100} credits and a debt of {found.debt / 100}"]

    # What arrives

    def _listen(self) -> None:
        found = self.play.standin.events(raw=True) if self._is_news else []
        self._is_news = False
        for event in found:
            if event["id"] not in self._letters:
                self._letters[event["id"]] = event
                if self._is_deaf and self.dice.random() < 0.5:
                    continue
                self._waiting += [event["id"]] * self.dice.randint(1, self.most_copies)

    def _go_on(self, most: int) -> None:
        """So many things that other processes and Stripe do meanwhile, in any order."""
        self._listen()
        for _ in range(most):
            jobs = _jobs()
            if self._waiting and (not jobs or self.dice.random() < 0.6):
                self._deliver(self._waiting.pop(self.dice.randrange(len(self._waiting))))
            elif jobs:
                self._work(self.dice.choice(jobs))

    def _deliver(self, id: str) -> None:
        """Stripe sends what it got no answer to again."""
        letter = self._letters[id]
        self.counts["deliveries"] += 1

        def post() -> None:
            headers = {"Stripe-Signature": letter["signature"]}
            request = RequestFactory().post(DOOR, letter["body"], content_type="application/json", headers=headers)
            assert stripe_hook.stripe(request).status_code == 200

        if not self._at_risk(post):
            self._waiting.append(id)

    def _work(self, job: OrmQ) -> None:
        """With Redis, a job is gone that its worker dies over; with the database's queue it is run again."""
        self.counts["jobs"] += 1
        self._is_news |= job.task["func"] != HANDLE_EVENT  # all others may have Stripe do something
        is_lost = self.dice.random() < 0.5
        if is_lost:
            job.delete()
        if self._at_risk(lambda: import_string(job.task["func"])(*job.task["args"])) and not is_lost:
            job.delete()

    def _until_all_is_told(self) -> None:
        has_caught_up = not self._is_deaf
        for round in range(ROUNDS):
            self._listen()
            if round > PEACEFUL_AFTER:
                self._danger = 0.0
            while self._waiting or _jobs():
                self._go_on(1)
            if not _is_under_way():
                if has_caught_up:
                    return
                has_caught_up = True
                self._catch_up()
            _let_pauses_pass()
            for sweep in (stripe_events.sweep, refunds.sweep, topups.sweep):
                self._at_risk(sweep)
        raise NeverEnds([*StripeEvent.objects.filter(handled_at=None).values_list("type", "error")])

    def _catch_up(self) -> None:
        """What the sweep of purchases and the nightly run do where events were lost."""
        self.counts["nights"] += 1
        for purchase in Purchase.objects.filter(status__in=(Purchase.Status.OPEN, Purchase.Status.PROCESSING)):
            under_way.look(str(purchase.pk))
        outcome = reconcile.run(timezone.now() - A_DAY)
        self._wrong += [f"reconcile: {each.id} {each.words}" for each in outcome.findings if not each.is_mended]

    # What goes wrong

    def _at_risk(self, work: Callable[[], object]) -> bool:
        """Do it, unless an accident happens; whether it was done."""
        with during(self._accident()):
            try:
                work()
            except Died:
                self.counts["deaths"] += 1
                return False
        return True

    def _accident(self) -> Accident | None:
        if self._is_inside or self.dice.random() >= self._danger:
            return None
        number = self.dice.choice(POINTS)
        if self.dice.random() < 0.3:
            return Accident(PAUSE, number, self._meanwhile)
        return Accident(self.dice.choice(KINDS), number)

    def _meanwhile(self) -> None:
        """What was read is looked at a while later."""
        self.counts["pauses"] += 1
        self._is_inside = True
        try:
            self._go_on(self.dice.randint(1, 8))
        finally:
            self._is_inside = False


def _jobs() -> list[OrmQ]:
    """Those of billing; mails and all else are no part of these stories."""
    rows = list(OrmQ.objects.order_by("id"))
    ours = [row for row in rows if str(row.task["func"]).startswith("billing.")]
    if len(ours) < len(rows):
        OrmQ.objects.exclude(pk__in=[row.pk for row in ours]).delete()
    return ours


def _is_under_way() -> bool:
    return (
        StripeEvent.objects.filter(handled_at=None).exists()
        or StaffRefund.objects.filter(status__in=refunds.UNDER_WAY).exists()
        or TopUp.objects.filter(status__in=UNDER_WAY).exists()
    )


def _let_pauses_pass() -> None:
    """What waits for a later moment is due now, and the leases of those who died are over."""
    now = timezone.now()
    for rows in (
        StripeEvent.objects.filter(handled_at=None, due_at__isnull=False),
        StaffRefund.objects.filter(status__in=refunds.UNDER_WAY),
        TopUp.objects.filter(status__in=UNDER_WAY),
    ):
        rows.update(due_at=now, nudged_at=None)
