"""The page that lists what was drawn, newest first, and its thumbnails."""

import time
from html import escape
from pathlib import Path

from starlette.responses import HTMLResponse, Response

from standins.fal import outcome
from standins.fal.answers import detail
from standins.fal.call import Call
from standins.fal.control import summary
from standins.fal.drawing import Drawing, Status
from standins.fal.world import World

ON_A_PAGE = 48
PAGE = Path(__file__).with_name("page.html").read_text()
STYLE = Path(__file__).with_name("page.css").read_text()


async def index(world: World, call: Call) -> Response:
    """What was asked for here, newest first."""
    text = call.query.get("page", "1")
    page = max(int(text), 1) if text.isdecimal() else 1
    rows = list(world.records.newest_first())
    here = rows[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
    cards = "".join(card(drawing) for drawing in here) or '<p class="empty">Nothing was drawn yet.</p>'
    newer = f'<a href="/?page={page - 1}">← Newer</a>' if page > 1 else "<span></span>"
    older = f'<a href="/?page={page + 1}">Older →</a>' if len(rows) > page * ON_A_PAGE else "<span></span>"
    text = PAGE.format(style=STYLE, figures=figures(world), cards=cards, newer=newer, older=older)
    return HTMLResponse(text.encode("utf-8", "replace"))


async def thumbnail(world: World, call: Call) -> Response:
    """A small version for the page."""
    drawing = call.drawing
    if drawing is None or not drawing.drawn or drawing.erased:
        return detail("File not found", 404)
    return Response(await world.pictures.thumbnail(drawing), 200, {"Cache-Control": "max-age=3600"}, "image/jpeg")


def figures(world: World) -> str:
    told = summary(world)
    shown = {
        "in the queue": told["requests"].get("IN_QUEUE", 0),
        "being drawn": told["in_progress"],
        "drawn": told["billed_draws"],
        "would have cost": f"${told['cost_micro_usd'] / 1_000_000:.3f}",
    }
    return "<dl>" + "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in shown.items()) + "</dl>"


def card(drawing: Drawing) -> str:
    if drawing.erased:
        picture = '<div class="blank">erased</div>'
    elif drawing.drawn:
        address = f"/cdn/files/drawn/{outcome.picture_names(drawing)[0]}"
        image = f'<img src="/thumbnails/{drawing.id}" alt="{escape(drawing.prompt)}" loading="lazy">'
        picture = f'<a href="{address}">{image}</a>'
    else:
        picture = f'<div class="blank">{escape(state(drawing))}</div>'
    when = time.strftime("%H:%M:%S", time.localtime(drawing.sent_at))
    return (
        f'<article>{picture}<div class="words"><p>{escape(drawing.prompt or "(no prompt)")}</p>'
        f"<small>{escape(drawing.endpoint.name)} · seed {drawing.seed} · {when}</small></div></article>"
    )


def state(drawing: Drawing) -> str:
    if drawing.status == Status.COMPLETED:
        return f"ended with status {drawing.code}"
    return "in the queue" if drawing.status == Status.IN_QUEUE else "being drawn"
