"""Daily closing rows: the sum of an account's transfers up to a day's end, so that sums over years stay cheap."""

from datetime import UTC, date, datetime, timedelta

from django.db.models import QuerySet, Sum
from django.utils import timezone

from .models import Account, Book, Closing, Transfer

# A transfer is written with the time before its commit; a day is closed only when all of its own must be in.
SETTLING_TIME = timedelta(hours=1)


def close_days() -> int:
    """Close, for each of our books, every day that is over and not yet closed; how many rows were written."""
    last_day = (timezone.now() - SETTLING_TIME).astimezone(UTC).date() - timedelta(days=1)
    written = 0
    for account in Account.objects.filter(book__isnull=False).order_by("pk"):
        row = Closing.objects.filter(account=account).order_by("-day").first()
        if row is None or row.day < last_day:
            balance = (row.balance if row else 0) + _moved(account.pk, after=row.day if row else None, until=last_day)
            _, is_new = Closing.objects.get_or_create(account=account, day=last_day, defaults={"balance": balance})
            written += is_new
    return written


def balance_of(name: Book) -> int:
    """What a book has received less what it gave, until now: the last closing and the transfers since."""
    account = Account.objects.filter(book=name).first()
    if account is None:
        return 0
    row = Closing.objects.filter(account=account).order_by("-day").first()
    return (row.balance if row else 0) + _moved(account.pk, after=row.day if row else None, until=None)


def recompute(account_id: int, day: date) -> int:
    """The closing of a day from the transfers alone."""
    return _moved(account_id, after=None, until=day)


def _moved(account_id: int, *, after: date | None, until: date | None) -> int:
    rows = Transfer.objects.all()
    if after is not None:
        rows = rows.filter(created_at__gte=_end_of(after))
    if until is not None:
        rows = rows.filter(created_at__lt=_end_of(until))
    return _sum(rows.filter(target=account_id)) - _sum(rows.filter(source=account_id))


def _sum(rows: "QuerySet[Transfer]") -> int:
    return int(rows.aggregate(total=Sum("amount"))["total"] or 0)


def _end_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
