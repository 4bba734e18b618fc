"""A checkout session in setup mode: a payment method is kept for later, and nothing is paid."""

from standins.stripe.objects import Object, new_id
from standins.stripe.resources import customers, payment_methods
from standins.stripe.world import World

KIND = "setup_intent"


def save(world: World, session: Object, method: Object) -> Object:
    """The setup intent that kept the method; the session is left to its caller."""
    customer = world.get(customers.KIND, session["customer"])
    intent = new(world, session, method)
    world.add(intent, "setup_intent.created")
    payment_methods.attach_to(world, method, customer)
    world.change(intent, None, status="succeeded")
    world.emit("setup_intent.succeeded", intent)
    return intent


def new(world: World, session: Object, method: Object) -> Object:
    id = new_id("seti")
    nothing = (
        "application", "automatic_payment_methods", "cancellation_reason", "description",
        "excluded_payment_method_types",
        "flow_directions", "last_setup_error", "latest_attempt", "mandate", "next_action", "on_behalf_of",
        "payment_method_configuration_details", "single_use_mandate",
    )  # fmt: skip
    given = session["_given"].get("setup_intent_data") or {}
    made: Object = {"id": id, "object": KIND, **dict.fromkeys(nothing), "created": world.now, "livemode": False}
    made |= {"client_secret": f"{id}_secret_{new_id('x')[2:]}", "customer": session["customer"]}
    made |= {"metadata": dict(given.get("metadata") or {}), "payment_method": method["id"]}
    made |= {"payment_method_options": {}, "payment_method_types": session["payment_method_types"]}
    made |= {"status": "processing", "usage": "off_session"}
    return made
