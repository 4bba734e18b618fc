"""The draft, told as a customer meets it: what was typed is there again, wherever the studio is opened. No script runs
here; what the script sends is sent as it sends it."""

import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from generations import drafts, lifecycle, recent_prompts
from generations.brief import Brief
from generations.models import Draft, Generation, Image
from tests.generations import pages
from tests.generations.pages import GENERATE, HTMX, logged_in, open_form, picture, send

FOX = "a red fox in the snow"  # the prompt of the brief of that name


@pytest.fixture
def browser(alice: Any) -> Client:
    """alice, logged in."""
    return logged_in(alice)


def save(client: Client, fields: dict[str, Any], **typed: str) -> Any:
    """As the script does: the form's fields and marks."""
    return client.post("/studio/draft", fields | typed)


def prompt_of(client: Client) -> str:
    return str(open_form(client)["prompt"])


# Kept ---------------------------------------------------------------------------------------------


def test_what_was_typed_is_there_on_another_device(browser: Client, alice: Any) -> None:
    fields = open_form(browser, "?model=krea-2-large")

    answer = save(browser, fields, prompt="a red fox\r\nin the snow", creativity="high", seed="7", quantity="3")

    assert (answer.status_code, answer.json()) == (200, {"version": 1})
    there = open_form(logged_in(alice))
    told = {name: there[name] for name in ("model", "prompt", "creativity", "seed", "quantity")}
    assert told == {
        "model": "krea-2-large",
        "prompt": "a red fox\r\nin the snow",
        "creativity": "high",
        "seed": "7",
        "quantity": "3",
    }


def test_settings_for_another_image_model_are_carried_in_the_draft(browser: Client) -> None:
    fields = open_form(browser) | {"prompt": "a fox", "creativity": "high", "switch": "flux-krea-dev"}

    page = pages.read(send(browser, fields))
    save(browser, page.fields, guidance_scale="7")

    there = open_form(browser)
    assert (there["model"], there["guidance_scale"], there["creativity"]) == ("flux-krea-dev", "7", "high")
    back = pages.read(send(browser, there | {"switch": "krea-2-medium"}))
    assert back.fields["creativity"] == "high"


@pytest.mark.parametrize(
    "pressed",
    [{"do": "price"}, {"switch": "krea-2-large"}, {"add_row": "image_style_references"}, GENERATE | {"quote": ""}],
    ids=["price", "switch", "add a row", "refused order"],
)
def test_every_button_of_the_form_keeps_the_draft_without_a_script(browser: Client, pressed: dict[str, str]) -> None:
    send(browser, open_form(browser) | {"prompt": "a heron"} | pressed)

    assert prompt_of(browser) == "a heron"
    assert Draft.objects.get().typed["model"] == pressed.get("switch", "krea-2-medium")


def test_draft_stays_after_the_order_with_its_reference_kept(browser: Client) -> None:
    fields = open_form(browser) | {"prompt": "a tea house", "image_style_references.0.file": picture()}
    seen = pages.read(send(browser, fields | GENERATE))
    assert "The price is now 45.50 credits." in seen.text

    assert send(browser, seen.fields | GENERATE).status_code == 302

    there = open_form(browser)
    assert there["prompt"] == "a tea house"
    assert there["image_style_references.0.image_url"] == Generation.objects.get().references[0]


def test_order_that_was_answered_into_the_void_is_one_order(browser: Client) -> None:
    fields = open_form(browser) | {"prompt": "a fox"} | GENERATE
    first = browser.post("/studio/", fields, headers=HTMX)
    shown = pages.read(browser.post("/studio/", fields | {"do": "price"}, headers=HTMX)).fields

    again = browser.post("/studio/", shown | GENERATE, headers=HTMX)

    assert (first.status_code, again.status_code, Generation.objects.count()) == (200, 200, 1)


def test_nobody_sees_the_draft_of_another(browser: Client, mallory: Any) -> None:
    save(browser, open_form(browser), prompt="a secret")

    assert prompt_of(logged_in(mallory)) == ""


def test_draft_for_an_image_model_that_is_gone_opens_with_the_default(browser: Client, alice: Any) -> None:
    Draft.objects.create(user=alice, typed={"model": "krea-0", "prompt": "a fox"}, version=1)

    fields = open_form(browser)

    assert (fields["model"], fields["prompt"]) == ("krea-2-medium", "a fox")


# Refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "field", "told"),
    [
        ({"prompt": "x" * 100_001}, "prompt", "A draft is at most 100 kB of text"),
        ({"Prompt": "x"}, "Prompt", "'Prompt' is no field of the studio"),
        ({"a.b.c.d": "x"}, "a.b.c.d", "is no field of the studio"),
        ({f"seed.{number}": "x" for number in range(401)}, "", "A draft has at most 400 fields"),
    ],
    ids=["too large", "capitals", "too many parts", "too many"],
)
def test_what_cannot_be_kept_is_refused_with_its_reason(
    browser: Client, typed: dict[str, str], field: str, told: str
) -> None:
    fields = open_form(browser)
    save(browser, fields, prompt="kept before")

    answer = save(browser, fields, **typed)

    assert (answer.status_code, answer.json()["field"], told in answer.json()["detail"]) == (422, field, True)
    assert prompt_of(browser) == "kept before"


def test_form_that_cannot_be_kept_says_so_and_is_still_there(browser: Client) -> None:
    page = pages.read(send(browser, open_form(browser) | {"prompt": "x" * 100_001, "do": "price"}))

    assert "This is not saved as your draft. A draft is at most 100 kB of text" in page.text
    assert len(page.fields["prompt"]) == 100_001


def test_characters_that_no_database_keeps_are_left_out(browser: Client) -> None:
    assert save(browser, open_form(browser), prompt="a\0fox").status_code == 200
    assert prompt_of(browser) == "afox"


@pytest.mark.parametrize("page", ["", "short", "x" * 49, "<script>alert()</script>"])
def test_page_without_a_name_of_its_own_saves_nothing(browser: Client, page: str) -> None:
    answer = save(browser, open_form(browser) | {"draft_page": page}, prompt="a fox")

    assert (answer.status_code, Draft.objects.count()) == (422, 0)


# Two devices --------------------------------------------------------------------------------------


def test_page_from_before_a_change_elsewhere_overwrites_nothing_by_itself(browser: Client) -> None:
    phone, desk = open_form(browser), open_form(browser)
    save(browser, desk, prompt="typed at the desk")

    refused = save(browser, phone, prompt="typed on the phone")

    assert (refused.status_code, refused.json()["code"], refused.json()["version"]) == (409, "changed", 1)
    assert "Your draft was changed on another device" in refused.json()["notice"]
    assert prompt_of(browser) == "typed at the desk"


@pytest.mark.parametrize(
    ("do", "left", "aside"),
    [("keep", "on the phone", "at the desk"), ("load", "at the desk", "on the phone")],
)
def test_whichever_is_chosen_the_other_one_can_be_taken_back(browser: Client, do: str, left: str, aside: str) -> None:
    phone, desk = open_form(browser) | {"prompt": "on the phone"}, open_form(browser)
    save(browser, desk, prompt="at the desk")
    told = pages.read(send(browser, phone | {"do": "price"}))
    assert ("What is on this page is not saved" in told.text, told.fields["prompt"]) == (True, "on the phone")

    chosen = pages.read(send(browser, told.fields | {"do": do}))
    twice = pages.read(send(browser, told.fields | {"do": do}))

    assert (chosen.fields["prompt"], twice.fields["prompt"], prompt_of(browser)) == (left, left, left)
    assert f"Another draft is set aside: {aside}" in chosen.text
    swapped = pages.read(send(browser, chosen.fields | {"do": "back"}))
    assert (swapped.fields["prompt"], prompt_of(browser)) == (aside, aside)
    assert f"Another draft is set aside: {left}" in swapped.text


def test_what_was_set_aside_is_forgotten_on_wish(browser: Client, alice: Any) -> None:
    Draft.objects.create(user=alice, typed={"prompt": "one"}, aside={"prompt": "other"}, version=1)
    fields = open_form(browser)

    page = pages.read(send(browser, fields | {"do": "forget"}))

    assert ("set aside" in page.text, page.fields["prompt"]) == (False, "one")
    assert Draft.objects.get().aside == {}


def test_page_goes_on_where_it_left_off_though_the_answer_was_lost(browser: Client) -> None:
    fields = open_form(browser)
    save(browser, fields, prompt="a", draft_turn="1")

    answer = save(browser, fields, prompt="a fox", draft_turn="2")

    assert (answer.status_code, prompt_of(browser)) == (200, "a fox")


def test_saves_of_one_page_may_overtake_each_other(browser: Client) -> None:
    fields = open_form(browser)
    save(browser, fields, prompt="a fox in the snow", draft_turn="2")

    answer = save(browser, fields, prompt="a fox", draft_turn="1")

    assert (answer.status_code, prompt_of(browser)) == (200, "a fox in the snow")


def test_the_same_said_from_two_devices_is_no_conflict(browser: Client) -> None:
    phone, desk = open_form(browser), open_form(browser)
    save(browser, desk, prompt="a fox")

    assert save(browser, phone, prompt="a fox").json() == {"version": 1}


@pytest.mark.django_db(transaction=True)
def test_of_two_pages_that_save_at_once_one_is_told(alice: Any) -> None:
    clients = [logged_in(alice) for _ in range(2)]
    forms = [open_form(client) for client in clients]
    statuses: list[int] = []

    def type_in(number: int) -> None:
        statuses.append(save(clients[number], forms[number], prompt=f"page {number}").status_code)
        connection.close()

    threads = [threading.Thread(target=type_in, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [200, 409]
    assert Draft.objects.get().version == 1


# Settings of a picture ----------------------------------------------------------------------------


def test_settings_of_a_picture_leave_the_draft_alone_until_something_is_typed(
    browser: Client, alice: Any, fox: Brief
) -> None:
    lifecycle.submit(alice, fox)
    save(browser, open_form(browser), prompt="my long draft")

    page = pages.read(browser.get(f"/studio/?from={Image.objects.get().id}"))

    assert (page.fields["prompt"], "Your draft is kept: my long draft" in page.text) == (FOX, True)
    assert prompt_of(browser) == "my long draft"


def test_draft_that_gave_way_to_a_pictures_settings_is_taken_back(browser: Client, alice: Any, fox: Brief) -> None:
    lifecycle.submit(alice, fox)
    save(browser, open_form(browser), prompt="my long draft")
    recalled = open_form(browser, f"?from={Image.objects.get().id}")

    save(browser, recalled, prompt="a red fox at night")
    save(browser, recalled, prompt="a red fox at dawn")
    later = pages.read(browser.get("/studio/"))
    back = pages.read(send(browser, later.fields | {"do": "back"}))

    assert later.fields["prompt"] == "a red fox at dawn"
    assert "Another draft is set aside: my long draft" in later.text
    assert back.fields["prompt"] == "my long draft"
    assert "Another draft is set aside: a red fox at dawn" in back.text


def test_way_back_from_a_pictures_settings_before_anything_was_typed(browser: Client, alice: Any, fox: Brief) -> None:
    lifecycle.submit(alice, fox)
    save(browser, open_form(browser), prompt="my long draft")
    recalled = open_form(browser, f"?from={Image.objects.get().id}")

    back = pages.read(send(browser, recalled | {"do": "back"}))
    again = pages.read(send(browser, recalled | {"do": "back"}))

    assert (back.fields["prompt"], again.fields["prompt"]) == ("my long draft", "my long draft")
    assert f"Another draft is set aside: {FOX}" in back.text


def test_image_model_in_the_address_opens_the_draft_with_it(browser: Client) -> None:
    save(browser, open_form(browser), prompt="a fox")

    fields = open_form(browser, "?model=krea-2-large")

    assert (fields["model"], fields["prompt"], Draft.objects.get().typed["model"]) == (
        "krea-2-large",
        "a fox",
        "krea-2-medium",
    )


# Sessions that end --------------------------------------------------------------------------------


def test_script_learns_who_is_logged_in_with_a_token_for_its_old_page(browser: Client) -> None:
    fields = open_form(browser)
    save(browser, open_form(browser), prompt="elsewhere")

    told = browser.get("/studio/draft", fields).json()

    assert (told["member"], told["version"], len(told["csrf"])) == (fields["member"], 1, 64)
    assert "changed on another device" in told["changed"]
    assert browser.get("/studio/draft", open_form(browser)).json()["changed"] == ""


def test_script_is_told_when_nobody_is_logged_in(browser: Client) -> None:
    fields = open_form(browser)
    browser.logout()

    for answer in (save(browser, fields, prompt="a fox"), browser.get("/studio/draft")):
        assert (answer.status_code, answer.json()["code"]) == (401, "logged_out")
        assert "Log in in a new tab" in answer.json()["notice"]
    assert Draft.objects.count() == 0


def test_form_sent_after_the_session_ended_comes_back_and_can_be_sent_again(browser: Client, alice: Any) -> None:
    fields = open_form(browser) | {"prompt": "a long and careful prompt", "quantity": "2"} | GENERATE
    browser.logout()

    refused = send(browser, fields)

    assert (refused.status_code, Generation.objects.count()) == (401, 0)
    kept = pages.read(refused)
    assert "You have been logged out" in kept.text
    assert "a long and careful prompt" in kept.text
    browser.force_login(alice)
    again = pages.read(send(browser, carried_in(refused) | {"do": "price"}))
    assert (again.fields["prompt"], again.fields["quantity"]) == ("a long and careful prompt", "2")
    assert send(browser, again.fields | GENERATE).status_code == 302


def test_form_from_before_a_log_in_comes_back_with_a_token_that_is_good(alice: Any) -> None:
    client = Client(enforce_csrf_checks=True, headers={"Accept": "text/html"})
    client.force_login(alice)
    fields = open_form(client) | {"prompt": "typed before", "do": "generate"}
    client.cookies["csrftoken"] = "x" * 32  # as a log-in in another tab leaves it

    refused = send(client, fields)

    assert (refused.status_code, "Please send it once more" in pages.read(refused).text) == (403, True)
    again = send(client, carried_in(refused) | {"do": "price"})
    assert (again.status_code, pages.read(again).fields["prompt"]) == (200, "typed before")


def carried_in(response: Any) -> dict[str, str]:
    """The hidden fields of the page that sends it again, with its token."""
    return pages.read(response, form_id="send-again").fields


@pytest.mark.parametrize("do", ["generate", "price", "keep"])
def test_page_of_one_account_is_not_sent_by_another(browser: Client, alice: Any, mallory: Any, do: str) -> None:
    fields = open_form(browser) | {"prompt": "alice's own"}
    browser.force_login(mallory)

    whole = send(browser, fields | {"do": do})
    part = browser.post("/studio/", fields | {"do": do}, headers=HTMX)
    by_script = save(browser, fields)

    assert (whole.status_code, part.status_code, by_script.status_code) == (409, 409, 409)
    assert "That page is of another account" in pages.read(whole).text
    assert part.headers["HX-Redirect"] == "/studio/"
    assert by_script.json()["code"] == "another_account"
    assert (Generation.objects.count(), Draft.objects.count()) == (0, 0)


# The prompts of before ----------------------------------------------------------------------------


def ordered(user: Any, *prompts: str) -> list[Generation]:
    return [lifecycle.submit(user, Brief.read("krea-2-medium", {"prompt": prompt})) for prompt in prompts]


def listed(client: Client) -> list[str]:
    return [each.text for each in client.get("/studio/prompts", headers=HTMX).context["prompts"]]


def test_recent_prompts_are_each_there_once_the_newest_first(browser: Client, alice: Any, mallory: Any) -> None:
    ordered(alice, "a fox", "a heron", "a fox")
    ordered(mallory, "a secret")

    assert listed(browser) == ["a fox", "a heron"]


def test_prompts_of_what_was_deleted_binned_or_erased_are_gone(browser: Client, alice: Any) -> None:
    deleted, binned, erased, _ = ordered(alice, "deleted", "binned", "erased", "kept")
    lifecycle.delete(deleted)
    Image.objects.filter(generation=binned).update(binned_at=binned.created_at)
    Image.objects.filter(generation=erased).update(erased_at=erased.created_at)
    Generation.objects.filter(pk=erased.pk).update(input={})

    assert listed(browser) == ["kept"]
    assert pages.read(browser.get("/studio/prompts")).buttons == []
    assert browser.post("/studio/prompts", {"use": deleted.pk}).status_code == 404


@pytest.mark.unaudited  # generations from nothing
def test_fifty_prompts_are_found_in_one_query(browser: Client, alice: Any, django_assert_num_queries: Any) -> None:
    rows = [
        Generation(
            user=alice, image_model="krea-2-medium", quantity=1, image_price=0, unfinished=0, outcome="failed",
            finished_at=timezone.now(), input={"prompt": f"prompt {number % 60}"},
        )
        for number in range(140)
    ]  # fmt: skip
    Generation.objects.bulk_create(rows)
    Image.objects.bulk_create(
        Image(generation=row, user=alice, image_model=row.image_model, index=0, seed=1, price=0, status="failed")
        for row in rows
    )

    with django_assert_num_queries(1):
        found = [each.text for each in recent_prompts.of(alice)]

    assert found == [f"prompt {number % 60}" for number in range(139, 89, -1)]
    if connection.vendor == "sqlite":
        plan = recent_prompts.rows_of(alice)[:150].explain()
        assert ("generation_recent" in plan, "SCAN" in plan, "TEMP B-TREE" in plan) == (True, False, False)


def test_recent_prompt_is_used_without_a_script_and_the_draft_set_aside(browser: Client, alice: Any) -> None:
    (fox,) = ordered(alice, "a fox")
    sent = send(browser, open_form(browser) | {"prompt": "half a thought", "creativity": "raw", "do": "prompts"})
    assert sent.headers["Location"] == "/studio/prompts"
    page = pages.read(browser.get("/studio/prompts"), form_id="prompts")
    assert "a fox" in page.text

    browser.post("/studio/prompts", {"use": str(fox.pk)})

    there = pages.read(browser.get("/studio/"))
    assert (there.fields["prompt"], there.fields["creativity"]) == ("a fox", "raw")
    assert "Another draft is set aside: half a thought" in there.text


@pytest.mark.parametrize("use", ["", "x", "01234567-89ab-7def-8123-456789abcdef"])
def test_prompt_that_is_not_there_is_not_found(browser: Client, use: str) -> None:
    assert browser.post("/studio/prompts", {"use": use}).status_code == 404


def test_prompts_of_others_are_not_there(browser: Client, mallory: Any) -> None:
    (secret,) = ordered(mallory, "a secret")

    assert browser.post("/studio/prompts", {"use": secret.pk}).status_code == 404
    assert drafts.of(mallory).typed == {}
