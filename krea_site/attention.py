"""What waits for a person of the staff, in words, for the first page of their area: what their role can deal with."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from billing import reconcile
from billing.models import StripeEvent
from krea_site import check_runs, texts
from krea_site.dashboard.people import credit_requests
from krea_site.dashboard.roles import Lever
from krea_site.models import CheckRun, Mail, Report


@dataclass(frozen=True)
class Matter:
    """`url_name` is where one deals with it, `query` what follows the address."""

    words: str
    url_name: str
    query: str = ""


def matters(levers: Collection[Lever]) -> Iterator[Matter]:
    """What waits for whoever has these levers. What they may not open is not looked for."""
    for lever, look in LOOKS:
        if lever in levers:
            yield from look()


def _reports() -> Iterator[Matter]:
    reports = Report.objects.open().count()
    if reports:
        words = "1 report of a picture is open." if reports == 1 else f"{reports:,} reports of pictures are open."
        yield Matter(words, "staff-reports")


def _credits() -> Iterator[Matter]:
    waiting = credit_requests.waiting().count()
    if waiting:
        words = "1 request for credits waits" if waiting == 1 else f"{waiting:,} requests for credits wait"
        yield Matter(f"{words} for a second member of the staff.", "staff-credit-requests")


def _mails() -> Iterator[Matter]:
    failed = Mail.objects.given_up().count()
    if failed:
        words = "1 mail was given up" if failed == 1 else f"{failed:,} mails were given up"
        yield Matter(f"{words} in the last thirty days.", "staff-mails", "?state=failed")


def _texts() -> Iterator[Matter]:
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
    at_fal = check_runs.newest(CheckRun.Kind.FAL)
    if at_fal is not None and at_fal.left:
        words = "1 thing differs" if at_fal.left == 1 else f"{at_fal.left:,} things differ"
        yield Matter(f"{words} between fal's records and ours.", "staff-fal", "#open")
    audited = check_runs.newest(CheckRun.Kind.AUDIT)
    if audited is not None and audited.left:
        words = "1 thing is" if audited.left == 1 else f"{audited.left:,} things are"
        yield Matter(f"{words} wrong in the books.", "staff-audit")


LOOKS = (
    (Lever.SEE_REPORTS, _reports),
    (Lever.CONFIRM_CREDITS, _credits),
    (Lever.SEE_MAILS, _mails),
    (Lever.SEE_MONEY, _money),
    (Lever.EDIT_TEXTS, _texts),
)
