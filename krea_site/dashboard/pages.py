"""The pages of the dashboard in its navigation: what each is called, whose it is, and what one does there."""

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from krea_site.dashboard import roles
from krea_site.dashboard.roles import Lever
from krea_site.models import Alert


@dataclass(frozen=True)
class Page:
    """One entry of the navigation. `icon` is a name of Material Symbols, `within` the names of the pages behind it."""

    group: str
    label: str
    url_name: str
    lever: Lever
    icon: str
    about: str
    within: tuple[str, ...] = ()


ALERTS = "staff-alerts"
PAGES = (
    Page("", "Overview", "staff-home", Lever.SEE, "monitoring", "The business at a glance."),
    Page("Customers", "People", "staff-people", Lever.SEE_PEOPLE, "group",
         "Finding a customer, everything about them, and what can be done.",
         ("staff-person", "staff-person-statement", "staff-person-give", "staff-person-take", "staff-person-suspend",
          "staff-person-lift", "staff-person-factor", "staff-person-sessions", "staff-person-session",
          "staff-person-password", "staff-person-key", "staff-person-visit", "staff-person-unchecked",
          "staff-person-checked")),
    Page("Customers", "Credits to confirm", "staff-credit-requests", Lever.GIVE_CREDITS, "how_to_reg",
         "Large sums that a second member of the staff decides on."),
    Page("Customers", "Purchases", "staff-purchases", Lever.SEE_MONEY, "receipt_long",
         "Every payment, its road, and giving money back.",
         ("staff-purchase", "staff-purchase-refund", "staff-purchase-correct")),
    Page("Customers", "Debts", "staff-debts", Lever.SEE_MONEY, "money_off",
         "Wallets that owe after a refund or dispute.", ("staff-debt",)),
    Page("Customers", "Erasures", "staff-erasures", Lever.ERASE, "delete_forever",
         "Accounts on their way out, and what fal has yet to erase.", ("staff-erasure-begin",)),
    Page("Pictures", "Generations", "staff-generations", Lever.SEE_ROADS, "imagesmode",
         "Every order: its whole road, its cost, and the levers on it.", ("staff-generation", "staff-bulk-new")),
    Page("Pictures", "Acts on many", "staff-bulk-acts", Lever.STEER_PICTURES, "playlist_add_check",
         "Drawing again, cancelling and refunding in the background: how far each is.", ("staff-bulk-act",)),
    Page("Pictures", "Reports", "staff-reports", Lever.SEE_REPORTS, "flag",
         "Pictures that somebody complained about.", ("staff-report", "staff-report-dismiss", "staff-report-takedown")),
    Page("Shop", "Packs and plans", "staff-packs", Lever.SET_PRICES, "sell",
         "What is sold: prices, credits, and what is on offer.",
         ("staff-pack", "staff-pack-add", "staff-pack-offer", "staff-pack-planned")),
    Page("Shop", "Prices", "staff-prices", Lever.SET_PRICES, "price_change",
         "What pictures cost, now and from a moment on.", ("staff-price", "staff-price-withdraw")),
    Page("Shop", "Image models", "staff-models", Lever.SWITCH, "toggle_on",
         "Each on or off, and what happens to what waits.", ("staff-model",)),
    Page("Watching", "Alerts", ALERTS, Lever.SEE, "notifications",
         "What needs somebody now, what did, and what to do about it."),
    Page("Watching", "Audit of the books", "staff-audit", Lever.SEE_MONEY, "balance",
         "Whether every balance is what its movements say."),
    Page("Watching", "fal", "staff-fal", Lever.SEE_MONEY, "brush",
         "What is left there, and whether its records agree with ours.", ("staff-fal-day",)),
    Page("Watching", "Stripe", "staff-stripe", Lever.SEE_MONEY, "credit_card",
         "Its events, and whether its records agree with ours.", ("staff-stripe-event",)),
    Page("Watching", "Mails", "staff-mails", Lever.SEE_MAILS, "mail",
         "What was sent, what waits, and what was given up.", ("staff-mail",)),
    Page("Site", "Switches", "staff-switches", Lever.SWITCH, "power_settings_new",
         "Sending to fal, taking orders, and the notice on every page.",
         ("staff-switch", "staff-announce", "staff-announcement")),
    Page("Site", "Limits", "staff-limits", Lever.SET_LIMITS, "speed",
         "Trial credits, calls, images under way, places in the queue.", ("staff-limits-plan", "staff-limits-user")),
    Page("Site", "Mail hosts", "staff-mail-hosts", Lever.SET_LIMITS, "block",
         "Throw-away addresses, which get no trial credits."),
    Page("Site", "Texts", "staff-texts", Lever.EDIT_TEXTS, "article", "Terms, privacy, refunds, imprint.",
         ("staff-text",)),
    Page("Site", "Audit log", "staff-acts", Lever.SEE_ACTS, "history",
         "Every act of staff: who, what, before, after, why.", ("staff-act",)),
    Page("Site", "Staff", "staff-members", Lever.SET_ROLES, "badge", "Who is staff, and in which role."),
    Page("Site", "Components", "staff-components", Lever.SEE, "widgets", "Every part of the design, in every state."),
)  # fmt: skip


def of(user: Any) -> list[Page]:
    """The pages that this member of staff may open."""
    allowed = roles.levers_of(user)
    return [page for page in PAGES if page.lever in allowed]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The side navigation as Unfold draws it, with how many alerts are open that nobody has said to know of."""
    here = getattr(request.resolver_match, "url_name", "")
    waiting = {ALERTS: _new_alerts(request)}
    return [
        {
            "title": group,
            "separator": bool(group),
            "items": [
                {
                    "title": page.label,
                    "icon": page.icon,
                    "link": reverse(page.url_name),
                    "active": here == page.url_name or here in page.within,
                    "badge": waiting.get(page.url_name) or "",
                    "has_permission": True,
                }
                for page in found
            ],
        }
        for group, found in groupby(of(request.user), key=lambda page: page.group)
    ]


def _new_alerts(request: HttpRequest) -> int:
    """Asked once for a request: Unfold asks for the navigation twice."""
    kept = vars(request)
    if "new_alerts" not in kept:
        kept["new_alerts"] = Alert.objects.open().filter(acknowledged_at=None).count()
    return int(kept["new_alerts"])
