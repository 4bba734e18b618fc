"""The tasks of what spans the apps, thin doors: each may run twice, and has a row that the sweep finds."""

from uuid import UUID

from krea_site import bulk_acts, check_orders, exports, farewell, takedowns
from krea_site.dashboard import rollups
from krea_site.mails import post
from krea_site.models import CheckOrder


def send_mail(mail_id: str) -> None:
    post.deliver(UUID(mail_id))


def build_export(export_id: str) -> None:
    exports.build(UUID(export_id))


def say_farewell(farewell_id: str) -> None:
    farewell.go_on(int(farewell_id))


def do_many(act_id: str) -> None:
    bulk_acts.go_on(UUID(act_id))


def count_figures() -> None:
    rollups.work()


def check(kind: str) -> None:
    check_orders.go_on(CheckOrder.Kind(kind))


def take_down(takedown_id: str) -> None:
    takedowns.go_on(UUID(takedown_id))
