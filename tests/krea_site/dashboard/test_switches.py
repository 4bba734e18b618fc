"""Switches in the hands of staff: image models, sending to fal, taking orders; seen through every door of customers."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from generations import dispatch, lifecycle, pauses, sends, sweep, switches
from generations.brief import Brief
from generations.models import Draw, Generation, Image, Pause, Status, Switch
from krea_site.models import Role, StaffAct
from partners import keys
from partners.dialects import seen
from partners.dialects.oxen import wire as oxen_wire
from tests.conftest import status_of, wallet_of
from tests.generations import pages
from tests.partners.caller import Caller
from tests.staff import make_staff, staff_client
from tests.standins.launch import StandIn

pytestmark = pytest.mark.django_db
MEDIUM = "/admin/models/krea-2-medium/"
SENDING, ORDERS = "/admin/switches/sending/", "/admin/switches/orders/"
WHY = {"why": "fal draws black pictures"}
NOTICE = "Krea 2 Medium rests until Monday."
Run = Callable[[], Any]


@pytest.fixture
def desk(db: None) -> Client:
    """The owner's."""
    return staff_client(make_staff(Role.OWNER))


@pytest.fixture
def browser(alice: Any, client: Client) -> Client:
    """Alice's."""
    client.force_login(alice)
    return client


def text_of(response: Any) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def hidden(response: Any) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', response.content.decode())
    return {name: unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


def preview(desk: Client, address: str, **typed: str) -> Any:
    seen = hidden(desk.get(address))["seen"]
    return desk.post(address, {"seen": seen, "notice": "", **WHY, **typed})


def turn(desk: Client, address: str, **typed: str) -> Any:
    return desk.post(address, hidden(preview(desk, address, **typed)) | {"confirmed": "1"}, follow=True)


def order(browser: Client, prompt: str = "a fox") -> Any:
    """Open the form, type, let the price be shown, press Generate."""
    page = pages.read(pages.send(browser, pages.open_form(browser) | {"prompt": prompt, "do": "price"}))
    return pages.send(browser, page.fields | pages.GENERATE)


def fox(quantity: int = 1, model: str = "krea-2-medium") -> Brief:
    return Brief.read(model, {"prompt": "a red fox"}, quantity)


# An image model


def test_what_it_changes_is_shown_before_it_is_done(desk: Client, alice: Any) -> None:
    lifecycle.submit(alice, fox(3))

    text = text_of(preview(desk, MEDIUM, state="off", notice=NOTICE, waits="give_back"))

    assert "New orders, quotes and dry runs of Krea 2 Medium are refused at once" in text
    assert f"Customers read: {NOTICE}" in text
    assert "3 images of 1 customer that wait are cancelled, and the 117.00 credits set aside for them go back." in text
    assert not Switch.objects.exists() and not StaffAct.objects.exists()


def test_it_is_off_in_the_studio_at_once_and_on_again_later(desk: Client, browser: Client, alice: Any) -> None:
    assert "Krea 2 Medium is off now" in text_of(turn(desk, MEDIUM, state="off", notice=NOTICE))

    assert NOTICE in text_of(browser.get("/studio/"))
    refused = order(browser)
    assert refused.status_code == 409 and f"{NOTICE} Nothing was charged." in text_of(refused)
    assert not Generation.objects.exists() and wallet_of(alice) == (1000_00, 0)
    for page in ("/models/", "/models/krea-2-medium/", "/llms.txt", "/models/krea-2-medium/llms.txt", "/"):
        assert NOTICE in text_of(browser.get(page)), page
    turn(desk, MEDIUM, state="on")

    assert order(browser).status_code == 302 and Generation.objects.count() == 1
    assert NOTICE not in text_of(browser.get("/models/krea-2-medium/"))


def test_a_form_that_was_open_before_is_refused_as_well(desk: Client, browser: Client) -> None:
    shown = pages.open_form(browser) | {"prompt": "a fox"} | pages.GENERATE
    turn(desk, MEDIUM, state="off", notice=NOTICE)

    assert NOTICE in text_of(pages.send(browser, shown)) and not Generation.objects.exists()


def test_other_image_models_go_on(desk: Client, alice: Any) -> None:
    turn(desk, MEDIUM, state="off")

    assert lifecycle.submit(alice, fox(model="krea-2-large")).quantity == 1
    with pytest.raises(switches.ModelIsOff, match="Krea 2 Medium is switched off at the moment"):
        lifecycle.submit(alice, fox())


@pytest.fixture
def secret(alice: Any) -> str:
    """Of a key that may do everything."""
    return keys.make(alice, "Shop")[1]


@pytest.fixture
def api(secret: str) -> Caller:
    return Caller(secret)


def test_the_api_refuses_quotes_dry_runs_and_orders_with_a_code(desk: Client, api: Caller) -> None:
    body = {"model": "krea-2-medium", "input": {"prompt": "a fox"}}
    quote = api.post("/quotes", body).json()["quote"]
    turn(desk, MEDIUM, state="off", notice=NOTICE)

    for path, sent in (
        ("/quotes", body),
        ("/generations?dry_run=true", body),
        ("/generations", body | {"quote": quote}),
    ):
        answer = api.post(path, sent)
        told = (answer.status_code, answer.json()["code"], answer.json()["detail"])
        assert told == (409, "model_unavailable", NOTICE), path
    listed = {each["id"]: each for each in api.get("/models").json()["items"]}
    assert (listed["krea-2-medium"]["available"], listed["krea-2-medium"]["notice"]) == (False, NOTICE)
    assert (listed["krea-2-large"]["available"], listed["krea-2-large"]["notice"]) == (True, None)


def test_a_repeated_order_is_still_the_order_it_was(desk: Client, api: Caller) -> None:
    body = {"model": "krea-2-medium", "input": {"prompt": "a fox"}}
    first = api.post("/generations", body, key="mine-1")
    turn(desk, MEDIUM, state="off", notice=NOTICE)

    again = api.post("/generations", body, key="mine-1")
    assert (first.status_code, again.status_code) == (202, 202) and again.json()["id"] == first.json()["id"]


@pytest.mark.parametrize("address", [MEDIUM, ORDERS])
def test_each_dialect_refuses_in_its_own_words(desk: Client, secret: str, address: str) -> None:
    turn(desk, address, state="off", notice=NOTICE)
    is_model, http = address == MEDIUM, Client()
    civitai = {"engine": "fal", "model": "krea2", "operation": "createImage", "size": "medium", "prompt": "a fox"}
    workflow = {"steps": [{"$type": "imageGen", "input": civitai}]}

    def post(path: str, body: Any, scheme: str = "Bearer") -> Any:
        return http.post(path, body, content_type="application/json", headers={"Authorization": f"{scheme} {secret}"})

    fal = post("/fal/queue/krea/v2/medium/text-to-image", {"prompt": "a fox"}, "Key")
    assert (fal.status_code, fal.json()["detail"]) == (403 if is_model else 503, NOTICE)
    for path in ("/v2/consumer/workflows", "/v2/consumer/workflows?whatif=true"):
        civil = post(path, workflow)
        assert (civil.status_code, civil.json()["detail"]) == (409 if is_model else 503, NOTICE)
    recipe = post("/v2/consumer/recipes/imageGen", civitai)
    assert recipe.status_code == (409 if is_model else 503)
    for path in ("/api/ai/queue", "/api/ai/images/generate"):
        oxen = post(path, {"model": "krea-v2-medium-text-to-image", "prompt": "a fox"})
        assert (oxen.status_code, oxen.json()["error"]["detail"]) == (409 if is_model else 503, NOTICE)
        assert oxen.json()["error"]["type"] == ("model_unavailable" if is_model else "orders_closed")
    if not is_model:
        assert {each["Retry-After"] for each in (fal, civil, recipe, oxen)} == {"60"}
    assert not Generation.objects.exists()


def test_what_waits_may_go_on(desk: Client, alice: Any, finish_all: Run) -> None:
    generation = lifecycle.submit(alice, fox(2))
    turn(desk, MEDIUM, state="off", waits="go_on")

    finish_all()

    assert status_of(generation) == "succeeded" and wallet_of(alice) == (1000_00 - 78_00, 0)


def test_what_waits_may_be_given_back_with_its_credits_and_the_reason(
    desk: Client, browser: Client, api: Caller, secret: str, alice: Any
) -> None:
    generation, other = lifecycle.submit(alice, fox(3)), lifecycle.submit(alice, fox(model="krea-2-large"))
    turn(desk, MEDIUM, state="off", notice=NOTICE, waits="give_back")

    assert dispatch.run() == 1  # of the other image model alone, before anything was given back
    sweep.run()

    assert status_of(generation) == "canceled" and wallet_of(alice) == (1000_00, 78_00)
    assert status_of(other) == "running"
    assert f"{NOTICE} You were not charged." in text_of(browser.get(f"/studio/generations/{generation.pk}/"))
    told = api.get(f"/generations/{generation.pk}").json()
    assert (told["status"], told["error"]["code"], told["cost"]["refunded"]) == ("canceled", "given_back", "117.00")
    oxen = Client().get(f"/api/ai/queue/{generation.pk}", headers={"Authorization": f"Bearer {secret}"}).json()
    assert (oxen["status"], oxen["error_message"]) == ("cancelled", f"{NOTICE} You were not charged.")
    (seen_by_oxen,) = seen.seen(seen.readable(alice.pk).filter(pk=generation.pk))
    status, body = oxen_wire.failure(seen_by_oxen)
    assert (status, body["error"]["type"]) == (400, "given_back")


def test_what_comes_back_into_the_queue_later_is_given_back_too(desk: Client, alice: Any) -> None:
    generation = lifecycle.submit(alice, fox())
    dispatch.run()
    turn(desk, MEDIUM, state="off", waits="give_back")
    draw = Draw.objects.select_related("image__generation").get()
    sweep.withheld()
    assert status_of(generation) == "running"

    Image.objects.get().step(Status.QUEUED, draw=draw)  # as fal's 503 does it
    sweep.withheld()

    assert status_of(generation) == "canceled" and wallet_of(alice) == (1000_00, 0)


def test_giving_back_goes_on_where_it_was_killed(desk: Client, alice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    generations = [lifecycle.submit(alice, fox(2)) for _ in range(3)]
    turn(desk, MEDIUM, state="off", waits="give_back")
    monkeypatch.setattr(sweep, "GIVING_BACK_LASTS_S", 0.0)  # each round is over after its first image

    for left in (5, 4, 3):
        sweep.withheld()
        assert Image.objects.queued().count() == left
    monkeypatch.undo()
    sweep.withheld()

    assert [status_of(each) for each in generations] == ["canceled"] * 3 and wallet_of(alice) == (1000_00, 0)


def test_switched_on_again_before_all_was_given_back_the_rest_is_drawn(
    desk: Client, alice: Any, monkeypatch: pytest.MonkeyPatch, finish_all: Run
) -> None:
    generation = lifecycle.submit(alice, fox(2))
    turn(desk, MEDIUM, state="off", waits="give_back")
    monkeypatch.setattr(sweep, "GIVING_BACK_LASTS_S", 0.0)
    sweep.withheld()
    turn(desk, MEDIUM, state="on")

    finish_all()

    assert status_of(generation) == "partial" and wallet_of(alice) == (1000_00 - 39_00, 0)


# The hands of staff


def test_each_act_is_in_the_audit_log_once(desk: Client) -> None:
    sent = hidden(preview(desk, MEDIUM, state="off", notice=NOTICE)) | {"confirmed": "1"}

    desk.post(MEDIUM, sent)
    again = desk.post(MEDIUM, sent, follow=True)
    turn(desk, MEDIUM, state="on")

    assert "Krea 2 Medium is off already." in text_of(again)
    told = [
        (act.verb, act.subject, act.before["off"], act.after["off"], act.why) for act in StaffAct.objects.order_by("pk")
    ]
    assert told == [
        ("switches.off", "switch:krea-2-medium", False, True, WHY["why"]),
        ("switches.on", "switch:krea-2-medium", True, False, WHY["why"]),
    ]


def test_of_two_staff_at_once_one_is_told(desk: Client) -> None:
    colleague = staff_client(make_staff(Role.OWNER, "second@example.com"))
    mine = hidden(preview(desk, MEDIUM, state="off", notice="Mine."))
    theirs = hidden(preview(colleague, MEDIUM, state="off", notice="Theirs."))

    assert desk.post(MEDIUM, mine | {"confirmed": "1"}).status_code == 302
    told = colleague.post(MEDIUM, theirs | {"confirmed": "1"})

    assert told.status_code == 409 and "Somebody else switched it meanwhile" in text_of(told)
    assert Switch.objects.get().notice == "Mine." and StaffAct.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("state", "perhaps", "Choose on or off"),
        ("waits", "burn", "let it go on, or give it back"),
        ("notice", "x" * 301, "At most 300 characters"),
        ("why", "", "Say why"),
        ("seen", "x", "This form is not complete"),
    ],
)
def test_what_cannot_be_is_said_by_its_field(desk: Client, field: str, value: str, words: str) -> None:
    told = desk.post(MEDIUM, {"state": "off", "seen": "0", **WHY, field: value, "confirmed": "1"})

    assert told.status_code == 422 and words in text_of(told) and not Switch.objects.exists()


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.FINANCE, Role.MODERATOR])
@pytest.mark.parametrize(
    "address", ["/admin/models/", MEDIUM, "/admin/switches/", SENDING, "/admin/switches/notices/new"]
)
def test_it_is_the_owners_alone(role: Role, address: str) -> None:
    client = staff_client(make_staff(role))

    assert client.get(address).status_code == 403
    assert client.post(address, {"state": "off", "seen": "0", "confirmed": "1", **WHY}).status_code in (403, 405)
    assert not Switch.objects.exists()


@pytest.mark.parametrize("address", ["/admin/models/krea-9/", "/admin/switches/gravity/", "/admin/switches/notices/7/"])
def test_there_is_no_page_of_what_is_not_there(desk: Client, address: str) -> None:
    assert desk.get(address).status_code == 404


# Sending to fal


def test_while_sending_is_off_orders_wait_and_go_on_in_fair_order(
    desk: Client, browser: Client, alice: Any, mallory: Any, standin: StandIn, finish_all: Run
) -> None:
    turn(desk, SENDING, state="off")
    mine, theirs = lifecycle.submit(alice, fox(3)), lifecycle.submit(mallory, fox())

    assert dispatch.run() == 0 and not Draw.objects.exists()
    assert order(browser).status_code == 302
    text = text_of(browser.get("/studio/"))
    assert "Drawing is paused for a while." in text and "Waiting: drawing is paused for a while." in text
    status = text_of(Client().get("/status/"))
    assert "Drawing paused We have paused drawing." in status
    turn(desk, SENDING, state="on")
    assert "Drawing is paused" not in text_of(browser.get("/studio/"))
    turns = list(Image.objects.queued().in_turn().values_list("user", flat=True))
    assert turns == [alice.pk, alice.pk, mallory.pk, alice.pk, alice.pk]  # not behind all of the other's

    finish_all()
    assert [status_of(each) for each in (mine, theirs)] == ["succeeded"] * 2


def test_what_is_at_fal_is_followed_to_its_end(
    desk: Client, alice: Any, standin: StandIn, drain: Run, look: Run
) -> None:
    generation = lifecycle.submit(alice, fox())
    drain()
    assert Image.objects.get().status == Status.DRAWING
    turn(desk, SENDING, state="off")

    for _ in range(50):
        look()
        drain()
        if status_of(generation) == "succeeded":
            break

    assert status_of(generation) == "succeeded" and wallet_of(alice) == (1000_00 - 39_00, 0)


def test_what_was_taken_and_not_sent_goes_back_to_its_place(
    desk: Client, alice: Any, standin: StandIn, drain: Run
) -> None:
    generation = lifecycle.submit(alice, fox())
    before = Image.objects.get().turn
    dispatch.run()
    draw = Draw.objects.select_related("image__generation").get()
    turn(desk, SENDING, state="off")

    sends.send(draw)
    sends.send(draw)

    image = Image.objects.get()
    draw.refresh_from_db()
    assert (image.status, image.turn, image.deadline_at) == (Status.QUEUED, before, None)
    assert (draw.outcome, draw.sent_at, standin.log(on="submit")) == ("not_sent", None, [])
    turn(desk, SENDING, state="on")
    drain()
    assert status_of(generation) == "running" and len(standin.log(on="submit")) == 1


def test_a_pause_counts_towards_nobodys_24_hours(desk: Client, alice: Any) -> None:
    generation = lifecycle.submit(alice, fox())
    now = timezone.now()
    Generation.objects.update(created_at=now - timedelta(hours=30))
    Pause.objects.create(since=now - timedelta(hours=10), until=now - timedelta(hours=3))

    sweep.run()
    assert status_of(generation) == "queued"  # 23 hours of waiting, and seven of a pause

    Generation.objects.update(created_at=now - timedelta(hours=31, minutes=1))
    sweep.run()
    assert status_of(generation) == "failed" and wallet_of(alice) == (1000_00, 0)


def test_walking_back_over_pauses() -> None:
    now, hour = timezone.now(), timedelta(hours=1)
    Pause.objects.create(since=now - 10 * hour, until=now - 7 * hour)
    Pause.objects.create(since=now - 2 * hour)

    assert now - pauses.before(now, 1 * hour) == 3 * hour
    assert now - pauses.before(now, 5 * hour) == 7 * hour
    assert now - pauses.before(now, 5.5 * hour) == 10.5 * hour
    assert now - pauses.before(now, 6 * hour) == 11 * hour


def test_what_was_tried_before_the_pause_keeps_the_time_it_had(desk: Client, alice: Any) -> None:
    generation, now = lifecycle.submit(alice, fox()), timezone.now()
    Image.objects.update(deadline_at=now + timedelta(seconds=60), draws_made=1)
    turn(desk, SENDING, state="off")
    Pause.objects.update(since=now - timedelta(hours=2))
    Image.objects.update(deadline_at=now - timedelta(hours=2) + timedelta(seconds=60))

    sweep.run()
    assert status_of(generation) == "queued"
    turn(desk, SENDING, state="on")
    sweep.run()

    deadline = Image.objects.get().deadline_at
    assert deadline is not None
    left = deadline - timezone.now()
    assert status_of(generation) == "queued" and timedelta(seconds=50) < left < timedelta(seconds=75)


def test_cancelling_stays_free_and_readyz_stays_as_it_is(desk: Client, browser: Client, alice: Any) -> None:
    before = browser.get("/readyz").json()["fal"]
    turn(desk, SENDING, state="off")
    generation = lifecycle.submit(alice, fox())

    browser.post(f"/studio/generations/{generation.pk}/cancel")

    assert status_of(generation) == "canceled" and wallet_of(alice) == (1000_00, 0)
    assert browser.get("/readyz").json()["fal"] == before


# Taking orders


def test_no_new_orders_and_the_old_ones_go_on(
    desk: Client, browser: Client, api: Caller, alice: Any, finish_all: Run
) -> None:
    generation = lifecycle.submit(alice, fox())
    turn(desk, ORDERS, state="off")

    refused = order(browser)
    answer = api.post("/generations", {"model": "krea-2-medium", "input": {"prompt": "a fox"}})
    assert refused.status_code == 409 and "No new orders are taken at the moment." in text_of(refused)
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "orders_closed", "60")
    finish_all()
    assert status_of(generation) == "succeeded" and Generation.objects.count() == 1


# The notice


def test_a_notice_is_on_every_page_until_it_is_over(desk: Client, browser: Client) -> None:
    ends = (timezone.now() + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")
    sent = {"text": "We move house tonight.", "starts_at": "", "ends_at": ends, "why": "new machines"}
    shown = desk.post("/admin/switches/notices/new", sent)
    assert "We move house tonight." in text_of(shown) and "We move house" not in text_of(browser.get("/"))
    fixed = hidden(shown) | {"confirmed": "1"}

    desk.post("/admin/switches/notices/new", fixed)
    again = desk.post("/admin/switches/notices/new", fixed, follow=True)

    assert "It is there already." in text_of(again)
    for page in ("/", "/status/", "/studio/", "/billing/", "/models/"):
        assert "We move house tonight." in text_of(browser.get(page)), page
    assert browser.get("/api/v1/models").json()["maintenance"]["text"] == "We move house tonight."
    act = StaffAct.objects.get()
    assert (act.verb, act.after["text"], act.why) == ("notice.show", "We move house tonight.", "new machines")
    taken = desk.post(
        f"/admin/switches/notices/{act.subject.removeprefix('notice:')}/", {"why": "done early"}, follow=True
    )
    assert "The notice is not shown any more." in text_of(taken)
    assert "We move house" not in text_of(browser.get("/"))
    assert browser.get("/api/v1/models").json()["maintenance"] is None


def test_a_notice_that_is_to_come_is_not_shown_yet(desk: Client, browser: Client) -> None:
    now = timezone.now()
    switches.announce("Tomorrow.", starts_at=now + timedelta(days=1), ends_at=now + timedelta(days=2))

    assert "Tomorrow." not in text_of(browser.get("/")) and "to come" in text_of(desk.get("/admin/switches/"))
    assert switches.now().announcement() is None


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("text", " ", "From 1 to 500 characters"),
        ("ends_at", "", "It needs an end"),
        ("ends_at", "2020-01-01T00:00", "It needs an end"),
        ("ends_at", "2099-01-01T00:00", "Within a year"),
        ("starts_at", "soon", "is not a date and time"),
        ("why", "", "Say why"),
    ],
)
def test_a_notice_that_cannot_be_is_refused_by_its_field(desk: Client, field: str, value: str, words: str) -> None:
    ends = (timezone.now() + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")
    told = desk.post(
        "/admin/switches/notices/new", {"text": "x", "ends_at": ends, "confirmed": "1", **WHY, field: value}
    )

    assert told.status_code == 422 and words in text_of(told) and not StaffAct.objects.exists()


def test_a_process_knows_within_seconds_what_another_switched(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    Switch.objects.create(name="krea-2-medium", off_at=timezone.now(), notice=NOTICE, version=1)
    assert NOTICE not in text_of(browser.get("/models/krea-2-medium/"))

    monkeypatch.setattr(switches, "KEPT_S", 0.0)  # the seconds are over

    assert NOTICE in text_of(browser.get("/models/krea-2-medium/"))
