"""What is refunded: at the dashboard, by staff, in parts, and such refunds as fail."""

from tests.stories.steps import (
    all_is_told,
    bought,
    days,
    promotion,
    refund,
    refund_arrives,
    refund_fails,
    spend,
    staff_refund,
    story,
)

PACKS = ((500, 5_000), (1_000, 10_000), (2_500, 26_000), (5_000, 53_000), (10_000, 110_000))

REFUNDED = (
    *(story(f"the pack of {cents}, refunded", *bought(cents), refund(), ends=0) for cents, _ in PACKS),
    story("refunded in part", *bought(2_500), refund(1_000), ends=15_600),
    story("refunded in two parts", *bought(2_500), refund(1_000), refund(1_500), ends=0),
    story("refunded in three parts", *bought(2_500), refund(833), refund(833), refund(834), ends=0),
    story(
        "refunded in three parts of three, some left", *bought(1_000), refund(100), refund(200), refund(300),
        ends=4_000,
    ),
    story(
        "a pack with a fifth off, refunded in part", promotion("FIFTH", 20), *bought(2_500, code="FIFTH"),
        refund(500), ends=19_500,
    ),
    story(
        "a pack with a fifth off, refunded", promotion("FIFTH", 20), *bought(2_500, code="FIFTH"), refund(700),
        refund(), ends=0,
    ),
    story("with tax, refunded", *bought(2_500, country="DE"), refund(), ends=0, tax=True),
    story("with tax, refunded in part", *bought(2_500, country="DE"), refund(595), ends=20_800, tax=True),
    story(
        "with tax, refunded in odd parts", *bought(2_500, country="DE"), refund(333), refund(1_111), refund(), ends=0,
        tax=True,
    ),
    story("a refund that takes days", *bought(1_000, "refund_pends"), refund(400), days(6), ends=6_000),
    story("a refund that takes days, and is still on its way", *bought(1_000, "refund_pends"), refund(400), ends=6_000),
    story(
        "a refund that takes days and fails", *bought(1_000, "refund_pends"), refund(400), refund_fails(),
        ends=10_000,
    ),
    story("a refund that arrives and fails by itself", *bought(2_500, "refund_fails"), refund(), days(6), ends=26_000),
    story("a refund that fails, then another", *bought(2_500), refund(1_000), refund_fails(), refund(500), ends=20_800),
    story(
        "two refunds of which the first fails", *bought(2_500), refund(1_000), refund(500), refund_fails(0),
        ends=20_800,
    ),
    story(
        "two refunds of which the second fails", *bought(2_500), refund(1_000), refund(500), refund_fails(1),
        ends=15_600,
    ),
    story(
        "refunds that all fail", *bought(2_500), refund(777), refund(888), refund_fails(0), refund_fails(1),
        ends=26_000,
    ),
    story(
        "a refund that arrives at last", *bought(2_500, "refund_pends"), refund(1_000), refund_arrives(), ends=15_600,
    ),
    story("a refund after all was spent", *bought(1_000), spend(10_000), refund(), ends=(0, 10_000)),
    story("a refund after half was spent", *bought(1_000), spend(5_000), refund(), ends=(0, 5_000)),
    story(
        "a refund after all was spent fails", *bought(1_000), spend(10_000), refund(), all_is_told(), refund_fails(),
        ends=0,
    ),
    story("refunded, and bought anew", *bought(2_500), refund(), *bought(1_000), ends=10_000),
    story(
        "a refund into debt, and bought anew", *bought(1_000), spend(10_000), refund(), all_is_told(), *bought(2_500),
        ends=16_000,
    ),
    story("two packs, one refunded", *bought(1_000), *bought(2_500), refund(which=0), ends=26_000),
    story("staff refunds", *bought(2_500), staff_refund(2_500), ends=0),
    story("staff refunds in part", *bought(2_500), staff_refund(1_000), ends=15_600),
    story(
        "staff refunds in part, the dashboard the rest", *bought(2_500), staff_refund(1_000), all_is_told(), refund(),
        ends=0,
    ),
    story("the dashboard refunds in part, staff the rest", *bought(2_500), refund(1_000), staff_refund(1_500), ends=0),
    story("staff refunds twice", *bought(2_500), staff_refund(1_000), staff_refund(500), ends=10_400),
    story(
        "a refund by staff that fails at the bank", *bought(2_500, "refund_fails"), staff_refund(2_500),
        all_is_told(), days(6), ends=26_000,
    ),
)  # fmt: skip
