"""What the operator has planned on the stage: a price that comes, an offer and a notice that are to come."""

from datetime import timedelta

from django.utils import timezone

from billing import offering, planned, repricing
from billing.models import Pack
from generations import switches


def plan() -> dict[str, str]:
    """All of it far enough ahead that no page but those of staff shows it."""
    ahead = timezone.now() + timedelta(days=300)
    new = repricing.NewPrice("krea-2-medium", 41_00, 31_000, ahead)
    price = repricing.add(new, shown=repricing.seen("krea-2-medium"))
    wish = offering.Wish(False, 2_500, 27_000_00)
    offer = planned.plan(Pack.objects.get(cents=2_500), wish=wish, is_plan=False, at=ahead)
    notice = switches.announce(
        "On Sunday night the site moves to new machines.", starts_at=ahead, ends_at=ahead + timedelta(hours=2)
    )
    assert price and offer and notice
    return {"coming_price": str(price.pk), "planned_offer": str(offer.pk), "notice": str(notice.pk)}
