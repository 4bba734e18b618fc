"""The words that the stories are told in. Each is one deed, by the customer, a bank, staff or the calendar."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from billing import checkout, topups
from tests.stories.play import DAY_S, MONTH_S, Play

Deed = Callable[[Play], Any]


class Where(Enum):
    THEIRS = "at Stripe"  # events follow; nothing of ours is at work
    PRESSED = "a button of ours"  # gives a press, which may die and is pressed again
    QUIET = "ours, once all is told"  # depends on what the ledger says, so everything that was sent is handled first


@dataclass(frozen=True)
class Step:
    words: str
    where: Where
    deed: Deed


@dataclass(frozen=True)
class Story:
    """`balance` and `debt`, in credits, are how it ends; None where it depends on the length of a month."""

    name: str
    steps: tuple[Step, ...]
    balance: int | None
    debt: int = 0
    tax: bool = False

    def __str__(self) -> str:
        return self.name


def story(name: str, *steps: Step, ends: int | tuple[int, int] | None, tax: bool = False) -> Story:
    balance, debt = ends if isinstance(ends, tuple) else (ends, 0)
    return Story(name, steps, balance, debt, tax)


# What is bought


def buy(cents: int) -> Step:
    return Step(f"chooses the pack of {cents}", Where.PRESSED, lambda play: play.choose("pack", cents))


def subscribe(cents: int) -> Step:
    return Step(f"chooses the plan of {cents}", Where.PRESSED, lambda play: play.choose("plan", cents))


def pay(card: str = "visa", which: int = -1, *, code: str = "", country: str = "US", **more: Any) -> Step:
    def deed(play: Play) -> None:
        play.pay(which, card=card, promotion_code=code, country=country, **more)

    return Step(f"pays with {card}{code and f' and the code {code}'}", Where.THEIRS, deed)


def bought(cents: int, card: str = "visa", **more: Any) -> tuple[Step, Step]:
    return buy(cents), pay(card, **more)


def subscribed(cents: int, card: str = "visa", **more: Any) -> tuple[Step, Step]:
    return subscribe(cents), pay(card, **more)


def promotion(code: str, percent: int, *, duration: str = "once") -> Step:
    deed: Deed = lambda play: play.promotion(code, percent, duration=duration)  # noqa: E731
    return Step(f"there is a code {code} of {percent} %", Where.THEIRS, deed)


def expires() -> Step:
    return Step("the page expires", Where.THEIRS, lambda play: play.standin.act("expire", session=play.session()))


def drops() -> Step:
    return Step("gives it up", Where.QUIET, lambda play: checkout.drop(play.purchases[-1]))


def at_the_bank(good: bool) -> Step:
    deed: Deed = lambda play: play.standin.act("authenticate", payment=play.session(), good=good)  # noqa: E731
    return Step(f"the customer was at the bank: {good}", Where.THEIRS, deed)


def arrives(good: bool = True) -> Step:
    deed: Deed = lambda play: play.standin.act("settle", payment=play.payment(-1), good=good)  # noqa: E731
    return Step(f"the transfer arrives: {good}", Where.THEIRS, deed)


def spend(credits: int) -> Step:
    return Step(f"spends {credits}", Where.QUIET, lambda play: play.spend(credits))


# What is given back


def refund(cents: int | None = None, which: int = -1) -> Step:
    deed: Deed = lambda play: play.standin.act("refund", payment=play.payment(which), amount=cents)  # noqa: E731

    return Step(f"{cents or 'all'} is refunded at the dashboard", Where.THEIRS, deed)


def refund_fails(which: int = -1) -> Step:
    deed: Deed = lambda play: play.standin.act("fail_refund", refund=play.refund(which))  # noqa: E731
    return Step("the refund fails", Where.THEIRS, deed)


def refund_arrives(which: int = -1) -> Step:
    deed: Deed = lambda play: play.standin.act("arrive_refund", refund=play.refund(which))  # noqa: E731
    return Step("the refund arrives", Where.THEIRS, deed)


def staff_refund(cents: int, which: int = -1) -> Step:
    return Step(f"staff refunds {cents}", Where.QUIET, lambda play: play.staff_refund(cents, which))


def forgive(credits: int) -> Step:
    return Step(f"staff forgives {credits}", Where.QUIET, lambda play: play.forgive(credits))


def all_is_told() -> Step:
    return Step("everything arrives", Where.QUIET, lambda play: None)


# What is taken back


def dispute(cents: int | None = None, which: int = -1, *, inquiry: bool = False) -> Step:
    def deed(play: Play) -> None:
        made = play.standin.act("dispute", payment=play.payment(which), amount=cents, inquiry=inquiry)
        play.disputes.append(made["id"])

    return Step(f"the bank {'asks about' if inquiry else 'disputes'} {cents or 'all'}", Where.THEIRS, deed)


def escalate() -> Step:
    deed: Deed = lambda play: play.standin.act("escalate", dispute=play.disputes[-1])  # noqa: E731
    return Step("the inquiry becomes a dispute", Where.THEIRS, deed)


def evidence() -> Step:
    deed: Deed = lambda play: play.standin.act("submit_evidence", dispute=play.disputes[-1])  # noqa: E731
    return Step("evidence is handed in", Where.THEIRS, deed)


def closed(won: bool, cents: int | None = None) -> Step:
    def deed(play: Play) -> None:
        part = {} if cents is None else {"amount": cents}
        play.standin.act("close_dispute", dispute=play.disputes[-1], won=won, **part)

    return Step(f"the dispute is {'won' if won else 'lost'}{f' for {cents}' if cents else ''}", Where.THEIRS, deed)


# Plans, and time


def days(count: int) -> Step:
    return Step(f"{count} days go by", Where.THEIRS, lambda play: play.standin.control(advance_s=count * DAY_S))


def a_month() -> Step:
    return Step("a month goes by", Where.THEIRS, lambda play: play.standin.control(advance_s=MONTH_S))


def declines(times: int = 1, code: str = "insufficient_funds") -> Step:
    deed: Deed = lambda play: play.standin.act("decline", code=code, times=times)  # noqa: E731
    return Step(f"the next {times} payments are declined", Where.THEIRS, deed)


def change_plan(cents: int) -> Step:
    """At once, as the portal does with a dearer one: invoiced at once for the rest of the month."""

    def deed(play: Play) -> None:
        subscription, price = play.subscription(), play.prices()[cents]
        play.stripe.v1.subscriptions.update(
            subscription.id,
            {
                "items": [{"id": subscription.items.data[0].id, "price": price}],
                "proration_behavior": "always_invoice",
            },
        )

    return Step(f"changes to the plan of {cents}", Where.THEIRS, deed)


def change_plan_without_bill(cents: int) -> Step:
    """What is left of the downgrade at the period's end: the next month is of the other plan."""

    def deed(play: Play) -> None:
        subscription, price = play.subscription(), play.prices()[cents]
        play.stripe.v1.subscriptions.update(
            subscription.id,
            {"items": [{"id": subscription.items.data[0].id, "price": price}], "proration_behavior": "none"},
        )

    return Step(f"is to have the plan of {cents} from the next month on", Where.THEIRS, deed)


def cancel_at_end() -> Step:
    deed: Deed = lambda play: play.stripe.v1.subscriptions.update(  # noqa: E731
        play.subscription().id, {"cancel_at_period_end": True}
    )
    return Step("cancels at the end of the month", Where.THEIRS, deed)


def cancel_now() -> Step:
    deed: Deed = lambda play: play.stripe.v1.subscriptions.cancel(play.subscription().id)  # noqa: E731
    return Step("cancels at once", Where.THEIRS, deed)


def customer_deleted() -> Step:
    deed: Deed = lambda play: play.standin.act("delete_customer", customer=play.customer())  # noqa: E731
    return Step("the customer is deleted at Stripe", Where.THEIRS, deed)


# Auto top-up


def agrees(threshold: int, cents: int, card: str = "pm_card_visa") -> Step:
    deed: Deed = lambda play: play.agree_to_top_ups(threshold, cents, card)  # noqa: E731
    return Step(f"agrees to top-ups of {cents} below {threshold}", Where.QUIET, deed)


def falls_due() -> Step:
    """Its rest is over, and the sweep comes by."""

    def deed(play: Play) -> None:
        play.rested()
        topups.sweep()
        play.rest()

    return Step("a top-up falls due", Where.QUIET, deed)
