"""Make an API key; it is printed alone on standard output, so that a script can take it from there."""

from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing import credits
from krea_site import people
from partners import keys
from partners.models import Scope


class Command(BaseCommand):
    help = "Make an API key for a user, who is made too where there is none. The key is shown this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("--name", required=True, help="what the key is for, as its owner will see it")
        parser.add_argument(
            "--scopes",
            nargs="+",
            metavar="SCOPE",
            help=f"what it may do, of: {', '.join(Scope.values)}; all of them unless said",
        )
        parser.add_argument(
            "--monthly-limit", type=amount, metavar="CREDITS", help="the most it may spend in a month; none unless said"
        )

    def handle(self, *, email: str, name: str, scopes: list[str] | None, monthly_limit: int | None, **_: Any) -> None:
        if not name.strip() or len(name) > 100:
            raise CommandError("--name: give the key a name of 1 to 100 characters.")
        # Both "--scopes a b" and "--scopes a,b" are what people type.
        wanted = None if scopes is None else [scope for part in scopes for scope in part.split(",") if scope]
        user, is_new = people.find_or_make(email)
        try:
            secret = keys.make(user, name.strip(), wanted, monthly_limit)[1]
        except keys.UnknownScope as error:
            raise CommandError(f"--scopes: {error}") from None
        if is_new:
            self.stderr.write(f"Made the user {user.email}; their password is set with “Forgot your password?”.")
        self.stdout.write(secret)


def amount(text: str) -> int:
    """Credits as they are typed, in 1/100 credit."""
    try:
        return credits.read(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
