"""The list of generations, the road of each, and its levers, as staff uses them in a browser."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from generations.models import Draw, Generation, Image, Status
from krea_site.models import Retry, Role, StaffAct
from krea_site.picture_filters import Filters, first_id
from partners.models import Order
from tests.conftest import make_user, wallet_of
from tests.krea_site.roads import end, ended, ordered, send
from tests.staff import make_staff, staff_client

pytestmark = pytest.mark.django_db
STORED, FAILED, BLOCKED, CANCELED = Status.STORED, Status.FAILED, Status.BLOCKED, Status.CANCELED
LIST = "/admin/generations/"
EACH = 39_00
PROMPT = "a red fox in the snow"


@pytest.fixture
def support(db: None) -> Client:
    return staff_client(make_staff(Role.SUPPORT))


def listed(client: Client, query: str = "") -> list[str]:
    page = client.get(f"{LIST}?{query}")
    assert page.status_code == 200, page.content
    return [str(each.row.pk) for each in page.context["generations"]]


def say(client: Client, generation: Generation, do: str, *images: int, **fields: str) -> Any:
    chosen = [str(each.pk) for each in generation.images.order_by("index") if each.index in images]
    given = {"do": do, "image": chosen, "why": "Wrong colours", "cost": "house", **fields}
    return client.post(f"{LIST}{generation.pk}/act", given)


# The list


def test_the_newest_comes_first_and_a_page_leads_to_the_next(alice: Any, support: Client) -> None:
    made = [ended(alice, CANCELED) for _ in range(53)][::-1]

    first = support.get(LIST)
    rest = support.get(f"{LIST}?before={first.context['following']}")

    ids = [each.row.pk for page in (first, rest) for each in page.context["generations"]]
    assert ids == [each.pk for each in made]
    assert rest.context["following"] is None


def test_each_filter_finds_its_own(alice: Any, bob: Any, support: Client) -> None:
    good, part, blocked = ended(alice, STORED), ended(alice, STORED, FAILED), ended(alice, BLOCKED)
    waiting, drawing, turbo = ordered(alice), ordered(alice), ended(alice, CANCELED, model="krea-2-turbo-lora")
    send(drawing.images.get())
    Order.objects.create(generation=good, reference="shop-17")
    draw = Draw.objects.get(image__generation=blocked)
    Draw.objects.filter(pk=draw.pk).update(may_be_billed=True, outcome="unknown")
    every = [turbo, drawing, waiting, blocked, part, good]

    for query, found in {
        "status=succeeded": [good], "status=partial": [part], "status=blocked": [blocked], "status=queued": [waiting],
        "status=running": [drawing], "status=open": [drawing, waiting], "image_status=failed": [part],
        "image_status=in_flight": [drawing], "image_status=stored": [part, good], "error=fal_error": [blocked, part],
        "error=fal_error&image_status=failed": [part], "image_model=krea-2-turbo-lora": [turbo],
        "image_model=krea-2-medium&image_status=canceled": [], "door=api": [good], "door=web&status=partial": [part],
        f"user={alice.pk}": every, f"user={bob.pk}": [], "user=alice%40example.com": every,
        "outcome=unknown": [blocked], "billed=1": [blocked],
        "q=shop-17": [good], f"q={draw.request_id}": [blocked], f"q={draw.token}": [blocked],
        f"q={draw.pk}": [blocked], f"q={part.pk}": [part], f"q={part.images.all()[1].pk}": [part],
        "q=alice%40example.com": every, "q=nothing": [], "status=partial&image_status=blocked": [],
    }.items():  # fmt: skip
        assert listed(support, query) == [str(each.pk) for each in found], query


def test_since_and_until_are_about_the_order(alice: Any, support: Client) -> None:
    made = ended(alice, STORED)
    moment = datetime.fromtimestamp((made.pk.int >> 80) / 1000, UTC)

    assert listed(support, f"since={moment:%Y-%m-%d}&until={moment:%Y-%m-%d}") == [str(made.pk)]
    assert listed(support, f"since={moment:%Y-%m-%dT%H:%M:%S.%fZ}") == [str(made.pk)]
    assert listed(support, f"until={moment:%Y-%m-%dT%H:%M:%S.%fZ}") == []
    assert listed(support, f"until={moment + timedelta(days=1):%Y-%m-%d}&since=2026-01-01T00:00+02:00") == [
        str(made.pk)
    ]
    assert first_id(moment) <= made.pk < first_id(moment + timedelta(milliseconds=1))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("status=done", "status is one of queued, running, open"),
        ("image_status=gone", "image_status is one of queued"),
        ("door=back", "door is one of web, api"),
        ("user=x", "user is the number of a customer"),
        ("since=yesterday", "yesterday is no moment; write it as 2026-11-30"),
        ("since=0001-01-01", "0001-01-01 is too far away"),
        ("since=2026-02-02&until=2026-02-01T00:00Z", "until is not after since"),
    ],
)
def test_a_filter_that_cannot_be_read_is_named(query: str, words: str, alice: Any, support: Client) -> None:
    ended(alice, STORED)

    page = support.get(f"{LIST}?{query}")

    assert page.status_code == 422
    assert words in page.content.decode()
    assert not page.context["generations"]
    assert support.get(f"{LIST}?before=x").status_code == 404


def test_what_a_number_counts_is_what_its_link_lists(alice: Any, support: Client) -> None:
    for _ in range(3):
        ended(alice, FAILED, STORED, FAILED)
    filters = Filters.read({"image_status": "failed", "error": "fal_error", "image_model": "krea-2-medium"})

    assert filters.images().count() == 6
    assert len(listed(support, filters.query)) == filters.images().values("generation").distinct().count() == 3


def test_a_list_of_fifty_asks_as_little_as_one_of_one(
    alice: Any, support: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(50):
        ended(alice, CANCELED)
    for query in ("", "image_status=canceled", "status=canceled&door=web"):
        with django_assert_max_num_queries(9):
            support.get(f"{LIST}?{query}")


# The road


def test_the_road_tells_everything_of_every_image(alice: Any, support: Client) -> None:
    generation = ended(alice, STORED, FAILED)
    draw = Draw.objects.get(image__generation=generation, outcome="fal_error")
    Draw.objects.filter(pk=draw.pk).update(
        result={"detail": [{"type": "internal_error", "msg": "The GPU fell over", "loc": "['body']"}]},
        result_status=500, may_be_billed=True,
    )  # fmt: skip

    text = support.get(f"{LIST}{generation.pk}/").content.decode()

    for words in (
        "Of 2 images: 1 stored, 1 failed.", "through the website", draw.request_id, "The GPU fell over",
        "Draw 1: fal answered 200 by webhook", "fal may have billed it", PROMPT, "Show the picture", "39.00", "SHA-256",
    ):  # fmt: skip
        assert words is not None
        assert words in text, words


def test_the_road_asks_no_more_for_ten_images_than_for_one(
    alice: Any, support: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for statuses in ([STORED], [STORED, FAILED] * 5):
        generation = ended(alice, *statuses)
        with django_assert_max_num_queries(24):
            support.get(f"{LIST}{generation.pk}/")


def test_an_answer_that_came_too_late_is_said_to_be_late(alice: Any, support: Client) -> None:
    generation = ended(alice, FAILED)
    Draw.objects.update(outcome="delivered", completed_at=timezone.now() + timedelta(seconds=40), cost_microusd=30_000)

    page = support.get(f"{LIST}{generation.pk}/")

    assert "fal answered 200 by webhook, too late" in page.content.decode()
    assert page.context["road"].cost_microusd == 30_000


def test_the_same_road_is_json_without_prompt_and_secrets(alice: Any, support: Client) -> None:
    generation = ended(alice, STORED, FAILED)
    say(support, generation, "refund", 0)

    answer = support.get(f"{LIST}{generation.pk}/road.json")
    told = answer.json()

    assert (told["id"], told["status"], told["money"]["captured"]) == (str(generation.pk), "partial", "39.00")
    assert told["money"]["returned"] == "39.00"
    assert [each["status"] for each in told["images"]] == ["stored", "failed"]
    assert told["images"][0]["draws"][0]["request_id"] == f"fal-{told['images'][0]['id']}"
    assert [each["verb"] for each in told["acts"]] == ["pictures.refund"]
    assert told["timeline"][0]["what"] == "Ordered: 2 images, Krea 2 Medium"
    token = Draw.objects.filter(image__generation=generation)[0].token
    assert not [each for each in (PROMPT, token, alice.email) if each in answer.content.decode()]


def test_the_shape_of_the_json_is_the_documented_one(alice: Any, support: Client) -> None:
    generation = ended(alice, STORED, FAILED)
    say(support, generation, "refund", 0)
    told = support.get(f"{LIST}{generation.pk}/road.json").json()
    text = Path("docs/steering.md").read_text()

    names = {name for value in told for name in _names(value, told[value])}

    assert sorted(name for name in names if f"`{name}`" not in text) == []


def _names(name: str, value: Any) -> Iterator[str]:
    """Every field of it, at every depth."""
    yield name
    inside = value if isinstance(value, list) else [value]
    for each in inside:
        if isinstance(each, dict):
            for inner, told in each.items():
                yield from _names(inner, told)


def test_finance_sees_the_road_and_neither_prompt_nor_picture_nor_lever(alice: Any) -> None:
    generation = ended(alice, STORED)
    finance = staff_client(make_staff(Role.FINANCE))

    text = finance.get(f"{LIST}{generation.pk}/").content.decode()

    assert "fal&#x27;s cost" in text or "fal's cost" in text
    assert not [words for words in (PROMPT, "Show the picture", "Draw again", "/pictures/") if words in text]
    assert say(finance, generation, "refund", 0).status_code == 403
    assert finance.get("/admin/generations/many/").status_code == 403
    assert not StaffAct.objects.exists()


def test_a_moderator_sees_pictures_and_steers_none(alice: Any) -> None:
    generation = ended(alice, STORED)
    moderator = staff_client(make_staff(Role.MODERATOR))

    text = moderator.get(f"{LIST}{generation.pk}/").content.decode()

    assert PROMPT in text
    assert "Give credits back" not in text
    assert say(moderator, generation, "cancel", 0).status_code == 403


# The levers


def test_a_refund_is_done_once_however_often_it_is_pressed(alice: Any, support: Client) -> None:
    generation = ended(alice, STORED, STORED)

    answers = [say(support, generation, "refund", 0) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [302, 302, 302]
    assert wallet_of(alice) == (1000_00 - EACH, 0)
    act = StaffAct.objects.get()
    assert (act.verb, act.subject, act.why) == ("pictures.refund", f"generation:{generation.pk}", "Wrong colours")
    assert act.after == {"images": 1, "credits": "39.00", "indexes": [0]}
    assert "Nothing was to be done" in support.get(f"{LIST}{generation.pk}/").content.decode()


def test_a_retry_is_linked_both_ways(alice: Any, support: Client) -> None:
    generation = ended(alice, STORED, FAILED)
    Order.objects.create(generation=generation, reference="shop-17", metadata={"of": "acme"}, webhook_url="https://a.b")

    say(support, generation, "retry", 1)
    say(support, generation, "retry", 1)

    again = Retry.objects.get().again
    assert str(again.pk) in support.get(f"{LIST}{generation.pk}/").content.decode()
    assert str(generation.pk) in support.get(f"{LIST}{again.pk}/").content.decode()
    assert StaffAct.objects.get().after["again"] == [str(again.pk)]
    order = Order.objects.get(generation=again)
    assert (order.reference, order.metadata, order.webhook_url) == ("shop-17", {"of": "acme"}, "https://a.b")
    end(again.images.get(), FAILED)
    moved = support.get(f"{LIST}{again.pk}/road.json").json()["money"]["transfers"]
    assert [(each["from"], each["to"], each["amount"]) for each in moved] == [
        ("grants", "wallet", "39.00"),
        ("wallet", "grants", "39.00"),
    ]


def test_cancel_and_ask_are_written_down_and_change_what_they_say(alice: Any, support: Client) -> None:
    generation = ordered(alice, 2)

    say(support, generation, "ask", 0)
    say(support, generation, "cancel", 0)
    say(support, generation, "cancel", 1)

    generation.refresh_from_db()
    assert generation.outcome == "canceled"
    assert [act.verb for act in StaffAct.objects.order_by("pk")] == [
        "pictures.ask", "pictures.cancel", "pictures.cancel",
    ]  # fmt: skip
    assert wallet_of(alice) == (1000_00, 0)


@pytest.mark.parametrize(
    ("do", "images", "fields", "words"),
    [
        ("refund", (), {}, "Tick the images that you mean"),
        ("refund", (0,), {"why": " "}, "Say why"),
        ("refund", (0,), {"why": "asked by eve@example.com"}, "Leave e-mail addresses out"),
        ("retry", (1,), {"cost": "nobody"}, "Say at whose cost"),
        ("paint", (0,), {}, "do is one of refund, retry, cancel, ask"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_done(
    do: str, images: tuple[int, ...], fields: dict[str, str], words: str, alice: Any, support: Client
) -> None:
    generation = ended(alice, STORED, FAILED)

    answer = say(support, generation, do, *images, **fields)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not StaffAct.objects.exists()
    assert wallet_of(alice) == (1000_00 - EACH, 0)


def test_images_of_another_generation_are_not_taken(alice: Any, support: Client) -> None:
    mine, other = ended(alice, STORED), ended(alice, STORED)

    answer = support.post(f"{LIST}{mine.pk}/act", {"do": "refund", "image": other.images.get().pk, "why": "No"})

    assert answer.status_code == 422
    assert not Image.objects.exclude(refunded_at=None).exists()


def test_what_cannot_be_done_says_why(support: Client) -> None:
    poor = make_user("poor@example.com", 2 * EACH)
    generation = ordered(poor, 2)
    first, second = generation.images.order_by("index")
    end(first, STORED)

    answer = say(support, generation, "refund", 0)

    assert answer.status_code == 409
    assert "still under way" in answer.content.decode()
    end(second, FAILED)
    ordered(poor)
    answer = say(support, generation, "retry", 1, cost="customer")
    assert answer.status_code == 409
    assert "are missing" in answer.content.decode()
    assert not StaffAct.objects.exists()


# The tables


def test_the_tables_of_rows_are_found_by_exact_ids_and_show_no_secret(alice: Any, support: Client) -> None:
    generation = ended(alice, STORED)
    draw = Draw.objects.get()
    for name, word in (("generation", generation.pk), ("image", generation.pk), ("draw", draw.request_id)):
        page = support.get(f"/admin/generations/{name}/?q={word}")
        assert page.status_code == 200
        assert len(page.context["cl"].result_list) == 1
        row = {"generation": generation, "image": generation.images.get(), "draw": draw}[name]
        text = support.get(f"/admin/generations/{name}/{row.pk}/change/").content.decode()
        assert not [secret for secret in (PROMPT, draw.token) if secret in text]
    moment = f"{generation.created_at:%Y-%m-%d}"
    for query, count in (
        ("paid=1", 0),
        ("billed=1", 0),
        (f"since={moment}&until={moment}", 1),
        ("since=2999-01-01", 0),
    ):
        page = support.get(f"/admin/generations/draw/?{query}")
        assert page.status_code == 200, query
        assert len(page.context["cl"].result_list) == count, query
    day = f"since={moment}&until={moment}"
    for query, count in (
        ("image_status=stored", 1), ("image_status=failed", 0), ("image_status=in_flight", 0), ("error=lost", 0),
        (f"image_model=krea-2-medium&{day}", 1), ("since=soon", 0), ("image_model=none", 0),
    ):  # fmt: skip
        page = support.get(f"/admin/generations/image/?{query}")
        assert page.status_code == 200, query
        assert len(page.context["cl"].result_list) == count, query
