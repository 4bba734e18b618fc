"""A takedown that dies before any of its writes, in the press of the button or in its worker: whoever comes next brings
it to the same end, and everybody is told once."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings
from uuid_utils.compat import uuid7

from generations import fal_erasures, references, shares
from generations.models import BannedFile, Draw, FalErasure, Image, Share, Upload
from generations.pictures import store
from krea_site import reports, takedowns
from krea_site.models import Decision, Mail, Reason, Report, Takedown
from tests.conftest import make_user
from tests.faults.fuse import Died, Fuse
from tests.faults.test_killed_farewells import kills
from tests.krea_site.belongings import developed, drawn, files
from tests.staff import make_staff
from tests.standins.launch import StandIn

pytestmark = pytest.mark.django_db(transaction=True)
FIRST_SHADE = 20


def world(number: int) -> tuple[Image, list[str]]:
    """A reported and shared picture of one customer, the same one of another, who uses it as a reference too; and the
    names of all their files."""
    shade = FIRST_SHADE + number
    alice, mallory = make_user(f"alice{number}@example.com"), make_user(f"mallory{number}@example.com")
    (image,) = drawn(alice, shade).images.all()
    drawn(mallory, shade)
    Draw.objects.filter(image=image).update(request_id=f"request-{number}")
    kept, pixels = references.clean(developed(shade).original.data)
    store.put(pixels, kept.content_type)
    references.write_row(mallory.pk, kept)
    shares.make(alice, image, shares.Wish(shares.DEFAULT))
    told = reports.Told(str(image.pk), Reason.PERSON, email=f"reader{number}@example.com")
    reports.write(told, address=f"192.0.2.{number}")
    OrmQ.objects.all().delete()
    return image, sorted({*files(alice), *files(mallory)})


def press(staff: Any, image: Image) -> None:
    """The confirmed press; pressed again where it was done, it finds nothing."""
    fresh = Image.objects.get(pk=image.pk)
    if fresh.name:
        takedowns.begin(
            fresh.pk, by=staff, reason=Reason.PERSON, why="No consent", is_for_all=True,
            mark=takedowns.outlook(fresh).mark,
        )  # fmt: skip


def life(staff: Any, image: Image) -> None:
    """The press, its worker, and another worker once fal has erased its copy."""
    press(staff, image)
    row = Takedown.objects.get(image_id=image.pk)
    with time_machine.travel(max(timezone.now(), row.due_at) + timedelta(seconds=1), tick=True) as clock:
        takedowns.go_on(row.pk)
        FalErasure.objects.filter(gone_at=None).update(gone_at=timezone.now())
        clock.shift(takedowns.FAL_AGAIN_IN + timedelta(seconds=1))
        takedowns.go_on(row.pk)


def test_a_takedown_that_dies_anywhere_is_brought_to_its_end(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "krea_site.mails.backend.Rows"
    staff = make_staff()
    places = kills(partial(life, staff, world(0)[0]))
    assert len(places) > 30

    for number, place in enumerate(places, start=1):
        image, names = world(number)
        with pytest.raises(Died), Fuse(place).burning():
            life(staff, image)

        life(staff, image)

        row = Takedown.objects.get(image_id=image.pk)
        assert (row.step, row.taken, row.uploads, row.requests) == ("done", 2, 1, [f"request-{number}"]), place
        pictures = Image.objects.filter(generation__user__email__in=people(number))
        assert list(pictures.values_list("name", "error_code")) == [("", "taken_down")] * 2, place
        assert not any(store.exists(name) for name in names), place
        assert not Upload.objects.exists() and not Share.objects.living().exists(), place
        assert Report.objects.get(image_id=image.pk).decision == Decision.TAKEN_DOWN, place
        assert BannedFile.objects.filter(name=row.names[0], user_id=None).count() == 1, place
        told = Mail.objects.filter(kind="mail/taken_down", to__in=people(number))
        assert told.count() == 2, place


def test_an_erasure_at_fal_whose_worker_dies_anywhere_is_tried_again(standin: StandIn) -> None:
    """Also where fal had erased it already: that it is not there counts as gone."""

    def waiting() -> FalErasure:
        return FalErasure.objects.create(request_id=str(uuid7()), cause=FalErasure.Cause.DELETED)

    places = kills(partial(fal_erasures.work, waiting().pk))
    assert len(places) == 2

    for place in places:
        row = waiting()
        with pytest.raises(Died), Fuse(place).burning():
            fal_erasures.work(row.pk)
        with time_machine.travel(timezone.now() + fal_erasures.LEASE + timedelta(seconds=1)):
            fal_erasures.work(row.pk)

        row.refresh_from_db()
        assert row.gone_at is not None, place


def people(number: int) -> list[str]:
    return [f"alice{number}@example.com", f"mallory{number}@example.com"]
