"""What the words of a delivery are made with, whoever's words they are."""

from dataclasses import dataclass

from partners.models import Topic


class NothingToTell(Exception):
    """What it was about was deleted meanwhile."""


@dataclass(frozen=True)
class Telling:
    """One thing that is to be told to an address that an order named. `name` tells apart what a dialect tells of one
    generation under one topic: what has the same name is told once."""

    url: str
    topic: Topic = Topic.GENERATION_FINISHED
    name: str = ""
