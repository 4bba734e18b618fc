"""Plans, month by month, and customers that are deleted."""

from tests.stories.steps import (
    a_month,
    all_is_told,
    at_the_bank,
    bought,
    cancel_at_end,
    cancel_now,
    change_plan,
    change_plan_without_bill,
    closed,
    customer_deleted,
    days,
    declines,
    dispute,
    expires,
    pay,
    promotion,
    refund,
    story,
    subscribe,
    subscribed,
)

WON, LOST = True, False

SUBSCRIBED = (
    story("a plan", *subscribed(1_000), ends=11_000),
    story("the larger plan", *subscribed(3_000), ends=35_000),
    story("a plan, and nobody pays", subscribe(1_000), expires(), ends=0),
    story("a plan, declined and then paid", subscribe(1_000), pay("declined"), pay("visa"), ends=11_000),
    story("a plan, and the bank asks", subscribe(1_000), pay("threeds"), at_the_bank(True), ends=11_000),
    story("a plan with tax", *subscribed(1_000, country="DE"), ends=11_000, tax=True),
    story("a plan with tax, renewed", *subscribed(1_000, country="DE"), a_month(), ends=22_000, tax=True),
    story(
        "a plan with half off the first month", promotion("HALF", 50), *subscribed(1_000, code="HALF"), a_month(),
        ends=22_000,
    ),
    story(
        "a plan with half off for good", promotion("HALF", 50, duration="forever"), *subscribed(1_000, code="HALF"),
        a_month(), ends=22_000,
    ),
    story(
        "a plan whose first month is free", promotion("ALL", 100), *subscribed(1_000, code="ALL"), a_month(),
        ends=22_000,
    ),
    story("a plan, renewed", *subscribed(1_000), a_month(), ends=22_000),
    story("a plan, renewed for three months", *subscribed(3_000), a_month(), a_month(), a_month(), ends=140_000),
    story("a renewal that is declined, then paid", *subscribed(1_000), declines(1), a_month(), days(4), ends=22_000),
    story(
        "a renewal that is declined twice, then paid", *subscribed(1_000), declines(2), a_month(), days(4), days(6),
        ends=22_000,
    ),
    story(
        "a renewal that nobody pays", *subscribed(1_000), declines(9), a_month(), days(4), days(6), days(8),
        ends=11_000,
    ),
    story("canceled at the end of the month", *subscribed(1_000), cancel_at_end(), a_month(), ends=11_000),
    story("canceled at once", *subscribed(1_000), days(10), cancel_now(), a_month(), ends=11_000),
    story(
        "canceled, and subscribed anew", *subscribed(1_000), cancel_now(), all_is_told(), *subscribed(3_000),
        ends=46_000,
    ),
    story("upgraded", *subscribed(1_000), days(10), change_plan(3_000), ends=None),
    story("upgraded at once, and renewed", *subscribed(1_000), change_plan(3_000), days(40), ends=None),
    story(
        "downgraded at the end of the month", *subscribed(3_000), change_plan_without_bill(1_000), a_month(),
        ends=46_000,
    ),
    story("the first month refunded", *subscribed(1_000), refund(), ends=0),
    story("a later month refunded", *subscribed(1_000), a_month(), refund(), ends=11_000),
    story(
        "a later month refunded in part, with tax", *subscribed(1_000, country="DE"), a_month(), refund(119),
        ends=20_900, tax=True,
    ),
    story("a month disputed and won", *subscribed(1_000), a_month(), dispute(), closed(WON), ends=22_000),
    story("a month disputed and lost", *subscribed(1_000), a_month(), dispute(), closed(LOST), ends=11_000),
    story("a plan and a pack", *subscribed(1_000), *bought(500), a_month(), ends=27_000),
    story("the customer is deleted", *bought(1_000), customer_deleted(), ends=10_000),
    story(
        "the customer is deleted, and buys again", *bought(1_000), customer_deleted(), all_is_told(), *bought(500),
        ends=15_000,
    ),
    story("the customer is deleted with a plan", *subscribed(1_000), customer_deleted(), a_month(), ends=11_000),
    story("the customer is deleted, and refunded", *bought(1_000), customer_deleted(), refund(), ends=0),
)  # fmt: skip
