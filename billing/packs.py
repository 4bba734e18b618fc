"""The first packs and plans; from then on they are rows that the operator edits."""

from .models import Pack, Plan

# US cents, credits.
FIRST_PACKS = ((500, 5_000), (1_000, 10_000), (2_500, 26_000), (5_000, 53_000), (10_000, 110_000))
FIRST_PLANS = (("Monthly 11,000", 1_000, 11_000), ("Monthly 35,000", 3_000, 35_000))


def seed() -> None:
    """Write them where there are none, so that what the operator took away stays away."""
    if not Pack.objects.exists():
        Pack.objects.bulk_create([Pack(cents=cents, credits=credits * 100) for cents, credits in FIRST_PACKS])
    if not Plan.objects.exists():
        Plan.objects.bulk_create(
            [Plan(name=name, cents=cents, credits=credits * 100) for name, cents, credits in FIRST_PLANS]
        )
