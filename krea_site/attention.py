"""What waits for a person of the staff, in words, for the first page of their area."""

from collections.abc import Iterator
from dataclasses import dataclass

from billing import reconcile
from billing.models import StripeEvent
from krea_site import texts
from krea_site.models import Mail, Report


@dataclass(frozen=True)
class Matter:
    """`url_name` is where one deals with it, `query` what follows the address."""

    words: str
    url_name: str
    query: str = ""


def matters() -> Iterator[Matter]:
    reports = Report.objects.open().count()
    if reports:
        words = "1 report of a picture is open." if reports == 1 else f"{reports:,} reports of pictures are open."
        yield Matter(words, "staff-reports")
    failed = Mail.objects.given_up().count()
    if failed:
        words = "1 mail was given up" if failed == 1 else f"{failed:,} mails were given up"
        yield Matter(f"{words} in the last thirty days.", "staff-mails", "?state=failed")
    yield from _money()
    drafts = texts.unedited()
    if drafts:
        yield Matter(f"Still drafts, and marked as such: {', '.join(drafts)}.", "staff-texts")


def _money() -> Iterator[Matter]:
    lost = StripeEvent.objects.filter(handled_at=None, due_at=None).count()
    if lost:
        words = "1 event of Stripe's was" if lost == 1 else f"{lost:,} events of Stripe's were"
        yield Matter(f"{words} given up and can be repeated.", "staff-stripe", "?state=failed#events")
    last = reconcile.newest()
    if last is not None and last.left:
        words = "1 thing differs" if last.left == 1 else f"{last.left:,} things differ"
        yield Matter(f"{words} between Stripe's records and ours.", "staff-stripe")
