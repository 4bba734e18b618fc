"""The front page, for whoever develops: what there is, and what a bank or a clock would do, as buttons."""

from starlette.responses import Response

from standins.stripe import acts, calendars
from standins.stripe.call import Call
from standins.stripe.errors import StripeError
from standins.stripe.faults import BadControl
from standins.stripe.pages import board, frame
from standins.stripe.world import World

MONTH = {"interval": "month", "interval_count": 1}
SPANS = {"hour": 3600, "day": 24 * 3600}


async def show(world: World, call: Call) -> Response:
    notice = board.DONE.get(call.query.get("done", ""), "")
    return told(world, whole=call.query.get("all", ""), notice=notice)


async def do(world: World, call: Call) -> Response:
    """One button; what it cannot do is said at the top."""
    deed = call.found["deed"]
    if deed not in board.DONE:
        return told(world, refusal="There is no such button.", status=404)
    try:
        await perform(world, deed, call.form)
    except (StripeError, BadControl, ValueError, KeyError) as error:
        return told(world, refusal=str(error), status=400)
    finally:
        world.finish()
    return frame.onward(f"/?done={deed}")


async def perform(world: World, deed: str, form: dict[str, str]) -> None:
    match deed:
        case "advance":
            await world.advance(span(world, form["by"]))
        case "hold" | "unhold":
            world.switches.hold = deed == "hold"
        case "release":
            world.deliveries.let_go()
        case "deliver":
            await world.deliveries.deliver([form["event"]], {})
        case _:
            perform_act(world, deed, form)


def perform_act(world: World, deed: str, form: dict[str, str]) -> None:
    """What /__control calls an act."""
    match deed:
        case "settle" | "authenticate":
            acts.perform(world, {"act": deed, "payment": form["payment"], "good": form["good"] == "1"})
        case "refund":
            acts.refund(world, payment=form["payment"], amount=cents(form.get("dollars", "")))
        case "dispute":
            acts.dispute(world, payment=form["payment"])
        case "close_dispute":
            acts.close_dispute(world, dispute=form["dispute"], won=form["won"] == "1")
        case "decline":
            acts.decline(world, customer=form.get("customer") or None)
        case "delete_customer":
            acts.delete_customer(world, customer=form["customer"])


def span(world: World, by: str) -> int:
    """Seconds; a month is as long as the one that begins now."""
    return calendars.after(world.now, MONTH, 1) - world.now if by == "month" else SPANS[by]


def cents(dollars: str) -> int | None:
    """`12.5` as 1250; None, which is all of it, where nothing was typed."""
    typed = dollars.strip().removeprefix("$").replace(",", "")
    if not typed:
        return None
    whole, _, rest = typed.partition(".")
    if not (whole.isdecimal() and (not rest or rest.isdecimal()) and len(rest) <= 2):
        raise ValueError(f"“{typed}” is no amount of dollars.")
    return int(whole) * 100 + int((rest + "00")[:2])


def told(world: World, *, whole: str = "", notice: str = "", refusal: str = "", status: int = 200) -> Response:
    body = board.write(world, whole=whole, notice=notice, refusal=refusal)
    return frame.page("Dashboard", body, kind="dashboard", status=status)
