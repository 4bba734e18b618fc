"""The play's limits, reports and erasures: set, claimed, and refused by fal."""

from typing import Any

from django.utils import timezone

from billing import set_limits
from billing.models import Plan
from billing.set_limits import EVERYBODY, Scope
from generations.models import FalErasure
from krea_site import reports
from krea_site.models import Reason


def lay(alice: Any, operator: Any, picture: str) -> dict[str, str]:
    plan = Plan.objects.order_by("cents")[0]
    for scope, wanted in (
        (EVERYBODY, {"trial_per_day": 150}),
        (Scope(plan_id=plan.pk), {"calls_a_minute": 600}),
        (Scope(user_id=alice.pk), {"queue_weight": 3, "unfinished_images": 400}),
    ):
        set_limits.put(scope, dict(wanted), was={})
    told = reports.Told(f"http://localhost/images/{picture}/", Reason.MINOR, "Please look at once.")
    urgent = reports.write(told, address="192.0.2.7")
    reports.claim(urgent.pk, by=operator)
    for number in range(2):
        FalErasure.objects.create(
            request_id=f"019ef3ca-bf2e-71b2-8000-00000000000{number}", cause=FalErasure.Cause.DELETED, tries=7,
            error="fal answered 403 This endpoint requires an admin API key", given_up_at=timezone.now(),
        )  # fmt: skip
    return {"limited": str(alice.pk), "limited_plan": str(plan.pk), "urgent_report": str(urgent.pk)}
