"""Stripe's customers, and what they have saved to pay with."""

from ..stripe_values import Card, NotAtStripe, StripeRefused
from .library import PaymentMethod, asking, client

# As their owners know them; what is missing here is shown with a capital letter.
BRANDS = {
    "amex": "American Express",
    "cartes_bancaires": "Cartes Bancaires",
    "diners": "Diners Club",
    "eftpos_au": "eftpos",
    "jcb": "JCB",
    "unionpay": "UnionPay",
    "us_bank_account": "Bank account",
    "sepa_debit": "SEPA",
}


def make_customer(*, email: str, user_id: int, key: str) -> str:
    """A new customer with `user` in its metadata; its id. `key` is our idempotency key."""
    with asking():
        made = client().v1.customers.create(
            {"email": email, "metadata": {"user": str(user_id)}}, {"idempotency_key": key}
        )
        return made.id


def customer_lives(customer: str) -> bool:
    try:
        with asking():
            return "deleted" not in client().v1.customers.retrieve(customer)
    except NotAtStripe:
        return False


def delete_customer(customer: str) -> None:
    """Erase a customer, which cancels its subscriptions at once; one that is gone already is no error."""
    try:
        with asking():
            client().v1.customers.delete(customer)
    except NotAtStripe:
        return


def saved_card(customer: str) -> Card | None:
    """What an off-session payment would be made with: the customer's default method, else the newest saved one. Raises
    NotAtStripe where the customer is gone."""
    try:
        with asking():
            return _newest(customer)
    except StripeRefused as error:
        if isinstance(error, NotAtStripe) or customer_lives(customer):
            raise
        raise NotAtStripe(f"{customer} was deleted.", param="customer") from error


def prefer_card(customer: str, card: str, *, key: str) -> None:
    """From now on `card`, one of the customer's saved methods, is their default."""
    with asking():
        client().v1.customers.update(
            customer, {"invoice_settings": {"default_payment_method": card}}, {"idempotency_key": key}
        )


def _newest(customer: str) -> Card | None:
    """A deleted customer has nothing that could be expanded, so Stripe refuses the first call."""
    api = client().v1.customers
    found = api.retrieve(customer, {"expand": ["invoice_settings.default_payment_method"]})
    settings = found.invoice_settings if "invoice_settings" in found else None
    default = settings.default_payment_method if settings else None
    if isinstance(default, PaymentMethod):
        return _card(default)
    saved = api.payment_methods.list(customer, {"limit": 1}).data  # the newest come first
    return _card(saved[0]) if saved else None


def _card(method: PaymentMethod) -> Card:
    brand, last4, expires = str(method.type), "", ""
    if method.type == "card" and method.card:
        brand, last4 = method.card.brand, method.card.last4 or ""
        expires = f"{method.card.exp_month:02}/{method.card.exp_year}"
    elif method.type == "us_bank_account" and method.us_bank_account:
        last4 = method.us_bank_account.last4 or ""
    elif method.type == "sepa_debit" and method.sepa_debit:
        last4 = method.sepa_debit.last4 or ""
    return Card(
        id=method.id, brand=BRANDS.get(brand, brand.replace("_", " ").capitalize()), last4=last4, expires=expires
    )
