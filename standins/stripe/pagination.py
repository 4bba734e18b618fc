"""Lists, newest first, a page at a time: limit, starting_after, ending_before, and filters."""

from collections.abc import Callable, Iterable
from typing import Any

from standins.stripe.errors import missing
from standins.stripe.objects import Object, listed
from standins.stripe.params import Param, Params, integer, span, text

PAGE: Params = {"limit": integer(1, 100), "starting_after": text(), "ending_before": text()}
COMPARE: dict[str, Callable[[int, int], bool]] = {
    "gt": lambda mine, theirs: mine > theirs,
    "gte": lambda mine, theirs: mine >= theirs,
    "lt": lambda mine, theirs: mine < theirs,
    "lte": lambda mine, theirs: mine <= theirs,
}


def paged(**filters: Param) -> Params:
    """What a list understands: the page, when things were made, and these filters."""
    return {**PAGE, "created": span(), **filters}


def page(rows: Iterable[Object], params: dict[str, Any], url: str, *fields: str) -> Object:
    """One page of rows that come newest first. `fields` are filters that compare with the field of that name."""
    wanted = {name: params[name] for name in fields if params.get(name) is not None}
    kept = [row for row in rows if fits(row, params.get("created"), wanted)]
    limit = params.get("limit") or 10
    if after := params.get("starting_after"):
        kept = kept[place(kept, after, "starting_after") + 1 :]
    elif before := params.get("ending_before"):
        end = place(kept, before, "ending_before")
        return listed(kept[max(0, end - limit) : end], url, more=end > limit)
    return listed(kept[:limit], url, more=len(kept) > limit)


def fits(row: Object, created: dict[str, int] | None, wanted: dict[str, Any]) -> bool:
    if any(row.get(name) != value for name, value in wanted.items()):
        return False
    return not created or all(COMPARE[how](row["created"], moment) for how, moment in created.items())


def place(rows: list[Object], id: str, param: str) -> int:
    for index, row in enumerate(rows):
        if row["id"] == id:
            return index
    raise missing("object", id, param)
