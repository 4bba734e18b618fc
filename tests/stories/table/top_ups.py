"""Auto top-up."""

from tests.stories.steps import (
    agrees,
    all_is_told,
    bought,
    closed,
    declines,
    dispute,
    falls_due,
    refund,
    spend,
    staff_refund,
    story,
)

WON, LOST = True, False

TOPPED_UP = (
    story("a top-up", agrees(5_000, 1_000), falls_due(), ends=10_000),
    story("two top-ups", agrees(5_000, 1_000), falls_due(), spend(8_000), falls_due(), ends=12_000),
    story("a top-up that is declined", agrees(5_000, 1_000, "pm_card_chargeCustomerFail"), falls_due(), ends=0),
    story(
        "three top-ups that are declined", agrees(5_000, 1_000, "pm_card_chargeCustomerFail"), falls_due(), falls_due(),
        falls_due(), falls_due(), ends=0,
    ),
    story(
        "a top-up that is declined, then a good one", agrees(5_000, 1_000), declines(1), falls_due(), falls_due(),
        ends=10_000,
    ),
    story(
        "a top-up that needs the customer", agrees(5_000, 1_000, "pm_card_authenticationRequired"), falls_due(),
        ends=0,
    ),
    story("a top-up, refunded", agrees(5_000, 1_000), falls_due(), all_is_told(), refund(), ends=0),
    story(
        "a top-up, refunded by staff in part", agrees(5_000, 2_500), falls_due(), all_is_told(), staff_refund(1_000),
        ends=15_600,
    ),
    story(
        "a top-up, disputed and won", agrees(5_000, 1_000), falls_due(), all_is_told(), dispute(), closed(WON),
        ends=10_000,
    ),
    story(
        "a top-up after the pack was spent", *bought(1_000), agrees(5_000, 1_000), spend(9_000), falls_due(),
        ends=11_000,
    ),
)  # fmt: skip
