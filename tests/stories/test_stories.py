"""Every story once, in an order of its own, with processes that die and that are slow. `python -m tests.stories` tells
each in two hundred.

The dice are the same in every run, so that a run that fails here fails again.
"""

import random
from collections.abc import Iterator

import pytest

from tests.standins.launch import StripeStandIn
from tests.stories.accidents import watching
from tests.stories.orders import Orders
from tests.stories.play import Play
from tests.stories.table import CHAPTERS, STORIES

pytestmark = pytest.mark.django_db(transaction=True)
SEED = 6
AT_ONCE = 15  # stories of one test: emptying the database between tests takes as long as telling one


@pytest.fixture
def play(transactional_db: None, stripe_standin: StripeStandIn) -> Iterator[Play]:
    with watching():
        play = Play(stripe_standin)
        yield play
        play.begin()


@pytest.mark.parametrize("part", range(-(-len(STORIES) // AT_ONCE)))
def test_whatever_arrives_in_whatever_order_the_ledger_ends_the_same(play: Play, part: int) -> None:
    wrong = {}
    for story in STORIES[part :: -(-len(STORIES) // AT_ONCE)]:
        orders = Orders(play, story, seed=SEED, most_copies=2)
        _, found = orders.tell(0)
        if found:
            wrong[story.name] = found

    assert wrong == {}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_two_orders_of_a_story_end_alike(play: Play, chapter: str) -> None:
    """One of each chapter is told three times, so that not only the table says how they end."""
    story = random.Random(SEED).choice([story for story in CHAPTERS[chapter] if len(story.steps) > 2])
    orders = Orders(play, story, seed=SEED)

    wrong = [words for number in range(3) for words in orders.tell(number)[1]]

    assert wrong == []
