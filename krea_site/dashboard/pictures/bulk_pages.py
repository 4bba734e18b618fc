"""Acts on many generations: first what they would do, in counts and sums, then a row that is done in the background."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from uuid_utils.compat import uuid7

from billing.credits import show
from generations.models import Generation, Image, Status
from krea_site import bulk_acts, reasons
from krea_site.dashboard import acts
from krea_site.dashboard.gate import staff
from krea_site.dashboard.pictures.road_page import COSTS
from krea_site.dashboard.roles import Lever
from krea_site.models import BulkAct
from krea_site.picture_filters import NAMES, Filters
from krea_site.steering import CANCELABLE

ON_A_PAGE = 50
MOST_COUNTED = 2**31 - 1
What = BulkAct.What
MEANT = {
    What.RETRY: Q(status=Status.FAILED, retried=None),
    What.CANCEL: Q(status__in=CANCELABLE, cancel_requested_at=None),
    What.REFUND: Q(status=Status.STORED, refunded_at=None, price__gt=0, generation__outcome__isnull=False),
}
TOO_MANY = (
    "More than {most:,} generations match. Narrow the filter, such as to a day or an image model, and act on one part "
    "after the other."
)
WORDS = {
    What.RETRY: "Draw the failed images again",
    What.CANCEL: "Cancel what is under way",
    What.REFUND: "Give back the credits for all stored images",
}


@staff(Lever.STEER_PICTURES)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """`do` and either `generation`, once for each that is ticked, or `all=yes` with the filters of the list. GET shows
    what it comes to; POST of what was shown begins it, once however often it is pressed."""
    sent = request.POST if request.method == "POST" else request.GET
    wanted, problems = _read(sent)
    if wanted is None:
        known = {"problems": problems, "query": Filters.read(sent.dict()).query}
        return render(request, "staff/generations/bulk_new.html", known, status=422)
    if request.method != "POST":
        return _preview(request, sent, wanted, {})
    try:
        why = reasons.read(sent.get("why", ""))
    except ValueError as error:
        problems["why"] = str(error)
    if wanted["what"] == What.RETRY and sent.get("cost") not in COSTS:
        problems["cost"] = "Say at whose cost it is drawn again."
    try:
        name, newest, counted = UUID(sent.get("name", "")), UUID(sent.get("newest", "")), int(sent.get("counted", ""))
        if not 0 <= counted <= MOST_COUNTED:
            raise ValueError(counted)
        if not BulkAct.objects.filter(pk=name).exists() and _chosen(wanted).filter(pk__lte=newest).count() > counted:
            problems["form"] = "More match by now than you were shown. Look at the numbers again."
    except ValueError:
        problems["form"] = "This form is out of date. Look at the numbers again."
    if problems:
        return _preview(request, sent, wanted, problems)
    try:
        with transaction.atomic():
            act = bulk_acts.begin(
                wanted["what"], id=name, by=request.user, why=why, counted=counted, filter=wanted["filter"],
                ids=wanted["ids"], newest=newest, at_house_cost=sent.get("cost") == "house",
            )  # fmt: skip
            told = {
                "what": act.what, "counted": counted, "filter": wanted["filter"], "ids": len(wanted["ids"]),
                "cost": sent.get("cost", ""),
            }  # fmt: skip
            acts.write(request, f"pictures.{act.what}_many", f"bulk:{act.pk}", after=told, why=why)
    except IntegrityError:
        if not BulkAct.objects.filter(pk=name).exists():
            raise
        acts.nothing_done(request)  # the other press of the button was quicker
        return redirect("staff-bulk-act", name)
    messages.success(request, "It has begun. This page says how far it is.")
    return redirect("staff-bulk-act", act.pk)


@staff(Lever.STEER_PICTURES)
@require_safe
def act_list(request: HttpRequest) -> HttpResponse:
    """The newest first; `before` is the last one seen."""
    rows = BulkAct.objects.select_related("by").order_by("-pk")
    if before := request.GET.get("before"):
        try:
            rows = rows.filter(pk__lt=UUID(before))
        except ValueError:
            raise Http404("There is no such page.") from None
    found = list(rows[: ON_A_PAGE + 1])
    following = found[ON_A_PAGE - 1].pk if len(found) > ON_A_PAGE else None
    return render(request, "staff/generations/bulk_list.html", {"acts": found[:ON_A_PAGE], "following": following})


@staff(Lever.STEER_PICTURES)
@require_safe
def act(request: HttpRequest, id: UUID) -> HttpResponse:
    row = get_object_or_404(BulkAct.objects.select_related("by"), pk=id)
    known = {
        "act": row, "words": WORDS[What(row.what)], "refusals": row.refusals.order_by("-pk")[:ON_A_PAGE],
        "query": Filters.read(row.filter).query, "left": max(row.counted - row.seen, 0),
    }  # fmt: skip
    return render(request, "staff/generations/bulk.html", known)


@staff(Lever.STEER_PICTURES)
@require_POST
def stop(request: HttpRequest, id: UUID) -> HttpResponse:
    row = get_object_or_404(BulkAct, pk=id)
    with transaction.atomic():
        if bulk_acts.stop(id):
            seen = BulkAct.objects.values_list("seen", flat=True).get(pk=id)
            acts.write(request, "pictures.stop_many", f"bulk:{id}", after={"seen": seen}, why=row.why)
            messages.success(request, "It stops before the next generation. What is done stays done.")
        else:
            acts.nothing_done(request)
            messages.info(request, "It is over already.")
    return redirect("staff-bulk-act", id)


def _read(sent: QueryDict) -> tuple[dict[str, Any] | None, dict[str, str]]:
    """What is wanted, or why it cannot be read."""
    do = sent.get("do", "")
    if do not in What.values:
        return None, {"do": f"do is one of {', '.join(What.values)}."}
    if sent.get("all") == "yes":
        filters = Filters.read({name: sent.get(name, "") for name in NAMES})
        if filters.errors:
            return None, dict(filters.errors)
        if not filters.typed:
            return None, {"filter": "Filter first: an act on all generations that there ever were is never meant."}
        if filters.generations().order_by().values("pk")[: bulk_acts.MOST + 1].count() > bulk_acts.MOST:
            return None, {"filter": TOO_MANY.format(most=bulk_acts.MOST)}
        return {"what": What(do), "filter": dict(filters.typed), "ids": []}, {}
    try:
        ids = sorted({UUID(each) for each in sent.getlist("generation")})
    except ValueError:
        ids = []
    if not 0 < len(ids) <= bulk_acts.MOST_IDS:
        return None, {"generation": f"Tick the generations that you mean, at most {bulk_acts.MOST_IDS}."}
    return {"what": What(do), "filter": {}, "ids": ids}, {}


def _preview(request: HttpRequest, sent: QueryDict, wanted: dict[str, Any], problems: dict[str, str]) -> HttpResponse:
    what = wanted["what"]
    rows = _chosen(wanted)
    images = Image.objects.order_by().filter(MEANT[what], generation__in=rows.values("pk"))
    sums = images.aggregate(
        generations=Count("generation", distinct=True), images=Count("pk"), credits=Sum("price", default=0),
        customers=Count("user", distinct=True),
    )  # fmt: skip
    known = {
        "what": what, "words": WORDS[what], "sums": sums, "credits": show(sums["credits"]), "chosen": rows.count(),
        "hidden": _hidden(wanted), "name": sent.get("name") or uuid7(), "newest": uuid7(), "problems": problems,
        "typed": sent, "longest": reasons.LONGEST, "query": Filters.read(wanted["filter"]).query,
    }  # fmt: skip
    return render(request, "staff/generations/bulk_new.html", known, status=422 if problems else 200)


def _chosen(wanted: dict[str, Any]) -> "QuerySet[Generation]":
    if wanted["ids"]:
        return Generation.objects.filter(pk__in=wanted["ids"])
    return Filters.read(wanted["filter"]).generations()


def _hidden(wanted: dict[str, Any]) -> list[tuple[str, str]]:
    """The fields that say the same again."""
    fields = [("do", str(wanted["what"]))]
    if wanted["ids"]:
        return [*fields, *(("generation", str(id)) for id in wanted["ids"])]
    return [*fields, ("all", "yes"), *wanted["filter"].items()]
