"""Orders through the API again and again, and dies a little later each time; then the partner tries again.

    python -m tests.partners.dying KIND...

on the database that the environment names; KIND is one of `bomb.KINDS`. Prints one line of JSON for each life: whether
it met its bomb, and what was wrong after the retry.
"""

import sys

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402

from billing import ledger  # noqa: E402
from generations.models import Generation  # noqa: E402
from partners import keys  # noqa: E402
from partners.models import KeptAnswer, Key, Order  # noqa: E402
from tests.conftest import wallet_of  # noqa: E402
from tests.faults.bomb import Bomb  # noqa: E402
from tests.faults.clean import empty_the_books  # noqa: E402
from tests.faults.invariants import broken  # noqa: E402
from tests.faults.lives import done, lead  # noqa: E402
from tests.partners.caller import FOX, Caller  # noqa: E402

User = get_user_model()
MOST_LIVES = 60


def begin() -> str:
    """Empty books, a partner with credits; the secret of their new key."""
    for model in (Order, KeptAnswer, Key):
        model.objects.all().delete()
    empty_the_books()
    cache.clear()
    user = User.objects.get_or_create(email="acme@example.com")[0]
    ledger.grant(user, 100_00, key="first", memo="For the play")
    return keys.make(user, "Shop")[1]


def live(bomb: Bomb, secret: str) -> None:
    connections.close_all()
    bomb.arm()
    Caller(secret).post("/generations", FOX, key="the one wish")


def retried(secret: str) -> list[str]:
    """The partner, who saw no answer, sends it again, twice; what should not be so then."""
    first, second = (Caller(secret).post("/generations", FOX, key="the one wish") for _ in range(2))
    found = [*broken()]
    if (first.status_code, second.content) != (202, first.content):
        found.append(f"the retries were told {first.status_code} and {second.content[:200]!r}")
    if Generation.objects.count() != 1 or wallet_of(User.objects.get()) != (100_00, 39_00):
        found.append(f"{Generation.objects.count()} generations, wallet {wallet_of(User.objects.get())}")
    if str(Generation.objects.get().pk) != first.json()["id"]:
        found.append("the answer is about another generation")
    return found


def main(kinds: list[str]) -> None:
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    done(lambda: call_command("migrate", verbosity=0))
    lead(kinds, lambda: done(begin), live, retried, most=MOST_LIVES)


if __name__ == "__main__":
    main(sys.argv[1:])
