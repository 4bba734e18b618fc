"""The numbers of events: no reader at number n can ever miss n - 1, however the transactions end."""

from typing import Any

import pytest
from django.db import connection, transaction

from generations import events
from generations.models import Event
from tests.conftest import make_user
from tests.faults.together import ON_POSTGRES, crowd, together

pytestmark = ON_POSTGRES


@pytest.fixture
def ann(transactional_db: None) -> Any:
    """Has one event."""
    user = make_user("ann@example.com")
    events.write(user.pk, events.BALANCE_UPDATED)
    return user


def numbers(user: Any) -> list[int]:
    return list(Event.objects.filter(user=user).order_by("seq").values_list("seq", flat=True))


def test_a_later_number_is_not_given_before_the_earlier_one_is_committed(ann: Any) -> None:
    def impatient() -> int:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout TO '50ms'")
            return events.write(ann.pk, events.BALANCE_UPDATED)

    with transaction.atomic():
        assert events.write(ann.pk, events.BALANCE_UPDATED) == 2
        (later,) = together([impatient])  # it would have been number 3, and visible before number 2
        assert "lock timeout" in str(later)
        assert together([lambda: numbers(ann)]) == [[1]]

    assert events.write(ann.pk, events.BALANCE_UPDATED) == 3
    assert numbers(ann) == [1, 2, 3]


def test_a_number_that_was_taken_back_is_given_again(ann: Any) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        events.write(ann.pk, events.BALANCE_UPDATED)
        _ = 1 / 0

    given = crowd(lambda: events.write(ann.pk, events.BALANCE_UPDATED), 8)

    assert sorted(given) == list(range(2, 10))
    assert numbers(ann) == list(range(1, 10))


def test_the_first_events_of_somebody_who_has_none_are_numbered_as_well(transactional_db: None) -> None:
    ben = make_user("ben@example.com")

    given = crowd(lambda: events.write(ben.pk, events.BALANCE_UPDATED), 8)

    assert sorted(given) == numbers(ben) == list(range(1, 9))
