"""The stream of the studio: somebody's newest pictures as cards, each with what one press orders next."""

from itertools import accumulate, takewhile
from typing import Any

from . import presentation, repeats
from .models import Generation
from .presentation import Card

PICTURES = 60


def cards(user: Any) -> list[Card]:
    """The newest generations, as many as have PICTURES pictures between them, and at least one."""
    mine = Generation.objects.filter(user=user, deleted_at=None).order_by("-id")
    newest = list(mine.values_list("id", "quantity")[:PICTURES])
    sums = accumulate(quantity for _, quantity in newest)
    count = max(1, len(list(takewhile(lambda pictures: pictures <= PICTURES, sums))))
    found = mine.filter(id__in=[id for id, _ in newest[:count]]).prefetch_related("images")
    shown = [card for card in presentation.cards(list(found)) if card.shown or card.is_running or not card.ready]
    return repeats.offered(shown)


def card(generation: Generation) -> Card:
    """The card of one generation as its rows are now."""
    fresh = Generation.objects.prefetch_related("images").get(pk=generation.pk)
    return repeats.offered([presentation.card(fresh)])[0]
