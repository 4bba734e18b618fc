"""Give credits without a purchase: a transfer in the ledger that says who gave them and why."""

import re
from typing import Any
from uuid import uuid4

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing import credits, ledger
from krea_site import people

ADDRESS = re.compile(r"[^\s@]@[^\s@]+\.")
MOST = 10_000_000 * credits.PER_CREDIT  # ten thousand dollars: more than that is a slip of the finger


class Command(BaseCommand):
    help = "Give a user credits. Each run is an operation of its own: run twice, it gives twice."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("credits", metavar="CREDITS", help="such as 500 or 45.50")
        parser.add_argument("--reason", required=True, metavar="TEXT", help="why, as the statement will say it")

    def handle(self, *, email: str, reason: str, **options: Any) -> None:
        amount = read_amount(options["credits"])
        if not reason.strip():
            raise CommandError("--reason: say why; it stands on the customer's statement.")
        if ADDRESS.search(reason):
            raise CommandError("--reason: leave addresses out; it stays in the books when the account is deleted.")
        user, is_new = people.find_or_make(email)
        if is_new:
            self.stderr.write(f"There was no user {user.email}; made one.")
        ledger.grant(user, amount, key=f"command:{uuid4()}", memo=reason.strip(), actor=people.actor())
        balance = ledger.wallet(user).balance
        self.stdout.write(f"Gave {credits.show(amount)} credits to {user.email}; balance {credits.show(balance)}.")


def read_amount(text: str) -> int:
    """More than nothing and not absurdly much, in 1/100 credit; CommandError that names the argument."""
    try:
        amount = credits.read(text)
    except ValueError as error:
        raise CommandError(f"CREDITS: {error}") from None
    if not 0 < amount <= MOST:
        raise CommandError(f"CREDITS: give more than 0 and at most {credits.show(MOST)} credits.")
    return amount
