"""The tasks of what spans the apps, thin doors: each may run twice, and has a row that the sweep finds."""

from uuid import UUID

from krea_site import exports, farewell
from krea_site.mails import post


def send_mail(mail_id: str) -> None:
    post.deliver(UUID(mail_id))


def build_export(export_id: str) -> None:
    exports.build(UUID(export_id))


def say_farewell(farewell_id: str) -> None:
    farewell.go_on(int(farewell_id))
