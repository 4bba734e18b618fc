"""Races for links, on a real PostgreSQL: the limits hold, and one form is one link, however many come at once."""

from functools import partial
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from generations import shares
from generations.models import Customer, Share
from generations.shares import DEFAULT, Wish
from tests.faults.together import ON_POSTGRES, crowd, failures, together
from tests.krea_site.belongings import drawn

pytestmark = ON_POSTGRES


def test_of_16_links_at_once_to_several_pictures_as_many_are_made_as_may_be(
    alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "MOST", 5)
    images = list(drawn(alice, 10, 11, 12, 13).images.all())
    Customer.objects.all().delete()  # nothing of hers has happened yet: all make the row that they then lock

    results = together([partial(shares.make, alice, images[number % 4], Wish(DEFAULT)) for number in range(16)])

    assert failures(results, shares.Refused) == []
    assert Share.objects.count() == 5


def test_of_12_links_at_once_to_one_picture_as_many_are_made_as_may_be(
    alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "MOST_OF_A_PICTURE", 3)
    image = drawn(alice, 10).images.get()

    results = crowd(partial(shares.make, alice, image, Wish(DEFAULT)), 12)

    assert failures(results, shares.Refused) == []
    assert Share.objects.count() == 3


def test_one_form_sent_by_12_at_once_is_one_link(alice: Any) -> None:
    image = drawn(alice, 10).images.get()

    results = crowd(partial(shares.make, alice, image, Wish(DEFAULT, id=uuid7())), 12)

    assert failures(results) == []
    assert len({share.pk for share in results}) == Share.objects.count() == 1
