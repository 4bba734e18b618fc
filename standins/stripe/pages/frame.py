"""What all pages have around them: the head with its warning, the answer's headers, and the page for what cannot be."""

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from starlette.responses import Response

from standins.stripe.call import Call
from standins.stripe.pages.writing import NOTHING, Html, fill
from standins.stripe.world import World

STYLE = Path(__file__).with_name("page.css").read_text()
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title} · stand-in for Stripe</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/page.css">
<link rel="icon" href="/icon.svg" type="image/svg+xml">
</head>
<body class="{kind}">
<aside class="caption" aria-label="About this page">
<strong>Stand-in for Stripe.</strong> Nothing is really paid.</aside>
{body}
</body>
</html>
"""
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#4a3fd0"/>'
    '<path d="M3 6h10M3 9h4" stroke="#fff" stroke-width="1.6"/></svg>'
)
TOLD = '<p class="said {kind}" role="{role}">{words}</p>'


def page(title: str, body: Html, *, kind: str = "", status: int = 200, forms_to: Iterable[str | None] = ()) -> Response:
    """A page. `forms_to`: addresses of the shop that a form of it may end at, since browsers follow no other."""
    text = fill(PAGE, title=title, kind=kind, body=body)
    return Response(text.encode("utf-8", "replace"), status, headers(forms_to), "text/html")


def headers(forms_to: Iterable[str | None]) -> dict[str, str]:
    ends = " ".join(sorted({origin for url in forms_to if (origin := origin_of(url))}))
    rules = ("default-src 'none'", "style-src 'self'", "img-src 'self'", f"form-action 'self' {ends}".strip())
    policy = "; ".join((*rules, "base-uri 'none'", "frame-ancestors 'none'"))
    return {"Content-Security-Policy": policy, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def origin_of(url: str | None) -> str:
    parts = urlsplit(url or "")
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and parts.netloc else ""


async def style(world: World, call: Call) -> Response:
    return Response(STYLE, 200, {"Cache-Control": "no-cache"}, "text/css")


async def icon(world: World, call: Call) -> Response:
    return Response(ICON, 200, {"Cache-Control": "max-age=3600"}, "image/svg+xml")


def onward(url: str) -> Response:
    """See the other page."""
    return Response(None, 303, {"Location": url, "Cache-Control": "no-store"})


def told(words: str, kind: str = "good") -> Html:
    """A sentence about what has just happened; nothing where there is none."""
    return fill(TOLD, kind=kind, role="alert" if kind == "bad" else "status", words=words) if words else NOTHING


def dead_end(title: str, words: str, *, way_out: Html = NOTHING, status: int = 200) -> Response:
    """A page on which nothing can be done."""
    template = '<main class="narrow panel"><h1>{title}</h1><p>{words}</p>{way_out}</main>'
    body = fill(template, title=title, words=words, way_out=way_out)
    return page(title, body, kind="plain", status=status)
