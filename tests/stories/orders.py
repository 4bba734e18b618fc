"""All orders of one story: each is told by dice of its own, and all must end alike."""

import random
import traceback
from collections import Counter

from tests.stories.ending import Ending
from tests.stories.play import Play
from tests.stories.steps import Story
from tests.stories.telling import MOST_COPIES, Telling


class Orders:
    def __init__(self, play: Play, story: Story, *, seed: int, most_copies: int = MOST_COPIES) -> None:
        self.play, self.story, self.seed, self.most_copies = play, story, seed, most_copies
        self._first: dict[bool, Ending] = {}

    def tell(self, number: int) -> tuple[Counter[str], list[str]]:
        """What happened on the way, and what is wrong with how it ended."""
        dice = random.Random(f"{self.seed} {self.story.name} {number}")
        telling = Telling(self.play, self.story, dice, most_copies=self.most_copies)
        try:
            found, wrong = telling.tell()
        except Exception:
            return telling.counts, ["".join(traceback.format_exc().splitlines(keepends=True)[-12:])]
        for first in self._first.values():
            wrong += first.differences(found)
        self._first.setdefault(found.transfers is None, found)
        return telling.counts, wrong
