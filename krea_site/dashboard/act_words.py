"""The audit log in words: what each act was, and where what it was done to is seen now.

A verb that is not in the table reads as it is written; a test holds that every verb in the code is in it.
"""

from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse

VERBS = {
    "alerts.acknowledge": "took note of an alert",
    "check.ask": "had a check run",
    "debt.forgive": "forgave a debt",
    "erasures.again": "had fal asked again to delete what it keeps",
    "erasures.begin": "began an erasure",
    "erasures.nudge": "pushed an erasure on",
    "fal_day.doubt": "opened a day of fal's again",
    "fal_day.explain": "explained a day of fal's",
    "limits.set": "set limits",
    "mail_hosts.add": "listed throw-away mail hosts",
    "mail_hosts.remove": "took a mail host off the list",
    "mails.again": "sent a mail again",
    "notice.show": "put up a notice",
    "notice.take_away": "took a notice away",
    "packs.offer": "put a pack or plan on offer, or off it",
    "packs.plan": "planned a change of a pack or plan",
    "packs.set": "changed a pack or plan",
    "packs.withdraw": "withdrew a planned change",
    "people.allow_unchecked": "allowed the safety checker to be off",
    "people.ask_credits": "asked for credits that another confirms",
    "people.confirm_credits": "confirmed credits that another asked for",
    "people.end_session": "ended a session",
    "people.end_sessions": "ended all sessions",
    "people.forbid_unchecked": "had the safety checker kept on",
    "people.give": "gave credits",
    "people.lift": "lifted a suspension",
    "people.mail_password_reset": "had a password reset mailed",
    "people.refuse_credits": "refused credits that another asked for",
    "people.reset_factor": "reset a second factor",
    "people.revoke_key": "revoked an API key",
    "people.suspend": "suspended a customer",
    "people.take": "took credits",
    "people.visit": "logged in as a customer",
    "people.visit_ended": "stopped being a customer",
    "pictures.ask": "had fal asked about images",
    "pictures.cancel": "cancelled images",
    "pictures.cancel_many": "began to cancel many",
    "pictures.refund": "gave credits back for images",
    "pictures.refund_many": "began to give credits back for many",
    "pictures.retry": "had images drawn again",
    "pictures.retry_many": "began to have many drawn again",
    "pictures.stop_many": "stopped an act on many",
    "prices.set": "set a price",
    "prices.withdraw": "withdrew a price",
    "purchase.ask_stripe": "had Stripe asked about a purchase",
    "purchase.correct": "took Stripe's amount over",
    "purchase.refund": "gave money back",
    "reports.claim": "took up a report",
    "reports.dismiss": "dismissed a report",
    "reports.release": "laid down a report",
    "reports.take_down": "took a picture down",
    "staff.role": "gave or took a role",
    "stripe_event.repeat": "had an event of Stripe's handled again",
    "switches.off": "switched something off",
    "switches.on": "switched something on",
    "texts.save": "wrote a text",
}

# The kind of a subject (`kind:id`) -> the page on which it is seen.
PAGES = {
    "bulk": "staff-bulk-act",
    "generation": "staff-generation",
    "mail": "staff-mail",
    "model": "staff-model",
    "pack": "staff-pack",
    "plan": "staff-pack",
    "price": "staff-price",
    "purchase": "staff-purchase",
    "report": "staff-report",
    "stripe_event": "staff-stripe-event",
    "switch": "staff-switch",
    "text": "staff-text",
    "user": "staff-person",
    "wallet": "staff-debt",
}
# Those that a list finds by its filters.
WHOLE = {
    "alert": "staff-alerts", "fal": "staff-erasures", "mail hosts": "staff-mail-hosts", "notice": "staff-switches",
    "planned": "staff-packs",
}  # fmt: skip
LISTS = {"image": ("staff-generations", "q")}


def of(verb: str) -> str:
    """What somebody did, as the end of a sentence that begins with their name."""
    return VERBS.get(verb, verb.replace(".", ": ").replace("_", " "))


def address(subject: str) -> str:
    """Where the subject of an act is seen; empty where there is no page of it."""
    kind, _, id = subject.partition(":")
    try:
        if kind in LISTS and id:
            name, parameter = LISTS[kind]
            return f"{reverse(name)}?{urlencode({parameter: id})}"
        if kind in WHOLE:
            return reverse(WHOLE[kind])
        return reverse(PAGES[kind], args=[id]) if kind in PAGES and id else ""
    except NoReverseMatch:
        return ""
