"""Tables whose rows become cards on a phone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from standins.stripe.objects import Object
from standins.stripe.pages.writing import NOTHING, Html, fill, joined, link

AT_FIRST, AT_MOST = 10, 500
SECTION = """<section class="panel" aria-labelledby="{id}">
<div class="heading"><h2 id="{id}">{title} <small>{count}</small></h2>
{tools}</div>
{inside}{more}</section>"""
TABLE = """<table class="stacking"><thead><tr>{heads}</tr></thead>
<tbody>
{rows}
</tbody></table>"""
CELL = '<td class="{kind}" data-name="{name}"><div>{value}</div></td>'
MORE = '<p class="more">{link}</p>'


@dataclass(frozen=True)
class Column:
    """`of` writes the cell of a row. A column without a title is for buttons."""

    title: str
    of: Callable[[Object], Html]
    kind: str = ""


def table(
    id: str,
    title: str,
    columns: Sequence[Column],
    rows: Sequence[Object],
    *,
    empty: str,
    whole: str,
    tools: Html = NOTHING,
) -> Html:
    """A titled table, of its first rows only unless it is the one that is wanted `whole`."""
    shown = rows[: AT_MOST if whole == id else AT_FIRST]
    heads = joined(
        (fill('<th scope="col" class="{kind}">{title}</th>', kind=c.kind, title=head(c)) for c in columns), ""
    )
    lines = joined(fill("<tr>{cells}</tr>", cells=cells(columns, row)) for row in shown)
    inside = fill(TABLE, heads=heads, rows=lines) if shown else fill('<p class="empty">{empty}</p>', empty=empty)
    all_of_them = link(f"/?all={id}#{id}", f"Show all {len(rows)}")
    more = fill(MORE, link=all_of_them) if len(rows) > len(shown) and whole != id else NOTHING
    return fill(SECTION, id=id, title=title, count=len(rows) or "", tools=tools, inside=inside, more=more)


def head(column: Column) -> Html:
    return fill("{title}", title=column.title) if column.title else Html('<span class="unseen">What to do</span>')


def cells(columns: Sequence[Column], row: Object) -> Html:
    return joined((fill(CELL, kind=c.kind, name=c.title, value=c.of(row)) for c in columns), "")
