"""Prices as rows with their moment, megapixels rounded up for each image, quotes that bind."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from billing import prices
from billing.models import Price
from billing.prices import BadQuote, Item, NoPrice

pytestmark = pytest.mark.django_db


def rise(item: str, amount: int, *, after: timedelta = timedelta()) -> None:
    row = prices.current([item])[item]
    Price.objects.create(item=item, unit=row.unit, amount=amount, cost_microusd=1, holds_from=timezone.now() + after)


@pytest.mark.parametrize(
    ("items", "amount", "cost"),
    [
        ([Item("krea-2-medium")], 39_00, 30_000),
        ([Item("krea-2-medium"), Item("krea-2-medium.style_references")], 45_50, 35_000),
        ([Item("krea-2-large")], 78_00, 60_000),
        ([Item("krea-2-large"), Item("krea-2-large.style_references")], 84_50, 65_000),
        ([Item("krea-2-turbo-lora", pixels=1024 * 1024)], 13_64, 10_486),  # 13.63… and 10,485.76 rounded up
        ([Item("flux-krea-dev", pixels=1024 * 768)], 25_56, 19_661),
        ([Item("flux-krea-dev", pixels=1_000_000)], 32_50, 25_000),
    ],
)
def test_an_image_costs_what_the_table_of_prices_says(items: list[Item], amount: int, cost: int) -> None:
    found = prices.of_image(items)

    assert (found.amount, found.cost_microusd) == (amount, cost)


@given(pixels=st.integers(1, 4_000_000))
def test_a_megapixel_price_is_rounded_up_by_less_than_a_hundredth(pixels: int) -> None:
    amount = prices.of_image([Item("flux-krea-dev", pixels=pixels)]).amount

    assert 0 <= amount * 1_000_000 - 3250 * pixels < 1_000_000


def test_a_price_holds_from_its_moment_and_not_before() -> None:
    rise("krea-2-medium", 50_00, after=timedelta(hours=1))
    assert prices.of_image([Item("krea-2-medium")]).amount == 39_00

    later = timezone.now() + timedelta(hours=2)
    assert prices.of_image([Item("krea-2-medium")], at=later).amount == 50_00


def test_an_item_without_a_price_is_named() -> None:
    with pytest.raises(NoPrice, match="krea-3"):
        prices.of_image([Item("krea-2-medium"), Item("krea-3")])


def test_an_item_by_the_megapixel_needs_a_size() -> None:
    with pytest.raises(NoPrice, match="names no size"):
        prices.of_image([Item("flux-krea-dev")])


def test_seeding_again_leaves_the_operators_prices_alone() -> None:
    rise("krea-2-medium", 50_00)

    prices.seed()

    assert prices.of_image([Item("krea-2-medium")]).amount == 50_00
    assert Price.objects.filter(item="krea-2-medium").count() == 2


def test_a_quote_carries_its_price_and_its_end() -> None:
    quote = prices.read(prices.sign("d1", 39_00, 3))

    assert (quote.digest, quote.image_price, quote.quantity, quote.total) == ("d1", 39_00, 3, 117_00)
    assert prices.is_fresh(quote)
    assert quote.expires_at - timezone.now().timestamp() == pytest.approx(600, abs=2)


@pytest.mark.parametrize("token", ["", "nonsense", "a:b:c"])
def test_what_is_not_our_quote_is_refused(token: str) -> None:
    with pytest.raises(BadQuote):
        prices.read(token)


def test_an_altered_quote_is_refused() -> None:
    token = prices.sign("d1", 39_00, 3)

    with pytest.raises(BadQuote):
        prices.read(token.replace(token[3], "A" if token[3] != "A" else "B", 1))
