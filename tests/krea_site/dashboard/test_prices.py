"""The staff pages of prices: a price is seen with what it means before it is saved, and holds from its moment on."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing import prices, repricing
from billing.models import Price
from generations import lifecycle
from generations.brief import Brief
from krea_site.dashboard import moments
from krea_site.models import Role, StaffAct
from tests.staff import make_staff, staff_client

pytestmark = pytest.mark.django_db
PRICES = "/admin/prices/"
LARGE = f"{PRICES}krea-2-large/"
FLUX = f"{PRICES}flux-krea-dev/"
WHY = {"why": "fal raised its price"}


@pytest.fixture
def client(db: None) -> Client:
    """Somebody of the staff."""
    return staff_client(make_staff(Role.FINANCE))


def text_of(response: Any) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def hidden(response: Any) -> dict[str, str]:
    """What the preview carries to the second step."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', response.content.decode())
    return {name: unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


def typed(client: Client, address: str, **changed: str) -> dict[str, str]:
    """The form as it is opened, with what somebody types into it."""
    page = client.get(address).content.decode()
    fields = dict(re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', page))
    return {name: fields[name] for name in ("credits", "dollars", "seen")} | WHY | changed


def previewed(client: Client, address: str, **changed: str) -> dict[str, str]:
    return hidden(client.post(address, typed(client, address, **changed)))


def in_days(days: float) -> str:
    return moments.typed(timezone.now() + timedelta(days=days))


def rows(item: str = "krea-2-large") -> list[int]:
    return list(
        Price.objects.filter(item=item, withdrawn_at=None).order_by("holds_from").values_list("amount", flat=True)
    )


def test_the_list_has_every_item_with_what_holds_and_what_comes(client: Client) -> None:
    client.post(LARGE, previewed(client, LARGE, credits="80", holds_from=in_days(3)) | {"confirmed": "1"})

    text = text_of(client.get(PRICES))

    assert "krea-2-large 78.00 an image $0.06 1 Jan 2026, 00:00 80.00 from" in text
    assert "flux-krea-dev 32.50 a megapixel $0.025" in text
    assert "With style references 84.50 $0.065 $0.0195, 23 %" in text


def test_a_price_is_shown_with_what_it_means_before_it_is_saved(client: Client) -> None:
    page = client.post(LARGE, typed(client, LARGE, credits="100", dollars="0.07", holds_from=in_days(1)))

    text = text_of(page)
    assert "100.00 credits instead of 78.00, from" in text
    shown = text[text.index("Any shape") : text.index("With style")].strip()
    assert shown.startswith("Any shape 78.00 to 100.00 312.00 to 400.00 780.00 to 1,000.00 +28 % $0.07")
    assert shown.endswith("$0.018 to $0.03, 30 % of the cheapest credits $0.015714")
    assert "With style references 84.50 to 106.50" in text
    assert "Quotes that are out hold for ten minutes" in text
    assert "Save the price" in text and rows() == [78_00] and not StaffAct.objects.exists()


def test_by_the_megapixel_each_size_has_a_line(client: Client) -> None:
    text = text_of(client.post(FLUX, typed(client, FLUX, credits="40", holds_from=in_days(1))))

    assert "Square, 1024 x 1024 pixels 34.08 to 41.95 136.32 to 167.80" in text
    assert "Small square, 512 x 512 pixels 8.52 to 10.49" in text
    shown = text[text.index("The largest") :][:80]
    assert shown.startswith("The largest of one's own, 1953 x 2048 pixels 130.00 to 159.99"), shown


def test_it_warns_of_a_loss_and_of_a_leap(client: Client) -> None:
    loss = text_of(client.post(LARGE, typed(client, LARGE, credits="50", holds_from=in_days(1))))
    thin = text_of(client.post(LARGE, typed(client, LARGE, credits="62", holds_from=in_days(1))))
    leap = text_of(client.post(LARGE, typed(client, LARGE, credits="780", holds_from=in_days(1))))

    assert "the margin is negative" in loss and "Save it all the same" in loss
    assert "With credits from the cheapest pack or plan on offer the margin" in thin
    assert "Some orders change by 900 per cent." in leap


def test_it_holds_from_its_moment_on_and_not_before(client: Client, alice: Any, clock: Callable[[float], None]) -> None:
    sent = previewed(client, LARGE, credits="80", holds_from=in_days(1))
    assert client.post(LARGE, sent | {"confirmed": "1"}).status_code == 302
    large = Brief.read("krea-2-large", {"prompt": "a fox"})

    assert lifecycle.price(large).amount == 78_00
    clock(1.1)
    assert lifecycle.price(large).amount == 80_00
    assert client.get("/api/v1/models/krea-2-large").json()["prices"][0]["price"] == "80.00"
    assert "80.00 credits a picture" in client.get("/llms.txt").content.decode()


@pytest.fixture
def clock() -> Callable[[float], None]:
    """`clock(days)`: every price begins so much earlier, as if the days had gone by."""

    def pass_by(days: float) -> None:
        for row in Price.objects.exclude(holds_from=prices.FIRST_MOMENT):
            Price.objects.filter(pk=row.pk).update(holds_from=row.holds_from - timedelta(days=days))

    return pass_by


def test_left_empty_it_begins_two_minutes_later(client: Client) -> None:
    sent = previewed(client, LARGE, credits="80")
    client.post(LARGE, sent | {"confirmed": "1"})

    ahead = Price.objects.get(amount=80_00).holds_from - timezone.now()
    assert timedelta(seconds=90) < ahead < timedelta(seconds=130)


def test_the_audit_log_has_what_was_and_what_will_be(client: Client) -> None:
    client.post(LARGE, previewed(client, LARGE, credits="80", holds_from=in_days(1)) | {"confirmed": "1"})

    act = StaffAct.objects.get()
    assert (act.verb, act.subject, act.why) == ("prices.set", "price:krea-2-large", "fal raised its price")
    assert (act.before["credits"], act.after["credits"], act.after["dollars"]) == ("78.00", "80.00", "$0.06")


def test_pressed_twice_it_is_one_price(client: Client) -> None:
    sent = previewed(client, LARGE, credits="80", holds_from=in_days(1)) | {"confirmed": "1"}

    client.post(LARGE, sent)
    again = client.post(LARGE, sent, follow=True)

    assert "It was saved before" in text_of(again)
    assert rows() == [78_00, 80_00] and StaffAct.objects.count() == 1


def test_of_two_staff_one_is_told(client: Client) -> None:
    colleague = staff_client(make_staff(Role.OWNER, "second@example.com"))
    mine, theirs = (previewed(each, LARGE, credits=new, holds_from=in_days(1)) for each, new in
                    ((client, "80"), (colleague, "90")))  # fmt: skip

    assert client.post(LARGE, mine | {"confirmed": "1"}).status_code == 302
    told = colleague.post(LARGE, theirs | {"confirmed": "1"})

    assert told.status_code == 409 and "Somebody else changed the prices" in text_of(told)
    assert rows() == [78_00, 80_00]


def test_nothing_holds_from_the_past(client: Client) -> None:
    told = client.post(LARGE, typed(client, LARGE, credits="80", holds_from="2026-01-02T10:00"))

    assert told.status_code == 422 and "A price never holds from the past" in text_of(told)
    assert rows() == [78_00]


def test_a_moment_that_passed_while_it_was_read_is_not_moved_silently(client: Client) -> None:
    sent = previewed(client, LARGE, credits="80") | {"holds_from": moments.typed(timezone.now()), "confirmed": "1"}

    told = client.post(LARGE, sent)

    assert told.status_code == 409 and "The moment has passed" in text_of(told)
    assert rows() == [78_00]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("credits", "cheap", "is not an amount of credits"),
        ("credits", "0", "From 0.01 to"),
        ("credits", "1000000", "From 0.01 to"),
        ("dollars", "0.0000001", "with at most six places"),
        ("dollars", "101", "At most $100.00"),
        ("holds_from", "tomorrow", "is not a date and time"),
        ("holds_from", "2099-01-01T00:00", "Within a year"),
        ("why", " ", "Say why"),
    ],
)
def test_what_cannot_be_is_said_by_its_field(client: Client, field: str, value: str, words: str) -> None:
    told = client.post(LARGE, typed(client, LARGE) | {field: value})

    assert told.status_code == 422 and words in text_of(told)
    assert f'href="#{field}"' in told.content.decode() and rows() == [78_00]


def test_what_has_not_begun_can_be_withdrawn_and_leaves_a_trace(client: Client) -> None:
    client.post(LARGE, previewed(client, LARGE, credits="80", holds_from=in_days(1)) | {"confirmed": "1"})
    row = Price.objects.get(amount=80_00)

    done = client.post(f"{LARGE}{row.pk}/withdraw", {"why": "a digit too many"}, follow=True)
    again = client.post(f"{LARGE}{row.pk}/withdraw", {"why": "a digit too many"}, follow=True)

    row.refresh_from_db()
    assert row.withdrawn_at and "It was withdrawn, and never held." in text_of(done)
    assert "It was withdrawn before." in text_of(again)
    assert list(StaffAct.objects.values_list("verb", flat=True).order_by("pk")) == ["prices.set", "prices.withdraw"]
    assert prices.current(["krea-2-large"], at=timezone.now() + timedelta(days=2))["krea-2-large"].amount == 78_00
    assert "withdrawn" in text_of(client.get(LARGE))


def test_the_same_moment_is_free_again_once_it_was_withdrawn(client: Client) -> None:
    moment = in_days(1)
    client.post(LARGE, previewed(client, LARGE, credits="80", holds_from=moment) | {"confirmed": "1"})
    taken = client.post(LARGE, previewed(client, LARGE, credits="81", holds_from=moment) | {"confirmed": "1"})
    client.post(f"{LARGE}{Price.objects.get(amount=80_00).pk}/withdraw", {"why": "wrong"})
    client.post(LARGE, previewed(client, LARGE, credits="81", holds_from=moment) | {"confirmed": "1"})

    assert taken.status_code == 422 and "Another price begins at this very moment" in text_of(taken)
    assert rows() == [78_00, 81_00]


@pytest.mark.parametrize("ahead_s", [None, 3])
def test_what_has_begun_or_is_about_to_is_not_withdrawn(client: Client, ahead_s: float | None) -> None:
    first = Price.objects.get(item="krea-2-large")
    if ahead_s:  # an order of that moment may have it before the withdrawal is committed
        Price.objects.filter(pk=first.pk).update(holds_from=timezone.now() + timedelta(seconds=ahead_s))

    told = client.post(f"{LARGE}{first.pk}/withdraw", {"why": "never mind"}, follow=True)

    assert "It has begun, or does at this moment, so it cannot be withdrawn" in text_of(told)
    first.refresh_from_db()
    assert first.withdrawn_at is None and not StaffAct.objects.exists()


def test_a_quote_that_is_out_keeps_the_lower_price(client: Client, alice: Any, clock: Callable[[float], None]) -> None:
    large = Brief.read("krea-2-large", {"prompt": "a fox"})
    quote = prices.read(prices.sign(large.digest(), lifecycle.price(large).amount, 1))
    client.post(LARGE, previewed(client, LARGE, credits="90", holds_from=in_days(1)) | {"confirmed": "1"})
    clock(2)

    assert lifecycle.submit(alice, large, quote=quote).quoted == 78_00
    assert lifecycle.submit(alice, large).quoted == 90_00


def test_margins_are_reckoned_in_integers() -> None:
    assert repricing.margin(78_00, 60_000) == 18_000
    assert repricing.margin(78_00, 60_000, cents=3_000, credits_of_cents=35_000_00) == 6_857
    assert repricing.margin(50_00, 60_000) == -10_000
    assert [repricing.show_dollars(each) for each in (30_000, -5_500, 1_234_000_000)] == [
        "$0.03",
        "-$0.0055",
        "$1,234.00",
    ]
    assert repricing.read_dollars("0.025") == 25_000


def test_there_is_no_page_of_an_unknown_item(client: Client) -> None:
    assert client.get(f"{PRICES}krea-9/").status_code == 404
