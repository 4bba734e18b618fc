"""Generations and their images from order to ledger row, as a partner reads them."""

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing import ledger
from generations import lifecycle
from generations.brief import Brief
from generations.models import Generation, Image, Status
from generations.pictures import links
from partners import keys
from tests.conftest import wallet_of
from tests.partners.caller import FOX, ROOT, Caller, refusal
from tests.standins.launch import StandIn

Run = Callable[[], Any]
PAIR = FOX | {"quantity": 2}
DECLINED = {"detail": [{"loc": ["body", "prompt"], "msg": "no", "type": "content_policy_violation"}]}


def ids(answer: Any) -> list[str]:
    return [item["id"] for item in answer.json()["items"]]


def test_a_finished_generation_has_its_pictures_and_its_cost(api: Caller, acme: Any, finish_all: Run) -> None:
    made = api.order(PAIR)
    finish_all()

    done = api.get(f"/generations/{made['id']}").json()

    assert (done["status"], done["queue"], done["error"]) == ("succeeded", None, None)
    assert done["cost"] == {"held": "78.00", "charged": "78.00", "refunded": "0.00", "refunds": []}
    assert done["created_at"] <= done["started_at"] <= done["finished_at"]
    for image in done["images"]:
        assert (image["status"], image["content_type"]) == ("stored", "image/png")
        assert image["width"] > 0 and image["height"] > 0 and image["error"] is None
        assert image["url_expires_at"].endswith("Z")
        name, _, query = image["url"].partition("/pictures/")[2].partition("?")
        assert links.check(f"pictures/{name}", query)
        assert api.get(f"/images/{image['id']}").json() == image
    rows = api.get("/ledger").json()["items"]
    assert [(row["kind"], row["amount"], row["balance"], row["generation"]) for row in rows] == [
        ("usage", "-78.00", "922.00", made["id"]),
        ("grant", "1000.00", "1000.00", None),
    ]
    assert api.get("/balance").json() == {"available": "922.00", "held": "0.00", "debt": "0.00"}


def test_the_bytes_of_an_image_are_those_that_its_hash_promises(api: Caller, finish_all: Run) -> None:
    image = api.order()["images"][0]["id"]
    early = api.get(f"/images/{image}/content")
    finish_all()

    told = api.get(f"/images/{image}").json()
    whole = api.get(f"/images/{image}/content")
    small = api.get(f"/images/{image}/content", variant="320")

    assert refusal(early) == (409, "image_not_stored")
    assert (whole.headers["Content-Type"], len(whole.content)) == ("image/png", told["bytes"])
    assert sha256(whole.content).hexdigest() == told["sha256"]
    assert (small.headers["Content-Type"], small.content[8:12]) == ("image/webp", b"WEBP")
    assert refusal(api.get(f"/images/{image}/content", variant="99")) == (422, "invalid_query")


def test_pictures_that_failed_say_why_and_are_given_back(api: Caller, standin: StandIn, finish_all: Run) -> None:
    standin.control(fail={"status": 422, "times": 1, "body": DECLINED})
    made = api.order(PAIR)
    finish_all()

    done = api.get(f"/generations/{made['id']}").json()

    assert done["status"] == "partial"
    assert (done["cost"]["charged"], done["cost"]["refunded"]) == ("39.00", "39.00")
    assert done["error"] == {**done["error"], "code": "content_blocked", "retryable": False}
    blocked = next(image for image in done["images"] if image["status"] == "blocked")
    assert blocked["error"] == done["error"]
    why = {"code": "content_blocked", "message": blocked["error"]["message"]}
    assert done["cost"]["refunds"] == [{"image": blocked["id"], "amount": "39.00", **why}]
    assert (blocked["url"], blocked["sha256"], blocked["width"]) == (None, None, None)
    assert refusal(api.get(f"/images/{blocked['id']}/content")) == (409, "image_not_stored")


def test_what_waits_is_canceled_at_once_and_free(api: Caller, acme: Any) -> None:
    path = f"/generations/{api.order(PAIR)['id']}"

    answer = api.post(f"{path}/cancel")

    assert (answer.status_code, answer.json()["status"]) == (200, "canceled")
    cost = answer.json()["cost"]
    assert (cost["held"], cost["charged"], cost["refunded"]) == ("78.00", "0.00", "78.00")
    assert [(each["image"], each["amount"], each["code"]) for each in cost["refunds"]] == [
        (image["id"], "39.00", "canceled") for image in answer.json()["images"]
    ]
    assert api.post(f"{path}/cancel").json() == answer.json()
    assert wallet_of(acme) == (1000_00, 0)


def test_cancelling_what_is_being_drawn_is_accepted_until_it_is_decided(api: Caller, finish_all: Run) -> None:
    made = api.order()
    Image.objects.update(status=Status.DRAWING)

    answer = api.post(f"/generations/{made['id']}/cancel")

    assert (answer.status_code, answer.json()["status"]) == (202, "running")
    Image.objects.update(status=Status.QUEUED)
    assert api.post(f"/generations/{made['id']}/cancel").status_code == 202


def test_it_is_too_late_to_cancel_what_is_stored(api: Caller, finish_all: Run) -> None:
    made = api.order()
    finish_all()

    assert refusal(api.post(f"/generations/{made['id']}/cancel")) == (409, "too_late")


def test_a_deleted_generation_is_gone_and_its_ledger_row_stays(api: Caller, finish_all: Run) -> None:
    made = api.order()
    finish_all()
    image = made["images"][0]["id"]

    answer = api.delete(f"/generations/{made['id']}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert refusal(api.delete(f"/generations/{made['id']}")) == (404, "not_found")
    assert refusal(api.get(f"/images/{image}")) == (404, "not_found")
    assert refusal(api.get(f"/images/{image}/content")) == (404, "not_found")
    assert api.get("/generations").json()["items"] == []
    assert api.get("/ledger").json()["items"][0]["generation"] == made["id"]


def test_the_list_is_newest_first_in_pages_without_gap_or_repeat(api: Caller) -> None:
    made = [api.order()["id"] for _ in range(5)][::-1]

    pages, cursor = [], None
    while True:
        answer = api.get("/generations", limit=2, **({"cursor": cursor} if cursor else {}))
        pages.append(ids(answer))
        cursor = answer.json()["next"]
        if cursor is None:
            break

    assert pages == [made[:2], made[2:4], made[4:]]


def test_the_list_is_filtered_by_everything_that_one_asks_for(api: Caller, acme: Any, key: Any) -> None:
    other, secret = keys.make(acme, "Other")
    fox = api.order(FOX | {"reference": "one"})["id"]
    cat = Caller(secret).order({"model": "krea-2-large", "input": {"prompt": "A grey Cat"}})["id"]
    page = str(lifecycle.submit(acme, Brief.read("krea-2-medium", {"prompt": "from the studio"})).pk)
    api.post(f"/generations/{fox}/cancel")
    Image.objects.filter(generation=cat).update(status=Status.DRAWING)
    long_ago = timezone.now() - timedelta(days=2)
    Generation.objects.filter(pk=page).update(created_at=long_ago)
    day = f"{timezone.now() - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"

    def found(**query: str) -> list[str]:
        return ids(api.get("/generations", **query))

    assert found() == [page, cat, fox]
    assert (found(status="queued"), found(status="running"), found(status="canceled")) == ([page], [cat], [fox])
    assert found(status="succeeded") == []
    assert found(model="krea-2-large") == [cat]
    assert (found(key=str(other.pk)), found(key=str(key.pk))) == ([cat], [fox])
    assert (found(reference="one"), found(q="grey cat"), found(q="%")) == ([fox], [cat], [])
    assert (found(q="CÁT gre"), found(q="rey"), found(q='"grey cat"'), found(q='"grey ca"'), found(q="!?")) == (
        [cat], [], [cat], [], [],
    )  # fmt: skip
    assert (found(since=day), found(until=day)) == ([cat, fox], [page])
    assert found(since=f"{timezone.now() + timedelta(days=1):%Y-%m-%d}") == []
    assert found(model="krea-2-medium", reference="two") == []


def test_a_page_of_the_list_costs_the_same_queries_however_long(api: Caller, finish_all: Run) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert api.get("/generations").status_code == 200
        return len(asked)

    api.order()
    finish_all()
    queries()  # the limits that somebody set are kept for some seconds
    few = queries()
    for _ in range(6):
        api.order(PAIR)
    finish_all()
    queries()

    assert queries() == few


def test_an_order_asks_the_database_little(api: Caller) -> None:
    asked: list[str] = []

    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    api.order(key="one")  # makes the rows that the next ones find
    with connection.execute_wrapper(note):
        api.order(key="two")

    # Key, bucket, kept answer; that answer, switches, price, wallet, generation, words, job; the numbers of events, the
    # events, whether the account is open, what the key may; hold, wallet, its ceilings; turn, image, the partner's
    # words, its place, the answer.
    own = 24 if settings.IS_POSTGRES else 22  # how long to wait for another call with the key, and as before
    assert len([sql for sql in asked if "SAVEPOINT" not in sql and "limitrow" not in sql]) == own, asked


def test_a_list_of_those_that_wait_looks_at_the_queue_once(api: Caller, stranger: Caller) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            api.get("/generations")
        return len(asked)

    api.order(PAIR)
    few = queries()
    stranger.order(PAIR)
    for _ in range(3):
        api.order(PAIR)

    assert queries() == few
    told = api.get("/generations").json()["items"]
    alone = [api.get(f"/generations/{each['id']}").json()["queue"] for each in told]
    waiting = Image.objects.queued().order_by("turn", "id").values_list("generation", flat=True)
    ahead = [list(waiting).index(UUID(each["id"])) for each in told]
    assert [each["queue"] for each in told] == alone == [{"position": number} for number in ahead]


def test_what_was_made_in_the_studio_is_read_like_any_other(api: Caller, acme: Any) -> None:
    made = lifecycle.submit(acme, Brief.read("krea-2-medium", {"prompt": "from the studio"}))

    told = api.get(f"/generations/{made.pk}").json()

    assert (told["reference"], told["metadata"]) == (None, {})


def test_the_place_in_the_queue_is_the_true_one(api: Caller, stranger: Caller) -> None:
    stranger.order(PAIR)
    mine = api.order()

    assert mine["queue"]["position"] == api.get(f"/generations/{mine['id']}").json()["queue"]["position"]
    ahead = Image.objects.exclude(generation=UUID(mine["id"])).count()
    assert 0 <= mine["queue"]["position"] <= ahead


def test_the_ledger_comes_in_pages(api: Caller, acme: Any) -> None:
    for number in range(3):
        ledger.grant(acme, 1_00, key=f"gift:{number}", memo=f"Gift {number}")

    first = api.get("/ledger", limit=3).json()
    rest = api.get("/ledger", limit=3, cursor=first["next"]).json()

    memos = [row["memo"] for row in [*first["items"], *rest["items"]]]
    assert (memos, rest["next"]) == (["Gift 2", "Gift 1", "Gift 0", "For the play"], None)


def test_an_account_without_a_wallet_has_nothing(bob: Any) -> None:
    poor = Caller(keys.make(bob, "Poor")[1])

    assert poor.get("/balance").json() == {"available": "0.00", "held": "0.00", "debt": "0.00"}
    assert poor.get("/ledger").json() == {"items": [], "next": None}


def test_an_address_without_the_front_is_answered_at_once(api: Caller) -> None:
    answer = api.post("/generations?wait=60", FOX, Prefer="wait=60")

    assert answer.status_code == 202
    assert not [name for name in answer.headers if name.startswith("X-Krea")]
    assert api.client.get(f"{ROOT}/generations/{answer.json()['id']}?wait=5").status_code == 202
