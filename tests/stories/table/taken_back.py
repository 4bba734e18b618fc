"""What banks take back, or only ask about, and what comes back of it."""

from tests.stories.steps import (
    all_is_told,
    bought,
    closed,
    days,
    dispute,
    escalate,
    evidence,
    forgive,
    refund,
    refund_fails,
    spend,
    story,
)

WON, LOST = True, False

DISPUTED = (
    story("an inquiry", *bought(2_500), dispute(inquiry=True), ends=26_000),
    story("an inquiry that ends well", *bought(2_500), dispute(inquiry=True), evidence(), closed(WON), ends=26_000),
    story("an inquiry by itself", *bought(2_500, "inquired"), days(1), ends=26_000),
    story("an inquiry, refunded", *bought(2_500), dispute(inquiry=True), refund(), ends=0),
    story("an inquiry that becomes a dispute", *bought(2_500), dispute(inquiry=True), escalate(), ends=0),
    story("an inquiry that is lost", *bought(2_500), dispute(inquiry=True), escalate(), closed(LOST), ends=0),
    story(
        "an inquiry that becomes a dispute and is won", *bought(2_500), dispute(inquiry=True), escalate(), evidence(),
        closed(WON), ends=26_000,
    ),
    story(
        "an inquiry, refunded in part, then a dispute", *bought(2_500), dispute(777, inquiry=True), refund(888),
        escalate(), ends=None,
    ),
    story("a dispute", *bought(2_500), dispute(), ends=0),
    story("a dispute by itself", *bought(2_500, "disputed"), days(1), ends=0),
    story("a dispute that is lost", *bought(2_500), dispute(), closed(LOST), ends=0),
    story("a dispute that is won", *bought(2_500), dispute(), evidence(), closed(WON), ends=26_000),
    story("a dispute that is won in part", *bought(2_500), dispute(), closed(WON, 1_000), ends=10_400),
    story("a dispute of a part, lost", *bought(2_500), dispute(1_000), closed(LOST), ends=15_600),
    story("a dispute of a part, won", *bought(2_500), dispute(1_000), closed(WON), ends=26_000),
    story("a dispute after a refund in part", *bought(2_500), refund(1_000), dispute(1_500), ends=0),
    story(
        "a dispute after a refund in part, won", *bought(2_500), refund(1_000), dispute(1_500), closed(WON),
        ends=15_600,
    ),
    story("a dispute of all after a refund in part", *bought(2_500), refund(1_000), dispute(), ends=(0, 10_000)),
    story(
        "a dispute of all after a refund in part, won", *bought(2_500), refund(1_000), dispute(), closed(WON),
        ends=15_600,
    ),
    story(
        "a dispute of all after a refund that fails", *bought(2_500), refund(1_000), dispute(), refund_fails(),
        ends=0,
    ),
    story("a dispute with tax", *bought(2_500, country="DE"), dispute(), closed(LOST), ends=0, tax=True),
    story("a dispute with tax, won", *bought(2_500, country="DE"), dispute(), closed(WON), ends=26_000, tax=True),
    story("a won dispute, then a refund", *bought(2_500), dispute(), closed(WON), refund(), ends=0),
    story("a won dispute, then a refund in part", *bought(2_500), dispute(), closed(WON), refund(1_000), ends=15_600),
    story("a dispute of what was spent", *bought(1_000), spend(10_000), dispute(), closed(LOST), ends=(0, 10_000)),
    story("a dispute of what was half spent, won", *bought(2_500), spend(13_000), dispute(), closed(WON), ends=13_000),
    story(
        "a dispute of what was spent, won", *bought(1_000), spend(10_000), dispute(), all_is_told(), closed(WON),
        ends=0,
    ),
    story(
        "a dispute into debt, bought anew", *bought(1_000), spend(10_000), dispute(), all_is_told(), *bought(500),
        ends=(0, 5_000),
    ),
    story(
        "a dispute into debt, bought anew, won", *bought(1_000), spend(10_000), dispute(), all_is_told(),
        *bought(2_500), closed(WON), ends=26_000,
    ),
    story(
        "a dispute into debt, forgiven", *bought(1_000), spend(10_000), dispute(), forgive(10_000), closed(LOST),
        ends=0,
    ),
    story(
        "a dispute into debt, forgiven, won", *bought(1_000), spend(10_000), dispute(), forgive(10_000), closed(WON),
        ends=0,
    ),
    story(
        "a dispute into debt, partly repaid and partly forgiven, won", *bought(1_000), spend(10_000), dispute(),
        all_is_told(), *bought(500), forgive(2_000), closed(WON), ends=5_000,
    ),
    story(
        "two packs, one disputed and one refunded", *bought(1_000), *bought(2_500), dispute(which=0),
        refund(1_000, which=1), ends=15_600,
    ),
    story(
        "two packs, both disputed, one won", *bought(1_000), *bought(2_500), dispute(which=0), dispute(which=1),
        closed(WON), ends=26_000,
    ),
)  # fmt: skip
