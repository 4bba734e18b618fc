"""One worker of `python -m tests.stories`: its share of the stories, a line of JSON for each order."""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django

import tests.environment  # noqa: F401  (before the settings: files of its own, and nobody is called)

os.environ["DATABASE_URL"] = f"sqlite:///{os.environ['VAR_DIR']}/stories.sqlite3"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "krea_site.settings")
os.environ["LOG_LEVEL"] = "CRITICAL"
django.setup()

from django.core.management import call_command  # noqa: E402

from tests.standins.launch import start_stripe  # noqa: E402
from tests.stories.accidents import watching  # noqa: E402
from tests.stories.orders import Orders  # noqa: E402
from tests.stories.play import Play  # noqa: E402
from tests.stories.table import STORIES  # noqa: E402


def main(given: dict[str, Any]) -> int:
    call_command("migrate", verbosity=0)
    is_wrong = False
    with start_stripe(Path(os.environ["VAR_DIR"])) as standin, watching():
        for line in lines(Play(standin), given):
            is_wrong |= bool(line["wrong"])
            print(json.dumps(line), flush=True)
    return int(is_wrong)


def lines(play: Play, given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The first order of all, then the second: what the time does not suffice for is missing of each alike."""
    chosen = [story for story in STORIES if given["only"] in story.name]
    mine = [Orders(play, story, seed=given["seed"]) for story in chosen[given["number"] :: given["workers"]]]
    ends_at = time.monotonic() + 60 * given["minutes"]
    for number in range(given["first"], given["first"] + given["orders"]):
        for orders in mine:
            if time.monotonic() > ends_at:
                return
            counts, wrong = orders.tell(number)
            yield {"story": orders.story.name, "order": number, "counts": counts, "wrong": wrong}


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
