"""Sharing: a picture is private until its owner makes a link; who has the link sees that picture and no more."""

import asyncio
import json
import re
from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from asgiref.sync import async_to_sync
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone

from accounts.models import User
from generations import erasure, lifecycle, share_door, shares
from generations.brief import Brief
from generations.models import Generation, Image, Share
from generations.pictures import links
from krea_site import export_contents, reports, schedule
from krea_site.models import Reason
from tests.generations import pages
from tests.generations.pages import logged_in
from tests.krea_site.belongings import drawn
from tests.object_storage import PLACES

pytestmark = pytest.mark.django_db
PROMPT = "a fox that nobody else may read about"
BOTH = {"shows_prompt": "on", "shows_settings": "on"}


@pytest.fixture
def browser(alice: Any) -> Client:
    """alice, logged in."""
    return logged_in(alice)


@pytest.fixture
def image(alice: Any) -> Image:
    """One of three pictures of alice's."""
    return drawn(alice, 21, 22, 23, prompt=PROMPT).images.get(index=1)


@pytest.fixture
def nobody() -> Client:
    return Client()


def make(browser: Client, image: Image, lifetime: str = "7", **asked: str) -> Share:
    """As the form on the picture's page does it."""
    before = set(Share.objects.values_list("pk", flat=True))
    answer = browser.post(f"/images/{image.pk}/share", {"lifetime": lifetime, **asked})
    share = Share.objects.exclude(pk__in=before).get()
    assert answer.headers["Location"] == f"/images/{image.pk}/#share-{share.pk}"
    return share


def of(browser: Client, path: str) -> pages.Page:
    return pages.read(browser.get(path))


def fetch(share: Share, method: str = "GET", path: str = "", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """What a service that makes a preview gets: status, headers, body."""
    sent: list[MutableMapping[str, Any]] = []
    scope = {
        "type": "http", "method": method, "path": path or f"/s/{share.token}/picture",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip

    async def receive() -> MutableMapping[str, Any]:
        return await asyncio.Future()

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async_to_sync(share_door.serve)(scope, receive, send)
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], answered, b"".join(each["body"] for each in sent[1:])


def meta(answer: Any) -> dict[str, str]:
    """The page's cards, by property or name."""
    found = re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)"', answer.content.decode())
    return dict(found)


# Making -------------------------------------------------------------------------------------------


def test_a_picture_is_private_until_its_owner_makes_a_link(browser: Client, image: Image, nobody: Client) -> None:
    assert "Private: only you see this picture" in of(browser, f"/images/{image.pk}/").text
    assert nobody.get(f"/images/{image.pk}/").headers["Location"].startswith("/accounts/login/")

    share = make(browser, image)

    page = of(browser, f"/images/{image.pk}/")
    assert page.by_id[f"share-address-{share.pk}"]["value"] == f"{django_settings.PUBLIC_URL}/s/{share.token}/"
    assert "Private: only you" not in page.text
    assert nobody.get(share.get_absolute_url()).status_code == 200
    assert len(share.token) == 24 and (share.shows_prompt, share.shows_settings) == (False, False)


@pytest.mark.parametrize(("lifetime", "days"), [("1", 1), ("7", 7), ("30", 30)])
def test_a_link_ends_when_its_owner_said(
    browser: Client, image: Image, nobody: Client, lifetime: str, days: int
) -> None:
    share = make(browser, image, lifetime)

    with time_machine.travel(share.created_at + timedelta(days=days, seconds=-1)):
        assert nobody.get(share.get_absolute_url()).status_code == 200
    with time_machine.travel(share.created_at + timedelta(days=days)):
        assert nobody.get(share.get_absolute_url()).status_code == 404
        assert "Ended" in of(logged_in(User.objects.get(pk=share.user_id)), "/history/shares/").text


def test_a_link_without_an_end_lives_for_years(browser: Client, image: Image, nobody: Client) -> None:
    share = make(browser, image, "never")

    with time_machine.travel(timezone.now() + timedelta(days=3000)):
        assert nobody.get(share.get_absolute_url()).status_code == 200


@pytest.mark.parametrize("lifetime", ["", "2", "-1", "nonsense"])
def test_a_lifetime_that_is_none_makes_no_link_and_says_what_is_allowed(
    browser: Client, image: Image, lifetime: str
) -> None:
    answer = browser.post(f"/images/{image.pk}/share", {"lifetime": lifetime}, follow=True)

    told = "No link was made. Choose when it ends: After 1 day, After 7 days, After 30 days, Never."
    assert told in pages.read(answer).text
    assert not Share.objects.exists()


def test_a_form_that_is_sent_twice_makes_one_link(browser: Client, image: Image) -> None:
    form = {"id": str(shares.panel(image).id), "lifetime": "7"}

    first, second = (browser.post(f"/images/{image.pk}/share", form) for _ in range(2))

    assert first.headers["Location"] == second.headers["Location"]
    assert Share.objects.count() == 1


def test_an_old_form_with_other_wishes_or_after_a_revocation_makes_another_link(browser: Client, image: Image) -> None:
    form = {"id": str(shares.panel(image).id), "lifetime": "7"}
    browser.post(f"/images/{image.pk}/share", form)
    browser.post(f"/images/{image.pk}/share", {**form, **BOTH})
    assert Share.objects.count() == 2

    browser.post("/history/shares/revoke")
    browser.post(f"/images/{image.pk}/share", form)

    assert Share.objects.standing().count() == 1


def test_nobody_takes_over_a_link_by_its_id(browser: Client, image: Image, mallory: Any, alice: Any) -> None:
    share = make(browser, image)
    hers = drawn(mallory, 60).images.get()

    made = make(logged_in(mallory), hers, id=str(share.pk))

    assert (made.user, made.image) == (mallory, hers)
    share.refresh_from_db()
    assert (share.user, share.image) == (alice, image)


def test_a_picture_may_have_several_links_up_to_a_limit(
    browser: Client, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "MOST_OF_A_PICTURE", 2)
    first, second = make(browser, image), make(browser, image, "never", shows_prompt="on")
    assert first.token != second.token

    answer = browser.post(f"/images/{image.pk}/share", {"lifetime": "1"}, follow=True)

    page = pages.read(answer)
    assert "This picture has 2 links, the most there may be. Revoke one first." in page.text
    assert "share-lifetime" not in page.by_id
    assert shares.revoke(first.user, first.pk)
    make(browser, image)


def test_a_user_may_have_as_many_living_links_and_make_as_many_in_a_day(
    browser: Client, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "MOST", 2)
    monkeypatch.setattr(shares, "MOST_IN_A_DAY", 3)
    for _ in range(2):
        make(browser, image)
    answer = browser.post(f"/images/{image.pk}/share", {"lifetime": "1"}, follow=True)
    assert "You have 2 links, the most there may be." in pages.read(answer).text

    browser.post("/history/shares/revoke")
    make(browser, image)
    browser.post("/history/shares/revoke")
    answer = browser.post(f"/images/{image.pk}/share", {"lifetime": "1"}, follow=True)

    assert "You made 3 links in a day" in pages.read(answer).text
    assert Share.objects.count() == 3


def test_what_has_no_picture_cannot_be_shared(browser: Client, alice: Any, fox: Brief) -> None:
    lifecycle.submit(alice, fox)
    image = Image.objects.get()

    answer = browser.post(f"/images/{image.pk}/share", {"lifetime": "1"}, follow=True)

    assert "There is no picture here that could be shared." in pages.read(answer).text
    assert "sharing" not in pages.read(answer).by_id
    assert not Share.objects.exists()


# What a stranger sees -----------------------------------------------------------------------------


def test_a_stranger_sees_the_picture_its_mark_and_nothing_of_its_owner(
    browser: Client, image: Image, nobody: Client
) -> None:
    share = make(browser, image)

    answer = nobody.get(share.get_absolute_url())

    told = answer.content.decode()
    page = pages.read(answer)
    assert "Made with AI Krea 2 Medium" in page.text
    assert page.images[0]["alt"] == "A picture made with AI, Krea 2 Medium"
    assert (page.images[0]["width"], page.images[0]["height"]) == ("360", "240")
    secrets = (PROMPT, "alice", str(image.pk), str(image.generation_id), f"{image.seed}</", str(share.user_id) + "@")
    assert [each for each in secrets if each in told] == []
    others = [each for each in Image.objects.exclude(pk=image.pk) if each.name in told or str(each.pk) in told]
    assert others == []
    assert "Settings" not in page.text and "Seed" not in page.text


def test_prompt_and_settings_are_shown_as_chosen(browser: Client, image: Image, nobody: Client) -> None:
    share = make(browser, image)
    path, change = share.get_absolute_url(), f"/history/shares/{share.pk}/change"

    browser.post(change, {"shows_prompt": "on"})
    with_prompt = nobody.get(path)
    assert PROMPT in pages.read(with_prompt).text and "Seed" not in pages.read(with_prompt).text
    assert meta(with_prompt)["og:title"] == PROMPT
    assert pages.read(with_prompt).images[0]["alt"] == PROMPT

    browser.post(change, {"shows_settings": "on"})
    with_settings = nobody.get(path)
    assert PROMPT not in with_settings.content.decode()
    assert f"Seed {image.seed}" in pages.read(with_settings).text

    browser.post(change, {})
    assert "Seed" not in pages.read(nobody.get(path)).text


def test_settings_tell_no_address_and_no_reference(browser: Client, alice: Any, nobody: Client) -> None:
    generation = drawn(alice, 30, prompt=PROMPT)
    Generation.objects.filter(pk=generation.pk).update(
        image_model="krea-2-turbo-lora",
        input={
            "prompt": PROMPT, "image_size": {"width": 640, "height": 480}, "acceleration": "regular",
            "loras": [{"path": "https://example.com/me.safetensors?key=secret", "scale": 0.5}],
        },
    )  # fmt: skip
    share = make(browser, generation.images.get(), shows_settings="on")

    answer = nobody.get(share.get_absolute_url())

    assert "Size 640 x 480 pixels" in pages.read(answer).text and "LoRAs 1" in pages.read(answer).text
    assert "Acceleration Regular" in pages.read(answer).text
    assert "example.com/me" not in answer.content.decode()


def test_style_references_are_counted_and_not_shown(browser: Client, alice: Any, nobody: Client) -> None:
    upload = pages.upload_of(alice)
    generation = drawn(alice, 31, prompt=PROMPT)
    Generation.objects.filter(pk=generation.pk).update(
        image_model="krea-2-large", references=[str(upload.pk)],
        input={"prompt": PROMPT, "image_style_references": [{"image_url": str(upload.pk), "strength": -0.5}]},
    )  # fmt: skip
    share = make(browser, generation.images.get(), shows_settings="on")

    answer = nobody.get(share.get_absolute_url())

    assert "Style references 1" in pages.read(answer).text
    assert upload.name not in answer.content.decode() and str(upload.pk) not in answer.content.decode()


def test_an_image_model_that_is_gone_gives_nothing_away(browser: Client, image: Image, nobody: Client) -> None:
    share = make(browser, image, shows_settings="on")
    Generation.objects.update(image_model="long-gone", input={"prompt": PROMPT, "image_url": "https://example.com/x"})

    answer = nobody.get(share.get_absolute_url())

    assert "Made with AI long-gone" in pages.read(answer).text and f"Seed {image.seed}" in pages.read(answer).text
    assert "example.com/x" not in answer.content.decode()


def test_the_page_has_cards_for_previews_without_the_prompt(browser: Client, image: Image, nobody: Client) -> None:
    share = make(browser, image)

    found = meta(nobody.get(share.get_absolute_url()))

    card = image.variants["1280"]
    address = f"{django_settings.PUBLIC_URL}/s/{share.token}/"
    assert found["og:url"] == address
    assert found["og:image"] == found["twitter:image"] == f"{address}picture"
    assert (found["og:image:width"], found["og:image:height"]) == (str(card["width"]), str(card["height"]))
    assert found["og:title"] == found["twitter:title"] == "A picture made with Krea 2 Medium"
    assert found["og:image:alt"] == "A picture made with AI, Krea 2 Medium"
    assert (found["twitter:card"], found["robots"]) == ("summary_large_image", "noindex")


def test_the_page_is_kept_by_nobody_and_tells_no_other_site_its_address(
    browser: Client, image: Image, nobody: Client
) -> None:
    answer = nobody.head(make(browser, image).get_absolute_url())

    assert (answer.status_code, answer.content) == (200, b"")
    assert {"no-store", "private"} <= set(answer.headers["Cache-Control"].split(", "))
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["Referrer-Policy"] == "same-origin"


def test_addresses_of_the_files_end_within_five_minutes(browser: Client, image: Image, nobody: Client) -> None:
    share = make(browser, image)
    shown = pages.read(nobody.get(share.get_absolute_url())).images[0]
    download = nobody.get(f"{share.get_absolute_url()}download")
    signed = [shown["src"], *[each.split()[0] for each in shown["srcset"].split(", ")], download.headers["Location"]]

    assert sum(image.name in each for each in signed) == 2  # to be shown, and to be downloaded
    for address in signed:
        parts = urlsplit(address)
        assert links.check(parts.path[1:], parts.query)
        with time_machine.travel(timezone.now() + timedelta(minutes=5)):
            assert not links.check(parts.path[1:], parts.query)


def test_download_is_the_stored_file_under_a_name_without_the_seed(
    browser: Client, image: Image, nobody: Client
) -> None:
    answer = nobody.get(f"/s/{make(browser, image).token}/download")

    target = urlsplit(answer.headers["Location"])
    assert (answer.status_code, target.path) == (302, f"/{image.name}")
    assert parse_qs(target.query)["filename"] == ["krea-2-medium.png"]
    assert "no-store" in answer.headers["Cache-Control"]


def test_the_report_button_brings_the_address_along_and_the_report_finds_the_picture(
    browser: Client, image: Image, nobody: Client
) -> None:
    share = make(browser, image)
    link = re.search(r'href="(/report/[^"]+)"', nobody.get(share.get_absolute_url()).content.decode())
    assert link is not None

    assert f'value="{share.address}"' in nobody.get(link[1]).content.decode()
    shares.revoke(share.user, share.pk)
    report = reports.write(reports.Told(share.address, Reason.RIGHTS), address="192.0.2.1")

    assert report.image_id == image.pk
    assert reports.image_id_in(f"see {django_settings.PUBLIC_URL}/s/{'x' * 24}/") is None


def test_the_owner_is_led_back_and_others_to_their_own(
    browser: Client, image: Image, nobody: Client, mallory: Any
) -> None:
    path = make(browser, image).get_absolute_url()

    assert "This is what others see" in of(browser, path).text
    for other in (nobody, logged_in(mallory)):
        assert "This is what others see" not in of(other, path).text
        assert "Make one of your own" in of(other, path).text


# The picture of previews --------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_previews_get_the_picture_as_long_as_the_link_lives(place: str, browser: Client, image: Image) -> None:
    share = make(browser, image)

    status, headers, body = fetch(share)

    assert (status, headers["content-type"], len(body)) == (200, "image/webp", image.variants["1280"]["bytes"])
    assert int(headers["cache-control"].partition("max-age=")[2].partition(",")[0]) <= 60
    assert headers["cache-control"].startswith("private") and headers["x-robots-tag"] == "noindex"
    assert fetch(share, "HEAD")[::2] == (200, b"")
    assert fetch(share, if_none_match=headers["etag"])[0] == 304
    assert fetch(share, "POST")[0] == 405
    assert fetch(share, path=f"/s/{'x' * 24}/picture")[0] == 404

    shares.revoke(share.user, share.pk)

    assert fetch(share, if_none_match=headers["etag"])[0] == 404


# Ends ---------------------------------------------------------------------------------------------


def revoke(share: Share) -> None:
    assert shares.revoke(share.user, share.pk)


def expire(share: Share) -> None:
    Share.objects.update(expires_at=timezone.now())


def bin_picture(share: Share) -> None:
    Image.objects.filter(pk=share.image_id).update(binned_at=timezone.now())


def erase_picture(share: Share) -> None:
    Image.objects.filter(pk=share.image_id).update(erased_at=timezone.now(), name="", variants={})


def delete_generation(share: Share) -> None:
    lifecycle.delete(share.image.generation)


def suspend(share: Share) -> None:
    User.objects.filter(pk=share.user_id).update(is_active=False)


def erase_account(share: Share) -> None:
    while erasure.erase_workbench(share.user_id) or erasure.erase_generations(share.user_id):
        pass


def headers(answer: Any) -> dict[str, str]:
    """Without the second in which it was asked."""
    return {name: value for name, value in answer.headers.items() if name != "Expires"}


ENDS = [revoke, expire, bin_picture, erase_picture, delete_generation, suspend, erase_account]


@pytest.mark.parametrize("end", ENDS)
def test_however_a_link_ends_it_is_as_if_it_had_never_been(
    browser: Client, image: Image, nobody: Client, end: Any
) -> None:
    share = make(browser, image, **BOTH)
    assert PROMPT in nobody.get(share.get_absolute_url()).content.decode()
    never = nobody.get(f"/s/{'x' * 24}/")

    end(share)

    gone = nobody.get(share.get_absolute_url())
    assert (gone.status_code, gone.content) == (404, never.content)
    assert headers(gone) == headers(never)
    assert "not here any more" in pages.read(gone).text and "og:image" not in meta(gone)
    assert nobody.get(f"{share.get_absolute_url()}download").content == never.content
    assert shares.card_name(share.token) is None


@pytest.mark.parametrize("token", ["x", "%00" * 8, "x" * 24, "x" * 500, "ä" * 24, "' OR 1=1 --"])
def test_addresses_that_never_were_are_answered_alike(nobody: Client, token: str) -> None:
    answer = nobody.get(f"/s/{token}/")

    assert (answer.status_code, "not here any more" in answer.content.decode()) == (404, True)


def test_a_link_comes_back_with_its_picture_from_the_bin(browser: Client, image: Image, nobody: Client) -> None:
    share = make(browser, image)
    bin_picture(share)
    assert nobody.get(share.get_absolute_url()).status_code == 404
    assert "The picture is in the bin" in of(browser, "/history/shares/").text

    Image.objects.update(binned_at=None)

    assert nobody.get(share.get_absolute_url()).status_code == 200


def test_one_link_is_revoked_and_the_other_lives_on(browser: Client, image: Image, nobody: Client) -> None:
    first, second = make(browser, image), make(browser, image)

    answer = browser.post(f"/history/shares/{first.pk}/revoke", follow=True)

    assert "Revoked. The link shows nothing any more." in pages.read(answer).text
    assert nobody.get(first.get_absolute_url()).status_code == 404
    assert nobody.get(second.get_absolute_url()).status_code == 200
    again = browser.post(f"/history/shares/{first.pk}/revoke", follow=True)
    assert "That link was revoked before." in pages.read(again).text


def test_a_link_that_ended_in_another_window_is_not_changed(browser: Client, image: Image) -> None:
    share = make(browser, image)
    revoke(share)

    answer = browser.post(f"/history/shares/{share.pk}/change", BOTH, follow=True)

    assert "That link has ended, so nothing was changed." in pages.read(answer).text
    share.refresh_from_db()
    assert not share.shows_prompt


# The list, and other people -----------------------------------------------------------------------


def test_the_list_has_every_link_and_goes_back_page_by_page(
    browser: Client, image: Image, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr("generations.share_pages.ON_A_PAGE", 3)
    made = [make(browser, image) for _ in range(5)]

    with django_assert_max_num_queries(8):
        first = browser.get("/history/shares/")
    before = first.content.decode().partition("?before=")[2][:36]
    pages_read = [pages.read(first), of(browser, f"/history/shares/?before={before}")]

    shown = [id.removeprefix("share-address-") for page in pages_read for id in page.by_id if "share-address-" in id]
    assert shown == [str(share.pk) for share in reversed(made)]
    assert "5 links can be opened" in pages_read[0].text
    assert browser.get("/history/shares/?before=nonsense").status_code == 404


def test_forms_of_the_list_lead_back_to_it_and_nowhere_else(browser: Client, image: Image) -> None:
    share = make(browser, image)
    change, later = f"/history/shares/{share.pk}/change", f"?before={share.pk}"

    answers = [browser.post(change, {"back": back}) for back in ("?", later, "https://example.com/", "?before=x", "")]

    panel = f"/images/{image.pk}/#share-{share.pk}"
    found = [answer.headers["Location"] for answer in answers]
    assert found == ["/history/shares/", f"/history/shares/{later}", panel, panel, panel]


def test_all_links_are_revoked_after_a_question(browser: Client, image: Image, mallory: Any, nobody: Client) -> None:
    made = [make(browser, image) for _ in range(3)]
    hers = make(logged_in(mallory), drawn(mallory, 60).images.get())
    assert "Revoke all 3 links?" in of(browser, "/history/shares/revoke").text
    assert Share.objects.standing().count() == 4

    answer = browser.post("/history/shares/revoke", follow=True)

    assert "Revoked 3 links. None of them shows anything any more." in pages.read(answer).text
    assert {nobody.get(share.get_absolute_url()).status_code for share in made} == {404}
    assert nobody.get(hers.get_absolute_url()).status_code == 200
    assert "There is nothing to revoke" in of(browser, "/history/shares/revoke").text


def test_an_empty_list_says_where_links_are_made(browser: Client) -> None:
    assert "a link to one of them is made on its page" in of(browser, "/history/shares/").text


def test_mallory_has_no_hand_in_links_of_others(browser: Client, image: Image, mallory: Any) -> None:
    share, hers = make(browser, image), logged_in(mallory)

    tried = [f"/images/{image.pk}/share", *[f"/history/shares/{share.pk}/{act}" for act in ("change", "revoke")]]

    assert [hers.post(path, {"lifetime": "1"}).status_code for path in tried] == [404] * 3
    assert share.token not in hers.get("/history/shares/").content.decode()
    assert "Revoked 0 links." in pages.read(hers.post("/history/shares/revoke", follow=True)).text
    assert Share.objects.get().is_standing


# Kept and forgotten -------------------------------------------------------------------------------


def test_the_archive_of_ones_data_has_ones_links(browser: Client, image: Image, alice: Any) -> None:
    share = make(browser, image, "never", shows_prompt="on")

    told = json.loads(dict(export_contents.account(alice, "").texts)["account.json"])

    (link,) = told["shared_links"]
    assert (link["address"], link["image"]) == (share.address, str(image.pk))
    assert (link["shows_prompt"], link["expires_at"], link["revoked_at"]) == (True, None, None)


def test_dead_links_are_forgotten_after_ninety_days(browser: Client, image: Image) -> None:
    revoked, ended, living = make(browser, image), make(browser, image, "1"), make(browser, image, "never")
    revoke(revoked)

    with time_machine.travel(timezone.now() + timedelta(days=89)):
        assert schedule.prune_shares() == 0
    with time_machine.travel(timezone.now() + timedelta(days=92)):
        assert schedule.prune_shares() == 2

    assert list(Share.objects.all()) == [living]
    assert ended not in Share.objects.all()
