"""Stripe's test cards and bank accounts: what each does when it is charged.

A card is known by its number (on the page to pay on), by the name of its payment method (`pm_card_visa`, for the API),
and by a short word of ours for /__control.
"""

from dataclasses import dataclass

DAY_S = 24 * 3600


@dataclass(frozen=True)
class Card:
    """`decline` when charged at all; `later` only without the customer (off-session); `asks` for authentication:
    "always", "unless_saved", or never. `after` is a decline that follows a good authentication."""

    word: str
    number: str
    token: str
    brand: str = "visa"
    decline: str = ""
    later: str = ""
    asks: str = ""
    after: str = ""
    dispute: str = ""
    refund: str = "succeeds"
    type: str = "card"
    settles: str = "succeeds"
    country: str = "US"

    @property
    def last4(self) -> str:
        return self.number[-4:]


def bank(word: str, number: str, token: str, settles: str = "succeeds", dispute: str = "") -> Card:
    """A bank account: the money comes, or does not come, days later."""
    return Card(word, number, token, brand="", type="us_bank_account", settles=settles, dispute=dispute, refund="pends")


CARDS = (
    Card("visa", "4242424242424242", "pm_card_visa"),
    Card("visa_debit", "4000056655665556", "pm_card_visa_debit"),
    Card("mastercard", "5555555555554444", "pm_card_mastercard", brand="mastercard"),
    Card("amex", "378282246310005", "pm_card_amex", brand="amex"),
    Card("germany", "4000002760000016", "pm_card_de", country="DE"),
    Card("declined", "4000000000000002", "pm_card_visa_chargeDeclined", decline="generic_decline"),
    Card(
        "insufficient_funds",
        "4000000000009995",
        "pm_card_visa_chargeDeclinedInsufficientFunds",
        decline="insufficient_funds",
    ),
    Card("lost_card", "4000000000009987", "pm_card_visa_chargeDeclinedLostCard", decline="lost_card"),
    Card("stolen_card", "4000000000009979", "pm_card_visa_chargeDeclinedStolenCard", decline="stolen_card"),
    Card("expired_card", "4000000000000069", "pm_card_chargeDeclinedExpiredCard", decline="expired_card"),
    Card("incorrect_cvc", "4000000000000127", "pm_card_chargeDeclinedIncorrectCvc", decline="incorrect_cvc"),
    Card("processing_error", "4000000000000119", "pm_card_chargeDeclinedProcessingError", decline="processing_error"),
    Card("declines_later", "4000000000000341", "pm_card_chargeCustomerFail", later="generic_decline"),
    Card("authenticate", "4000002760003184", "pm_card_authenticationRequired", asks="always"),
    Card("authenticate_once", "4000002500003155", "pm_card_authenticationRequiredOnSetup", asks="unless_saved"),
    Card("threeds", "4000000000003220", "pm_card_threeDSecure2Required", asks="always"),
    Card(
        "authenticate_then_decline",
        "4000008260003178",
        "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
        asks="always",
        after="insufficient_funds",
    ),
    Card("disputed", "4000000000000259", "pm_card_createDispute", dispute="fraudulent"),
    Card(
        "disputed_not_received",
        "4000000000002685",
        "pm_card_createDisputeProductNotReceived",
        dispute="product_not_received",
    ),
    Card("inquired", "4000000000001976", "pm_card_createDisputeInquiry", dispute="inquiry"),
    Card("refund_pends", "4000000000007726", "pm_card_pendingRefund", refund="pends"),
    Card("refund_fails", "4000000000005126", "pm_card_refundFail", refund="fails"),
    bank("bank", "000123456789", "pm_usBankAccount_success"),
    bank("bank_closed", "000111111113", "pm_usBankAccount_accountClosed", settles="account_closed"),
    bank("bank_no_funds", "000222222227", "pm_usBankAccount_insufficientFunds", settles="insufficient_funds"),
    bank("bank_disputed", "000333333335", "pm_usBankAccount_dispute", dispute="debit_not_authorized"),
    bank("bank_waits", "000000000009", "pm_usBankAccount_processing", settles="waits"),
)
BY_TOKEN = {card.token: card for card in CARDS} | {"pm_card_us": CARDS[0]}
BY_WORD = {card.word: card for card in CARDS}
BY_NUMBER = {card.number: card for card in CARDS}

# What a decline says: the code of the error, and the words that a customer may see.
DECLINES = {
    "generic_decline": ("card_declined", "Your card was declined."),
    "insufficient_funds": ("card_declined", "Your card has insufficient funds."),
    "lost_card": ("card_declined", "Your card was declined."),
    "stolen_card": ("card_declined", "Your card was declined."),
    "expired_card": ("expired_card", "Your card has expired."),
    "incorrect_cvc": ("incorrect_cvc", "Your card's security code is incorrect."),
    "processing_error": (
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
    ),
    "authentication_required": (
        "authentication_required",
        "Your card was declined. This transaction requires authentication.",
    ),
}


def find(name: str) -> Card | None:
    """A card by its number, its payment method's name or our word."""
    bare = name.replace(" ", "").replace("-", "")
    return BY_NUMBER.get(bare) or BY_TOKEN.get(name) or BY_WORD.get(name)
