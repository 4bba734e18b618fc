"""Make somebody staff in a role, or take it away: for the first owner, who has nobody to ask."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from krea_site import people
from krea_site.dashboard import acts
from krea_site.dashboard.people import members
from krea_site.models import Role

OF_COMMAND = "command"  # what stands in the audit log in place of a role


class Command(BaseCommand):
    help = "Give the account of EMAIL a role of the staff, or none. It is in the audit log, under the account itself."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("--role", required=True, choices=[*Role.values, members.NONE])

    def handle(self, *, email: str, role: str, **_: Any) -> None:
        found = people.find(email)
        if found is None:
            raise CommandError(f"There is no account {email}. They sign up first; then say this again.")
        wanted = None if role == members.NONE else Role(role)
        try:
            with transaction.atomic():
                person, had = members.set_role(found.pk, wanted)
                if had != wanted:
                    before, after = {"role": had.value if had else None}, {"role": wanted.value if wanted else None}
                    acts.of(
                        person, "staff.role", f"user:{person.pk}", before=before, after=after,
                        why=f"set_staff, by {people.actor()}", role=OF_COMMAND,
                    )  # fmt: skip
        except members.NotGiven as error:
            raise CommandError(f"Nothing was changed. {error}") from None
        if had == wanted:
            self.stdout.write(f"{person.email} is that already: {wanted or 'no staff'}.")
        else:
            self.stdout.write(f"{person.email} was {had or 'no staff'} and is {wanted or 'no staff any more'}.")
        if wanted is not None:
            self.stdout.write("At the first visit to /admin/ they set up a second factor.")
