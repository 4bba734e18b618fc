"""The bank's page of 3-D Secure, on which a customer confirms a payment, or does not."""

from urllib.parse import urlencode

from starlette.responses import Response

from standins.stripe import checkout, invoicing, paying, settling
from standins.stripe.call import Call
from standins.stripe.objects import Object
from standins.stripe.pages import frame, words
from standins.stripe.pages.fields import button
from standins.stripe.pages.writing import fill
from standins.stripe.resources import payment_methods
from standins.stripe.world import World

PAGE = """<main class="narrow panel bank">
<h1>3-D Secure</h1>
<p>This is where the customer's bank asks whether it is really them.</p>
<dl class="facts"><div><dt>Shop</dt><dd>Krea Studio</dd></div>
<div><dt>Amount</dt><dd>{amount}</dd></div>
<div><dt>Paid with</dt><dd>{method}</dd></div></dl>
<form method="post" class="choices">{good}{bad}</form>
</main>"""


async def show(world: World, call: Call) -> Response:
    intent = world.get(paying.KIND, call.found["id"])
    if intent["status"] != "requires_action":
        return nothing_to_do(intent)
    method = world.get(payment_methods.KIND, intent["payment_method"])
    good = button("Complete", kind="main", name="authentication", value="complete")
    bad = button("Fail", kind="quiet", name="authentication", value="fail")
    parts = {"amount": words.dollars(intent["amount"]), "method": words.method(method), "good": good, "bad": bad}
    return frame.page("3-D Secure", fill(PAGE, **parts), kind="plain", forms_to=ends(world, intent))


async def answer(world: World, call: Call) -> Response:
    """The customer has answered: back to where they came from."""
    intent = world.get(paying.KIND, call.found["id"])
    if intent["status"] != "requires_action":
        return nothing_to_do(intent)
    home = shop_address(intent)
    settling.authenticate(world, intent, good=call.form.get("authentication") == "complete")
    return frame.onward(next_address(world, intent, home))


def nothing_to_do(intent: Object) -> Response:
    status = words.spoken(intent["status"])
    return frame.dead_end("Nothing to confirm", f"This payment needs no confirmation now: it is “{status}”.")


def next_address(world: World, intent: Object, home: str) -> str:
    """Checkout goes on to the shop or lets the customer try again; so does an invoice; else the shop has said where."""
    session = world.store.get(checkout.KIND, intent.get("_session") or intent["_owner"] or "")
    if session and session["status"] == "complete":
        return checkout.return_address(session)
    if session:
        return f"/pay/{session['id']}?failed=1"
    if world.store.get(invoicing.KIND, intent["_owner"] or ""):
        return f"/invoices/{intent['_owner']}"
    if not home:
        return "/"
    good = intent["status"] in ("succeeded", "processing")
    told = {"payment_intent": intent["id"], "payment_intent_client_secret": intent["client_secret"]}
    query = urlencode({**told, "redirect_status": "succeeded" if good else "failed"})
    return f"{home}{'&' if '?' in home else '?'}{query}"


def shop_address(intent: Object) -> str:
    """Where the shop wants its customer back."""
    redirect = (intent["next_action"] or {}).get("redirect_to_url") or {}
    return str(redirect.get("return_url") or "")


def ends(world: World, intent: Object) -> list[str | None]:
    session = world.store.get(checkout.KIND, intent.get("_session") or intent["_owner"] or "")
    return [shop_address(intent), session["success_url"] if session else None]
