"""The small tables of the front page: by image model, by status, by cause, by part of the wait, by kind of movement."""

from dataclasses import dataclass
from typing import NamedTuple

from generations import catalogue
from generations.models import Outcome, Status
from krea_site.dashboard import words
from krea_site.dashboard.board import NOT_KNOWN, Board
from krea_site.dashboard.figures import Sums
from krea_site.picture_filters import NOT_SAID

WAITS = {
    "whole": ("From the order to the stored picture", ""),
    "here": ("Waiting here", "until it is first sent to fal"),
    "at_fal": ("At fal", "from the send until we know that it is done"),
    "waiting": ("Waiting at fal", "where fal says how long it drew"),
    "drawing": ("Drawing", "where fal says how long it drew"),
    "storing": ("Storing", "download, check, mark, thumbnails, store"),
}

SAID_BY_FAL = ("waiting", "drawing")


class Figure(NamedTuple):
    """A number in words and where the rows behind it are; `to` says which rows, where that is not plain."""

    value: str
    url: str = ""
    to: str = ""


@dataclass(frozen=True)
class Line:
    """One row of a small table: a name with a note, and its figures."""

    name: str
    figures: tuple[Figure, ...]
    note: str = ""
    tone: str = ""


NOTHING = [Figure(NOT_KNOWN)]


def models(board: Board) -> list[Line]:
    """One line for each image model, and one for all of them."""
    names = {each.id: each.name for each in catalogue.all()}
    lines = [_model(board, names.get(id, id), sums, id) for id, sums in board.counts.models.items()]
    return [*lines, _model(board, "All", board.counts, "")] if lines else []


def _model(board: Board, name: str, sums: Sums, id: str) -> Line:
    here, asked, subject = board.here, {"image_model": id} if id else {}, {"subject": id} if id else {}
    whole, stored = sums.waits.get("whole"), here.images(image_status="stored", **asked)
    found = [
        Figure(words.number(sums.ordered), here.images(**asked)),
        Figure(words.number(sums.stored), stored),
        Figure(words.number(sums.images.get("failed", 0)), here.images(image_status="failed", **asked)),
    ]
    if board.sees_money:
        spent, cost = here.transfers(book="usage", **subject), here.draws(paid="1", **asked)
        found += [
            Figure(words.whole_credits(sums.spent), spent),
            Figure(words.dollars(sums.cost), cost),
            Figure(words.dollars(sums.margin), spent, "what was spent; less fal's cost, which stands beside it"),
            Figure(words.per_mille(sums.margin_share), cost, "fal's cost; of what was spent")
            if sums.margin_share is not None else NOTHING[0],
        ]  # fmt: skip
    found += [Figure(words.took(ms), stored) for ms in (whole.median_ms, whole.p95_ms)] if whole else NOTHING * 2
    return Line(name, tuple(found), tone="bad" if sums.margin < 0 and board.sees_money else "")


def money(board: Board) -> list[Line]:
    """What moved in the period, in credits."""
    counts, here = board.counts, board.here
    return [
        Line(name, (Figure(words.whole_credits(amount), url),), note)
        for name, amount, url, note in (
            ("Sold", counts.sold, here.transfers(source="sales", kind="purchase"), ""),
            ("Given back and taken back", counts.cash - counts.sold, here.transfers(book="sales", kind="back"),
             "refunds and disputes, less what was won"),
            ("Given", counts.granted, here.transfers(book="grants"), "trial credits, gifts, bonus, net"),
            ("Spent", counts.spent, here.transfers(book="usage"), "for pictures, less what was given back"),
            ("Borne by us", counts.losses, here.transfers(book="losses"), "debts that we paid, less what came in"),
            ("Forfeited", counts.forfeited, here.transfers(book="forfeits"), "with deleted accounts"),
            ("All movements", counts.grown, here.transfers(), "by how much the wallets grew"),
        )
    ]  # fmt: skip


def statuses(board: Board) -> list[Line]:
    """Images by status; generations by outcome stand in `outcomes`."""
    counts, here = board.counts, board.here
    return [
        Line(status.label, (Figure(words.number(counts.images[status]), here.images(image_status=str(status))),))
        for status in Status
        if counts.images.get(status)
    ]


def outcomes(board: Board) -> list[Line]:
    counts, here = board.counts, board.here
    return [
        Line(name.capitalize(), (Figure(words.number(counts.generations[name]), here.generations(status=name)),))
        for name in ("open", *Outcome.values)
        if counts.generations.get(name)
    ]


def waits(board: Board) -> list[Line]:
    found, here = board.counts.waits, board.here
    lines = []
    for measure, (name, note) in WAITS.items():
        if measure in found:
            wait, timed = found[measure], {"timed": "1"} if measure in SAID_BY_FAL else {}
            url = here.images(image_status="stored", **timed)
            numbers = words.took(wait.median_ms), words.took(wait.p95_ms), words.number(wait.number)
            lines.append(Line(name, tuple(Figure(each, url) for each in numbers), note))
    return lines


def causes(board: Board) -> list[Line]:
    """Why pictures failed or were blocked, the most frequent first."""
    found = sorted(board.counts.causes, key=lambda cause: -cause[2])
    return [
        Line(
            code or "not said",
            (Figure(words.number(number), board.here.images(image_status=status, error=code or NOT_SAID)),),
            status,
        )
        for status, code, number in found
    ]


def doubts(board: Board) -> list[Line]:
    """Draws that fal may have billed without a picture for us, and what they may have cost."""
    names = {each.id: each.name for each in catalogue.all()}
    return [
        Line(
            names.get(id, id),
            tuple(
                Figure(number, board.here.draws(billed="1", image_model=id))
                for number in (words.number(sums.doubtful), words.dollars(sums.doubtful_cost))
            ),
        )
        for id, sums in board.counts.models.items()
        if sums.doubtful
    ]


def told(board: Board) -> list[Line]:
    """Webhooks to partners and Stripe's events of the period, by what became of them."""
    counts, here = board.counts, board.here
    lines = [
        Line(f"Webhooks {name.replace('_', ' ')}", (Figure(words.number(number), here.deliveries(state=name)),),
             tone="bad" if name == "given_up" else "")
        for name, number in sorted(counts.deliveries.items())
    ]  # fmt: skip
    if board.sees_money:
        lines += [
            Line(f"Stripe's events {name}", (Figure(words.number(number), here.events(state=name)),),
                 tone="bad" if name == "failed" else "")
            for name, number in sorted(counts.events.items())
            if number
        ]  # fmt: skip
    return lines
