"""The stories. Packs bring 5,000 credits for 5 dollars, 10,000 for 10, 26,000 for 25, 53,000 for 50, 110,000 for 100;
plans 11,000 a month for 10 and 35,000 for 30. `ends`: the balance in credits, or the balance and the debt."""

from tests.stories.steps import Story
from tests.stories.table.buying import BUYING, DELAYED
from tests.stories.table.given_back import REFUNDED
from tests.stories.table.plans import SUBSCRIBED
from tests.stories.table.taken_back import DISPUTED
from tests.stories.table.top_ups import TOPPED_UP

CHAPTERS: dict[str, tuple[Story, ...]] = {
    "buying": BUYING,
    "delayed": DELAYED,
    "refunded": REFUNDED,
    "disputed": DISPUTED,
    "subscribed": SUBSCRIBED,
    "topped up": TOPPED_UP,
}
STORIES = tuple(story for chapter in CHAPTERS.values() for story in chapter)
