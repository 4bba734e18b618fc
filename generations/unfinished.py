"""How many images one customer may have under way, whichever doors they came through. There is no such limit unless
the operator sets one; then it is counted, and else it costs nothing."""

from django.db.models import Sum

from billing import set_limits
from billing.set_limits import Limit

from .models import Generation

OF_A_CUSTOMER = Limit(
    "unfinished_images", "Unfinished images of a customer", "images at once",
    "All that wait or are being drawn, from the studio and every key together. 0: nothing can be ordered.",
    lambda: None,
)  # fmt: skip


class TooManyUnfinished(Exception):
    """The order does not fit beside what is under way; nothing was written or held."""

    def __init__(self, under_way: int, asked: int, most: int) -> None:
        self.under_way, self.asked, self.most = under_way, asked, most
        super().__init__(
            f"{under_way} image{'' if under_way == 1 else 's'} of this account {'is' if under_way == 1 else 'are'} "
            f"under way, and it may have {most}; {asked} more {'does' if asked == 1 else 'do'} not fit."
        )


def check(generation: Generation) -> None:
    """Raises TooManyUnfinished for a new generation that is one too many. Call it after its first event: of two orders
    of one customer the second waits there, and then sees the first."""
    most = set_limits.of(OF_A_CUSTOMER, generation.user_id)
    if most is None:
        return
    mine = Generation.objects.filter(user_id=generation.user_id, outcome=None)
    total = mine.aggregate(total=Sum("unfinished"))["total"] or 0
    if total > most:
        raise TooManyUnfinished(total - generation.quantity, generation.quantity, most)
