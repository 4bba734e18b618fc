"""Which page is at which address."""

from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.responses import Response

from standins.stripe.call import Call
from standins.stripe.doors import Door, Handler, door
from standins.stripe.errors import StripeError
from standins.stripe.pages import authentication, checkout, dashboard, frame, invoices, portal, receipts
from standins.stripe.pages.writing import link
from standins.stripe.world import World

ID = r"/(?P<id>[^/]+)"
SUBSCRIPTION = r"/(?P<subscription>[^/]+)"


def forgiving(handler: Callable[[World, Call], Awaitable[Response]]) -> Handler:
    """What cannot be, like an id that nobody has, is a page too."""

    @wraps(handler)
    async def tried(world: World, call: Call) -> Response:
        try:
            return await handler(world, call)
        except StripeError as error:
            title = "Not found" if error.status == 404 else "That cannot be done"
            way_out = link("/", "To the dashboard of the stand-in")
            return frame.dead_end(title, str(error), way_out=way_out, status=error.status)

    return tried


def page(method: str, path: str, handler: Handler) -> Door:
    """A page that customers see, which fault rules may spoil."""
    return door(method, path, "page", forgiving(handler))


DOORS: tuple[Door, ...] = (
    page("GET", f"/pay{ID}", checkout.show),
    page("POST", f"/pay{ID}", checkout.submit),
    page("GET", f"/authenticate{ID}", authentication.show),
    page("POST", f"/authenticate{ID}", authentication.answer),
    page("GET", f"/invoices{ID}", invoices.show),
    page("POST", f"/invoices{ID}", invoices.submit),
    page("GET", f"/invoices{ID}/pdf", invoices.pdf),
    page("GET", f"/receipts{ID}", receipts.show),
    page("GET", f"/portal{ID}", portal.show),
    page("GET", f"/portal{ID}/card", portal.show_card),
    page("GET", f"/portal{ID}/details", portal.show_details),
    page("GET", f"/portal{ID}/plan{SUBSCRIPTION}", portal.show_plans),
    page("GET", f"/portal{ID}/end{SUBSCRIPTION}", portal.show_end),
    page("POST", f"/portal{ID}/card", portal.add_card),
    page("POST", f"/portal{ID}/default", portal.make_default),
    page("POST", f"/portal{ID}/remove", portal.remove),
    page("POST", f"/portal{ID}/details", portal.update_details),
    page("POST", f"/portal{ID}/plan{SUBSCRIPTION}", portal.change_plan),
    page("POST", f"/portal{ID}/keep{SUBSCRIPTION}", portal.keep),
    page("POST", f"/portal{ID}/end{SUBSCRIPTION}", portal.end),
    page("POST", f"/portal{ID}/renew{SUBSCRIPTION}", portal.renew),
    door("GET", "/page.css", "", frame.style),
    door("GET", "/icon.svg", "", frame.icon),
    door("GET", "/", "", dashboard.show),
    door("POST", "/deeds/(?P<deed>[a-z_]+)", "", dashboard.do),
)
