"""What is bought, and how it is paid: by card, by a bank transfer that takes days, or not at all."""

from tests.stories.steps import (
    arrives,
    at_the_bank,
    bought,
    buy,
    days,
    drops,
    expires,
    pay,
    promotion,
    refund,
    story,
)

PACKS = ((500, 5_000), (1_000, 10_000), (2_500, 26_000), (5_000, 53_000), (10_000, 110_000))

BUYING = (
    *(story(f"the pack of {cents}", *bought(cents), ends=credits) for cents, credits in PACKS),
    story("a fifth off", promotion("FIFTH", 20), *bought(2_500, code="FIFTH"), ends=26_000),
    story("a third off, which is no whole cent", promotion("THIRD", 33), *bought(500, code="THIRD"), ends=5_000),
    story("nothing to pay", promotion("ALL", 100), *bought(1_000, code="ALL"), ends=10_000),
    story("nothing to pay for one with a bonus", promotion("ALL", 100), *bought(5_000, code="ALL"), ends=53_000),
    story("with tax", *bought(2_500, country="DE"), ends=26_000, tax=True),
    story("with tax on a sum with cents", *bought(500, country="GB"), ends=5_000, tax=True),
    story(
        "with tax and a fifth off", promotion("FIFTH", 20), *bought(2_500, country="DE", code="FIFTH"), ends=26_000,
        tax=True,
    ),
    story(
        "nothing to pay, with tax switched on", promotion("ALL", 100), *bought(1_000, country="DE", code="ALL"),
        ends=10_000, tax=True,
    ),
    story("two packs", *bought(500), *bought(1_000), ends=15_000),
    story("two packs, the second page paid first", buy(500), buy(2_500), pay(which=1), pay(which=0), ends=31_000),
    story("two packs, one left unpaid", buy(500), buy(2_500), pay(which=1), ends=26_000),
    story("a declined card, then a good one", buy(1_000), pay("declined"), pay("visa"), ends=10_000),
    story(
        "four declined cards, then a good one", buy(2_500), pay("declined"), pay("insufficient_funds"),
        pay("expired_card"), pay("lost_card"), pay("mastercard"), ends=26_000,
    ),
    story("declined, and left", buy(1_000), pay("declined"), ends=0),
    story("declined, and expired", buy(1_000), pay("declined"), expires(), ends=0),
    story("the bank asks, and is answered", buy(1_000), pay("threeds"), at_the_bank(True), ends=10_000),
    story(
        "the bank asks and is refused, then a good card", buy(1_000), pay("threeds"), at_the_bank(False), pay("visa"),
        ends=10_000,
    ),
    story("the bank asks, and nobody answers", buy(1_000), pay("threeds"), expires(), ends=0),
    story("abandoned", buy(2_500), ends=0),
    story("expired", buy(2_500), expires(), ends=0),
    story("expired by itself after a day", buy(2_500), days(2), ends=0),
    story("expired, and bought anew", buy(2_500), expires(), *bought(2_500), ends=26_000),
    story("given up on our page", buy(2_500), drops(), ends=0),
    story("given up on our page, and bought anew", buy(2_500), drops(), *bought(500), ends=5_000),
)  # fmt: skip

DELAYED = (
    story("a transfer that arrives", *bought(2_500, "bank_waits"), arrives(), ends=26_000),
    story("a transfer that arrives by itself", *bought(2_500, "bank"), days(6), ends=26_000),
    story("a transfer that fails", *bought(2_500, "bank_waits"), arrives(False), ends=0),
    story("a transfer that fails by itself", *bought(2_500, "bank_closed"), days(6), ends=0),
    story("a transfer on its way", *bought(2_500, "bank_waits"), ends=0),
    story("a transfer that fails, then a card", *bought(1_000, "bank_no_funds"), days(6), *bought(1_000), ends=10_000),
    story("a transfer with tax", *bought(2_500, "bank_waits", country="FR"), arrives(), ends=26_000, tax=True),
    story("a transfer that arrives and is refunded", *bought(2_500, "bank"), days(6), refund(), days(6), ends=0),
    story("a transfer that arrives and is disputed", *bought(1_000, "bank_disputed"), days(8), ends=0),
)
