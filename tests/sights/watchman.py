"""The play's alerts: two that are open, of which somebody knows of one, and one that is over."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from generations.models import Beat
from krea_site import reasons
from krea_site.models import Alert
from krea_site.watch import facts, rounds, rows
from krea_site.watch.conditions import Found
from tests.sights import clock

LOCKED = Found("fal_locked", "Since 21 November, 09:12 UTC. Orders are taken and wait; fal says: Exhausted balance.")
MARGIN = Found("margin_negative", "Its pictures today cost $3.12 more at fal than they brought.", "krea-2-large")
QUEUE = Found(
    "queue_stands_still", "4 pictures could be sent to fal, and nothing goes: the last one was 20 November, 22:40 UTC."
)


def stand(operator: Any) -> dict[str, str]:
    no_round_is_due()
    clock.go_to(days=1)
    rows.bring_up_to_date(rows.of_site(), [QUEUE])
    clock.pass_by(900)
    rows.bring_up_to_date(rows.of_site(), [])
    clock.go_to(hours=2)
    rows.bring_up_to_date(rows.of_site(), [MARGIN])
    clock.pass_by(3000)
    rows.bring_up_to_date(rows.of_site(), [MARGIN, LOCKED])
    margin = Alert.objects.open().get(name="margin_negative")
    why = "The new price holds from tonight on"
    rows.acknowledge(margin.pk, actor=reasons.actor(operator), why=why)
    return {"alert": str(Alert.objects.open().get(name="fal_locked").pk)}


def no_round_is_due() -> None:
    """The leases of the watch are taken for good: the running house leaves the play's alerts as they are."""
    for name in (rounds.SITE, f"{rounds.SITE} {facts.HOST}"[:32]):
        Beat.objects.create(
            name=name, at=timezone.now(), holder="the play", until=timezone.now() + timedelta(days=36500)
        )
