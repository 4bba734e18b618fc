"""The charts of the front page: which figures each of them shows, and where each figure leads."""

from collections.abc import Callable, Iterator

from krea_site.dashboard import charts, figures, words
from krea_site.dashboard.board import NAMES, Board, address
from krea_site.dashboard.charts import Cell, Chart, Column
from krea_site.dashboard.charts import Kind as Shape
from krea_site.dashboard.figures import Counts
from krea_site.dashboard.lines import SAID_BY_FAL
from krea_site.dashboard.links import Links, iso
from krea_site.dashboard.periods import Period, Span
from krea_site.picture_filters import FAILED_OR_BLOCKED, UNDER_WAY

SHORT = {Period.HOUR: "%H:00", Period.DAY: "%-d %b", Period.MONTH: "%b %Y"}
Numbers = tuple[tuple[int | None, str], ...]


def drawn(board: Board) -> list[Chart]:
    """In the order of the page; money for whoever may see it."""
    return [*(_of_money(board) if board.sees_money else ()), *_of_pictures(board)]


def _of_money(board: Board) -> Iterator[Chart]:
    yield _chart(board, "Cash and fal's cost", "dollars", Shape.BESIDE, ("Cash, net", "fal's cost"), words.dollars, {
        span: ((counts.revenue, to.transfers(book="sales")), (counts.cost, to.draws(paid="1")))
        for span, counts, to in _counted(board)
    })  # fmt: skip
    yield _chart(board, "Credits sold and spent", "credits", Shape.BESIDE, ("Sold", "Spent"), words.whole_credits, {
        span: ((counts.sold, to.transfers(source="sales", kind="purchase")),
               (counts.spent, to.transfers(book="usage")))
        for span, counts, to in _counted(board)
    })  # fmt: skip
    yield _chart(board, "Outstanding and debt", "credits at the end of each", Shape.LINES, ("Outstanding", "Debt"),
                 words.whole_credits, _standing(board))  # fmt: skip


def _of_pictures(board: Board) -> Iterator[Chart]:
    names = ("Stored", "Failed or blocked", "Cancelled", "Under way")
    yield _chart(board, "Pictures", "by when they were ordered and what became of them", Shape.STACKED, names,
                 words.number, {
        span: ((counts.stored, to.images(image_status="stored")),
               (counts.images.get("failed", 0) + counts.images.get("blocked", 0),
                to.images(image_status=FAILED_OR_BLOCKED)),
               (counts.images.get("canceled", 0), to.images(image_status="canceled")),
               (counts.open, to.images(image_status=UNDER_WAY)))
        for span, counts, to in _counted(board)
    })  # fmt: skip
    yield _chart(board, "From the order to the stored picture", "how long it took", Shape.LINES,
                 ("Median", "95th percentile"), words.took, {
        span: tuple((ms, to.images(image_status="stored")) for ms in (wait.median_ms, wait.p95_ms))
        for span, counts, to in _counted(board) if (wait := counts.waits.get("whole"))
    })  # fmt: skip
    parts = {"Waiting here": "here", "Waiting at fal": "waiting", "Drawing": "drawing", "Storing": "storing"}
    yield _chart(board, "Where the time goes", "medians", Shape.LINES, tuple(parts), words.took, {
        span: tuple((counts.waits[name].median_ms if name in counts.waits else None,
                     to.images(image_status="stored", **({"timed": "1"} if name in SAID_BY_FAL else {})))
                    for name in parts.values())
        for span, counts, to in _counted(board)
    })  # fmt: skip


def _chart(
    board: Board,
    title: str,
    about: str,
    kind: Shape,
    series: tuple[str, ...],
    shown: Callable[[int], str],
    known: dict[Span, Numbers],
) -> Chart:
    nothing: Numbers = ((None, ""),) * len(series)
    columns = [
        Column(
            short=slot.span.start.strftime(SHORT[slot.span.period]),
            name=slot.span.start.strftime(NAMES[slot.span.period]),
            url=address(slot.span),
            cells=tuple(Cell(*cell) for cell in known.get(slot.span, nothing)),
            is_chosen=slot.span == board.slot.span,
        )
        for slot in board.slots[1:]
    ]
    return charts.of(title, about, kind, series, columns, shown)


def _counted(board: Board) -> Iterator[tuple[Span, Counts, Links]]:
    for slot in board.slots[1:]:
        if slot.counts is not None:
            yield slot.span, slot.counts, board.links.of(slot.span)


def _standing(board: Board) -> dict[Span, Numbers]:
    """What all wallets had and owed at the end of each period: from the newest count back, less what moved since. The
    rows behind are all movements until then."""
    known: dict[Span, Numbers] = {}
    slots = board.slots[1:]
    if slots[-1].counts is None:  # a new period that was not counted yet
        slots = slots[:-1]
    level = figures.at_the_end(slots[-1])
    for slot in reversed(slots):
        if level is None or slot.counts is None:
            break
        until = iso(slot.span.end)
        known[slot.span] = (
            (level[0], board.links.transfers(until=until)), (level[1], board.links.transfers(debt="1", until=until)),
        )  # fmt: skip
        level = (level[0] - slot.counts.grown, level[1] - slot.counts.owed)
    return known
