"""Taking a reported picture down: gone for good for everybody, on disk and in object storage, and everybody concerned
is told."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone

from generations import (
    collect,
    doomed,
    draws,
    errands,
    fal_erasures,
    kept_files,
    lifecycle,
    references,
    search,
    shares,
)
from generations.brief import Brief
from generations.models import Draw, FalErasure, Generation, Image, KeptFile, Share, Upload
from generations.pictures import links, store
from krea_site import reports, takedowns
from krea_site.models import Decision, Reason, Report, Role, StaffAct, Takedown
from partners import keys
from partners.dialects import seen
from partners.dialects.civitai import wire as civitai_wire
from partners.dialects.fal import wire as fal_wire
from partners.dialects.oxen import wire as oxen_wire
from tests.conftest import run_queued_tasks, wallet_of
from tests.faults.fuse import Died
from tests.faults.on_the_road import FOX, FOX_COSTS, claimed_draws, delivered
from tests.faults.pretend_fal import DELIVERED
from tests.krea_site.belongings import developed, drawn, files, uploaded
from tests.object_storage import PLACES
from tests.partners.caller import Caller
from tests.staff import make_staff, staff_client
from tests.standins.launch import StandIn

pytestmark = pytest.mark.django_db
Run = Callable[[], Any]
WHY = "It shows a person who did not agree."


@pytest.fixture
def moderator(db: None) -> Client:
    return staff_client(make_staff(Role.MODERATOR, "moderator@example.com"))


def reported(image: Image, reason: Reason = Reason.PERSON, email: str = "reader@example.com") -> Report:
    return reports.write(reports.Told(str(image.pk), reason, email=email), address="192.0.2.1")


def at(report: Report, what: str) -> str:
    return f"/admin/reports/{report.pk}/{what}"


def take_down(client: Client, report: Report, **more: str) -> Any:
    """Both presses."""
    page = client.post(at(report, "takedown"), {"why": WHY})
    assert page.status_code == 200, page.content
    mark = takedowns.outlook(Image.objects.get(pk=str(report.image_id))).mark
    assert f'value="{mark}"' in page.content.decode()
    return client.post(at(report, "takedown"), {"why": WHY, "confirmed": "1", "mark": mark, "for_all": "1"} | more)


def of(user: Any) -> Image:
    return Image.objects.select_related("generation").filter(user=user).order_by("-pk")[0]


def sent_to(address: str) -> list[str]:
    return [" ".join(str(each.body).split()) for each in mail.outbox if each.to == [address]]


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_picture_thumbnails_links_words_and_twins_are_gone_for_everybody(
    place: str, alice: Any, mallory: Any, moderator: Client
) -> None:
    drawn(alice, 40, prompt="a stolen portrait")
    drawn(mallory, 40, prompt="the same by chance")
    drawn(mallory, 41)
    uploaded(mallory, 40)
    image, twin, other = of(alice), Image.objects.get(generation__input__prompt="the same by chance"), of(mallory)
    search.write(image.generation)
    assert search.narrow(Generation.objects.all(), alice, "portrait", by="pk").exists()
    Upload.objects.update(name=image.name)
    KeptFile.objects.create(user=mallory, name=image.name, file_name="x", ends_at=timezone.now() + timedelta(days=1))
    shared = shares.make(alice, image, shares.Wish(shares.DEFAULT))
    names, signed, others = files(alice), links.address(image.name), set(files(mallory))
    Draw.objects.filter(image=image).update(request_id="019ef3ca-bf2e-71b2-8000-000000000001")
    report, second = reported(image), reported(image, Reason.OTHER, "another@example.com")

    answer = take_down(moderator, report)
    assert answer.status_code == 302
    image.refresh_from_db()
    assert (image.status, image.name, image.error_code) == ("stored", "", "taken_down")  # before any worker came
    run_queued_tasks()

    assert not any(store.exists(name) for name in names)
    if place == "object storage":
        assert httpx.get(signed).status_code in (403, 404)
    twin.refresh_from_db()
    assert (twin.name, twin.error_code) == ("", "taken_down")
    assert not Upload.objects.exists() and not KeptFile.objects.exists()
    assert all(store.exists(name) for name in others - set(names)) and others - set(names)
    other.refresh_from_db()
    assert other.name
    assert Client().get(shared.get_absolute_url()).status_code == 404
    assert not Share.objects.living().exists()
    assert not search.narrow(Generation.objects.all(), alice, "portrait", by="pk").exists()
    assert FalErasure.objects.get().cause == "taken_down"
    row = Takedown.objects.get()
    assert (row.taken, row.uploads, row.step, len(row.sha256)) == (2, 2, "fal", 64)
    assert {each.decision for each in Report.objects.all()} == {Decision.TAKEN_DOWN}
    (act,) = StaffAct.objects.all()
    assert (act.verb, act.subject, act.why) == ("reports.take_down", f"image:{image.pk}", WHY)
    assert act.before["sha256"] == row.sha256 and "portrait" not in json.dumps([act.before, act.after])
    for address in ("reader@example.com", "another@example.com", "alice@example.com", "mallory@example.com"):
        (told,) = sent_to(address)
        assert WHY in told
    second.refresh_from_db()
    assert second.closed_at


def test_owner_and_programs_are_told_and_the_status_stays_final(alice: Any, moderator: Client) -> None:
    drawn(alice, 40, 41)
    image = Image.objects.filter(user=alice).order_by("index")[0]
    caller = Caller(keys.make(alice, "server")[1])
    take_down(moderator, reported(image))
    run_queued_tasks()

    client = Client()
    client.force_login(alice)
    history = client.get("/history/").content.decode()
    assert "Taken down" in history and WHY in history
    page = client.get(f"/images/{image.pk}/").content.decode()
    assert "Taken down" in page and WHY in page and "file of this picture is missing" not in page
    assert client.get("/studio/pictures").status_code == 200
    told = caller.get(f"/images/{image.pk}").json()
    assert (told["status"], told["url"], told["sha256"]) == ("stored", None, None)
    assert (told["error"]["code"], told["error"]["retryable"]) == ("taken_down", False)
    assert WHY in told["error"]["message"]
    content = caller.get(f"/images/{image.pk}/content")
    assert (content.status_code, content.json()["code"]) == (410, "taken_down")
    generation = caller.get(f"/generations/{image.generation_id}").json()
    assert (generation["status"], [bool(each["url"]) for each in generation["images"]]) == ("succeeded", [False, True])
    assert any(
        each.data.get("code") == "taken_down" for each in alice.events.filter(kind="image.updated", object_id=image.pk)
    )


def test_what_fal_drew_is_erased_there_before_the_takedown_is_done(
    alice: Any, fox: Brief, standin: StandIn, finish_all: Run, moderator: Client
) -> None:
    lifecycle.submit(alice, fox)
    finish_all()
    image = of(alice)
    result: Any = Draw.objects.get().result
    url = result["images"][0]["url"]
    standin.control([{"on": "payloads", "status": 503}])
    take_down(moderator, reported(image))
    run_queued_tasks()
    assert Takedown.objects.get().step == "fal"

    with time_machine.travel(timezone.now(), tick=True) as clock:
        for _ in range(2):
            fal_erasures.sweep()
            run_queued_tasks()
            clock.shift(timedelta(minutes=12))
        takedowns.sweep()
        run_queued_tasks()

    assert httpx.get(url).status_code == 404
    assert Takedown.objects.get().finished_at


def test_storage_that_is_down_is_asked_again(alice: Any, moderator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn(alice, 40)
    names = files(alice)
    take_down(moderator, reported(of(alice)))

    def broken(name: str) -> None:
        raise OSError("the storage is away")

    with monkeypatch.context() as away:
        away.setattr(store, "delete", broken)
        run_queued_tasks()
    assert Takedown.objects.get().step == "files"
    assert of(alice).name == ""  # nobody is led there meanwhile

    with time_machine.travel(timezone.now() + takedowns.STORAGE_AGAIN_IN + timedelta(seconds=1)):
        takedowns.sweep()
        run_queued_tasks()
    assert not any(store.exists(name) for name in names)
    assert Takedown.objects.get().finished_at


@pytest.mark.parametrize("step", ["images", "files", "fal"])
def test_a_worker_that_dies_in_any_step_is_followed_by_another(
    step: str, alice: Any, mallory: Any, moderator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn(alice, 40)
    drawn(mallory, 40)
    names = files(alice)
    take_down(moderator, reported(of(alice)))

    def dies(row: Takedown) -> None:
        real(row)
        raise Died

    real = takedowns.STEPS[step]
    with monkeypatch.context() as bomb:
        bomb.setitem(takedowns.STEPS, step, dies)
        with pytest.raises(Died):
            run_queued_tasks()
    with time_machine.travel(timezone.now() + takedowns.LEASE + timedelta(seconds=1)):
        takedowns.sweep()
        run_queued_tasks()

    assert not any(store.exists(name) for name in names)
    row = Takedown.objects.get()
    assert (row.step, row.taken) == ("done", 2)
    assert len(sent_to("alice@example.com")) == len(sent_to("mallory@example.com")) == 1


def test_others_may_keep_their_same_picture(alice: Any, mallory: Any, moderator: Client) -> None:
    drawn(alice, 40)
    drawn(mallory, 40)
    take_down(moderator, reported(of(alice)), for_all="")
    run_queued_tasks()
    with time_machine.travel(timezone.now() + doomed.GRACE + timedelta(minutes=1)):
        doomed.sweep()

    assert of(alice).name == ""
    assert of(mallory).name and all(store.exists(name) for name in files(mallory))
    assert Takedown.objects.get().step == "done"
    assert sent_to("mallory@example.com") == []


def test_a_picture_that_somebody_made_meanwhile_is_shown_first(alice: Any, mallory: Any, moderator: Client) -> None:
    drawn(alice, 40)
    report = reported(of(alice))
    mark = takedowns.outlook(of(alice)).mark
    drawn(mallory, 40)

    answer = moderator.post(at(report, "takedown"), {"why": WHY, "confirmed": "1", "mark": mark, "for_all": "1"})

    assert answer.status_code == 409
    assert "have changed since you looked" in answer.content.decode()
    assert of(alice).name and not Takedown.objects.exists() and not StaffAct.objects.exists()


def test_pressed_twice_it_is_done_once(alice: Any, moderator: Client) -> None:
    drawn(alice, 40)
    report = reported(of(alice))
    mark = takedowns.outlook(of(alice)).mark
    form = {"why": WHY, "confirmed": "1", "mark": mark, "for_all": "1"}

    assert [moderator.post(at(report, "takedown"), form).status_code for _ in range(2)] == [302, 409]
    assert StaffAct.objects.count() == Takedown.objects.count() == 1


def test_a_file_that_came_back_meanwhile_goes_by_the_list(alice: Any, moderator: Client) -> None:
    generation = drawn(alice, 40)
    names = files(alice)
    take_down(moderator, reported(of(alice)))
    run_queued_tasks()
    drawn(alice, 40)
    Generation.objects.exclude(pk=generation.pk).delete()  # its writer died between file and row

    with time_machine.travel(timezone.now() + doomed.GRACE + timedelta(minutes=1)):
        doomed.sweep()

    assert not any(store.exists(name) for name in names)


@pytest.mark.parametrize("for_all", ["1", ""])
def test_the_same_picture_that_comes_later_is_blocked_and_free(
    for_all: str, alice: Any, mallory: Any, moderator: Client
) -> None:
    drawn(mallory, 40)
    drawn(alice, 40)
    take_down(moderator, reported(of(mallory)), for_all=for_all)
    run_queued_tasks()
    before = wallet_of(alice)

    lifecycle.submit(alice, FOX)
    (draw,) = claimed_draws()
    delivered(draw)
    collect._deliver(Draw.objects.select_related("image__generation").get(pk=draw.pk), developed(40))

    image = of(alice)
    if for_all:
        assert (image.status, image.name, image.error_code) == ("blocked", "", "content_blocked")
        assert "taken down before. You were not charged" in image.error_message
        draw.refresh_from_db()
        assert (wallet_of(alice), draw.result) == (before, None)
        assert FalErasure.objects.get(request_id=draw.request_id).cause == "taken_down"
        with time_machine.travel(timezone.now() + doomed.GRACE + timedelta(minutes=1)):
            doomed.sweep()
        assert not any(store.exists(name) for name in store.names(developed(40)))
    else:
        assert image.name and wallet_of(alice)[0] == before[0] - FOX_COSTS


def test_uploads_of_the_picture_go_and_do_not_come_back(alice: Any, mallory: Any, moderator: Client) -> None:
    """The reference that was made of it is another file; so is the one that a program put here."""
    drawn(alice, 40)
    own = references.address_of(of(alice))
    (reference,) = references.keep(alice, [own]).uploads
    assert isinstance(reference, Upload) and reference.name != of(alice).name
    original = developed(40).original.data
    assert isinstance(references.keep(mallory, [original]).uploads[0], Upload)
    assert isinstance(kept_files.keep(None, mallory, "x.png", original), KeptFile)
    other = references.keep(mallory, [developed(41).original.data]).uploads[0]

    take_down(moderator, reported(of(alice)))
    run_queued_tasks()

    assert list(Upload.objects.all()) == [other] and not KeptFile.objects.exists()
    row = Takedown.objects.get()
    assert (row.step, row.uploads) == ("done", 3)
    assert not any(store.exists(name) for name in row.names)
    again = references.keep(mallory, [original]).uploads[0]
    kept = kept_files.keep(None, mallory, "x.png", original)
    assert isinstance(again, errands.Problem) and isinstance(kept, errands.Problem)
    assert (again.code, kept.code) == ("taken_down", "taken_down")
    assert not KeptFile.objects.exists() and Upload.objects.count() == 1


def test_what_waits_with_a_taken_down_reference_fails_and_is_free(
    alice: Any, mallory: Any, moderator: Client, standin: StandIn, finish_all: Run
) -> None:
    drawn(alice, 40)
    (reference,) = references.keep(mallory, [developed(40).original.data]).uploads
    assert isinstance(reference, Upload)
    styled = {"prompt": "a fox", "image_style_references": [{"image_url": str(reference.pk)}]}
    lifecycle.submit(mallory, Brief.read("krea-2-medium", styled), uploads=[reference])

    take_down(moderator, reported(of(alice)))
    finish_all()

    image = of(mallory)
    assert (image.status, image.error_code) == ("failed", "reference_gone")
    assert wallet_of(mallory) == (1000_00, 0)


def test_what_fal_says_afterwards_is_erased_too(alice: Any, moderator: Client) -> None:
    drawn(alice, 40)
    image = of(alice)
    late = Draw.objects.create(image=image, endpoint="x", request_id="late", sent_at=timezone.now())
    take_down(moderator, reported(image))
    FalErasure.objects.all().delete()

    draws.answered(late, *DELIVERED)

    late.refresh_from_db()
    assert late.result is None
    assert [(each.request_id, each.cause) for each in FalErasure.objects.all()] == [("late", "taken_down")]


def test_a_taken_down_picture_cannot_be_shared_used_or_brought_back(alice: Any, moderator: Client) -> None:
    drawn(alice, 40)
    image = of(alice)
    page = f"/images/{image.pk}/"
    take_down(moderator, reported(image))
    client = Client()
    client.force_login(alice)

    with pytest.raises(shares.Refused):
        shares.make(alice, of(alice), shares.Wish(shares.DEFAULT))
    client.post(f"{page}delete")
    client.post(f"{page}restore")
    assert "Taken down" in client.get(page).content.decode()
    client.post(f"{page}delete")
    client.post(f"{page}purge")
    assert client.get(page).status_code == 404


def test_dialects_say_so(alice: Any, moderator: Client) -> None:
    drawn(alice, 40)
    take_down(moderator, reported(of(alice)))
    (row,) = seen.seen(seen.readable(alice.pk))

    refused = fal_wire.failure(row)
    assert (refused.status, WHY in str(refused.body)) == (404, True)
    status, body = oxen_wire.failure(row)
    assert (status, body["error"]["type"], WHY in body["error"]["detail"]) == (404, "taken_down", True)
    assert WHY in civitai_wire.why(row.images[0])
