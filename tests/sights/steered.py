"""What staff did to pictures in the play: credits back in the background, and its place in the audit log."""

from typing import Any
from uuid import UUID

from django.db import transaction
from uuid_utils.compat import uuid7

from krea_site import bulk_acts
from krea_site.dashboard import acts
from krea_site.models import BulkAct, StaffAct


def steer(operator: Any, generation: str) -> dict[str, str]:
    why = "The night in which fal drew everything green"
    with transaction.atomic():
        act = bulk_acts.begin(
            BulkAct.What.REFUND,
            id=uuid7(),
            by=operator,
            why=why,
            counted=1,
            ids=[UUID(generation)],
            newest=UUID(int=2**128 - 1),
        )
        told: dict[str, Any] = {"what": "refund", "counted": 1, "ids": 1}
        acts.of(operator, "pictures.refund_many", f"bulk:{act.pk}", after=told, why=why)
        acts.of(operator, "texts.save", "text:terms", before={"version": 1}, after={"version": 2}, why="A new address")
    bulk_acts.go_on(act.pk)
    return {"bulk_act": str(act.pk), "staff_act": str(StaffAct.objects.filter(verb="texts.save").latest("pk").pk)}
