"""Charts of the front page as SVG without scripts: bars and lines over the periods of a window, in whole numbers.

A column is COLUMN wide, the scale HEIGHT high; the browser stretches both. Beside each chart stands a table that says
the same.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

COLUMN, GAP, HEIGHT = 60, 8, 1000
STEPS = (1, 2, 5)


class Kind(StrEnum):
    """How the series of a chart stand: side by side, one on top of the other, or as lines."""

    BESIDE = "beside"
    STACKED = "stacked"
    LINES = "lines"


@dataclass(frozen=True)
class Cell:
    """One number: None where it is not known. `url` leads to the rows behind it, where the reader may see them."""

    value: int | None
    url: str = ""


@dataclass(frozen=True)
class Column:
    """One period: a short name for the axis, a whole one for the table, and one cell for each series."""

    short: str
    name: str
    url: str
    cells: tuple[Cell, ...]
    is_chosen: bool = False


@dataclass(frozen=True)
class Chart:
    """`shown` writes a number as words, for the scale and the table alike."""

    title: str
    about: str
    kind: Kind
    series: tuple[str, ...]
    columns: tuple[Column, ...]
    shown: Callable[[int], str]

    @property
    def width(self) -> int:
        return COLUMN * len(self.columns)

    @property
    def is_empty(self) -> bool:
        return not any(cell.value for column in self.columns for cell in column.cells)

    @property
    def top(self) -> int:
        return round_up(max(0, *self._ends()))

    @property
    def bottom(self) -> int:
        lowest = min(0, *self._ends())
        return -round_up(-lowest) if lowest < 0 else 0

    @property
    def scale(self) -> list[str]:
        """What stands beside the upper edge, the middle and the lower edge."""
        return [self.shown(number) for number in (self.top, (self.top + self.bottom) // 2, self.bottom)]

    @property
    def ground(self) -> int:
        """Where the line of nothing is, from the top."""
        return self._y(0)

    @property
    def chosen_x(self) -> int | None:
        return next((place * COLUMN for place, column in enumerate(self.columns) if column.is_chosen), None)

    @property
    def marks(self) -> list[Column]:
        """The columns whose names stand under the chart: the first, the middle and the last."""
        last = len(self.columns) - 1
        return [self.columns[place] for place in sorted({0, last // 2, last})]

    @property
    def newest_first(self) -> tuple[Column, ...]:
        return self.columns[::-1]

    @property
    def strips(self) -> list[tuple[int, str]]:
        """For each column where it begins, and all that it says: what a pointer is shown."""
        return [
            (place * COLUMN, f"{column.name}: {', '.join(self._said(column))}")
            for place, column in enumerate(self.columns)
        ]

    @property
    def paths(self) -> list[str]:
        """One path for each series: outlines of bars, or lines."""
        draw = self._line if self.kind == Kind.LINES else self._bars
        return [draw(index) for index in range(len(self.series))]

    @property
    def dots(self) -> list[str]:
        """For lines: a dot at each number, so that one that stands alone is seen."""
        if self.kind != Kind.LINES:
            return []
        return ["".join(f"M{x} {y}h0" for x, y in self._points(index)) for index in range(len(self.series))]

    @property
    def summary(self) -> str:
        """The newest and the highest number of each series, for those who do not see the chart."""
        said = []
        for index, name in enumerate(self.series):
            known = [(column.cells[index].value, column.name) for column in self.columns]
            found = [(value, at) for value, at in known if value is not None]
            if found:
                highest = max(found)
                said.append(f"{name}: now {self.shown(found[-1][0])}, most {self.shown(highest[0])} ({highest[1]})")
        return ". ".join(said) or "Nothing yet"

    def _said(self, column: Column) -> Iterator[str]:
        for name, cell in zip(self.series, column.cells, strict=True):
            yield f"{name} {'not known' if cell.value is None else self.shown(cell.value)}"

    def _ends(self) -> Iterator[int]:
        for column in self.columns:
            values = [cell.value or 0 for cell in column.cells]
            yield from [sum(values)] if self.kind == Kind.STACKED else values

    def _y(self, value: int) -> int:
        return HEIGHT - (value - self.bottom) * HEIGHT // (self.top - self.bottom)

    def _bars(self, index: int) -> str:
        parts = []
        for place, column in enumerate(self.columns):
            value = column.cells[index].value
            if not value:
                continue
            if self.kind == Kind.STACKED:
                below = sum(cell.value or 0 for cell in column.cells[:index])
                x, breadth, start, end = place * COLUMN + GAP, COLUMN - 2 * GAP, self._y(below), self._y(below + value)
            else:
                breadth = (COLUMN - 2 * GAP) // len(self.series)
                x, start, end = place * COLUMN + GAP + index * breadth, self._y(0), self._y(value)
            upper, height = min(start, end), max(abs(start - end), 4)
            parts.append(f"M{x} {upper}h{breadth}v{height}h-{breadth}z")
        return "".join(parts)

    def _points(self, index: int) -> Iterator[tuple[int, int]]:
        for place, column in enumerate(self.columns):
            value = column.cells[index].value
            if value is not None:
                yield place * COLUMN + COLUMN // 2, self._y(value)

    def _line(self, index: int) -> str:
        """Broken where nothing is known."""
        parts, is_on = [], False
        for place, column in enumerate(self.columns):
            value = column.cells[index].value
            if value is not None:
                parts.append(f"{'L' if is_on else 'M'}{place * COLUMN + COLUMN // 2} {self._y(value)}")
            is_on = value is not None
        return "".join(parts)


def round_up(most: int) -> int:
    """The least round number that is not below; 1 for nothing."""
    factor = 1
    while True:
        for step in STEPS:
            if step * factor >= most:
                return step * factor
        factor *= 10


def of(
    title: str, about: str, kind: Kind, series: Sequence[str], columns: Sequence[Column], shown: Callable[[int], str]
) -> Chart:
    return Chart(title, about, kind, tuple(series), tuple(columns), shown)
