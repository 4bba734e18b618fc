"""What customers do in a benchmark, played in a process of its own with the site's settings.

python -m bench.scenes burst '{"pictures": 2000}' told.json
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import django
import httpx
from django.conf import settings

from bench import laps, movements

django.setup()

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import Count, Max, Q  # noqa: E402

from bench import call_parts, gallery_rows, operator_scene  # noqa: E402
from billing import audit, ledger  # noqa: E402
from billing.models import StripeEvent, Transfer  # noqa: E402
from generations import audit as road_audit  # noqa: E402
from generations import catalogue, lifecycle  # noqa: E402
from generations.brief import Brief  # noqa: E402
from generations.events import BALANCE_UPDATED, write_all  # noqa: E402
from generations.history import Place  # noqa: E402
from generations.models import AT_FAL, FINAL, Beat, Draw, Image, Status  # noqa: E402
from generations.pictures import links  # noqa: E402
from krea_site.models import Alert  # noqa: E402
from partners import keys  # noqa: E402
from partners.models import Key  # noqa: E402

MODEL = "krea-2-medium"
CUSTOMERS = 5
LOOK_EVERY_S = 0.5
AT_ONCE, SHAPES = 3, ("3:2", "1:1", "4:5", "16:9")  # of a guest's pictures
READY_WITHIN_S = 60.0
ORDERS_EACH, NO_LIMIT = 100_000, 1_000_000  # of a partner
PAGE = 100  # items of fal's request history


def burst(*, pictures: int, each: int, give_up_s: float) -> dict[str, Any]:
    """Order `pictures` in generations of `each` as fast as it goes, and watch until all are final."""
    customers = _customers(pictures)
    _wait_for_processes()
    began = time.time()
    for number in range(-(-pictures // each)):
        quantity = min(each, pictures - number * each)
        brief = Brief.read(MODEL, {"prompt": f"a lighthouse in fog, number {number}"}, quantity)
        lifecycle.submit(customers[number % CUSTOMERS], brief)
    ordered = time.time()
    line = _watch(began, give_up_s)
    return {"began": began, "ordered_s": round(ordered - began, 2), "line": line, **_ended(began)}


def steady(*, rate: float, seconds: float, give_up_s: float) -> dict[str, Any]:
    """Order one picture `rate` times a second; when each was done at fal and when it was available here."""
    customers = _customers(int(rate * seconds) + 1)
    _wait_for_processes()
    began = time.time()
    for number in range(int(rate * seconds)):
        time.sleep(max(0.0, began + number / rate - time.time()))
        lifecycle.submit(customers[number % CUSTOMERS], Brief.read(MODEL, {"prompt": f"a heron, number {number}"}))
    ordered = time.time()
    line = _watch(began, give_up_s)
    return {
        "began": began, "ordered_s": round(ordered - began, 2), "line": line, "waits_s": _waits(), **_ended(began),
    }  # fmt: skip


def guest(*, pictures: int, give_up_s: float) -> dict[str, Any]:
    """A customer who is logged in and owns some pictures: the session's cookie, and addresses of the pictures."""
    user = _customers(pictures)[0]
    _wait_for_processes()
    for number, first in enumerate(range(0, pictures, AT_ONCE)):
        asked = {"prompt": f"a pier at low tide, number {number}", "aspect_ratio": SHAPES[number % len(SHAPES)]}
        lifecycle.submit(user, Brief.read(MODEL, asked, min(AT_ONCE, pictures - first)))
    _watch(time.time(), give_up_s)
    names = Image.objects.filter(status=Status.STORED).values_list("name", flat=True)
    return {
        "cookie": _cookie(user),
        "pictures": [links.absolute_address(name, seconds=3600) for name in names],
    }


def statement(*, count: int) -> dict[str, Any]:
    """A customer with so many movements: the session's cookie, and cursors at a tenth, the middle and nine tenths."""
    user = get_user_model().objects.create_user("finance@example.com", None)
    wallet = ledger.wallet(user)
    began = time.time()
    with connection.cursor() as cursor:
        movements.fill(cursor, wallet_id=wallet.pk, count=count)
    newest = Transfer.objects.filter(source=wallet).order_by("-created_at")
    places = {share: newest[int(count * share)] for share in (0.1, 0.5, 0.9)}
    return {
        "cookie": _cookie(user),
        "made_s": round(time.time() - began, 1),
        "cursors": {str(share): str(row.pk) for share, row in places.items()},
        "days": {str(share): str(row.created_at.date()) for share, row in places.items()},
    }


def gallery(*, count: int) -> dict[str, Any]:
    """A customer with so many pictures, beside another one: the session's cookie, cursors and days at some depths, and
    words of known frequency."""
    user, another = (get_user_model().objects.create_user(f"{name}@example.com", None) for name in ("many", "few"))
    began = time.time()
    gallery_rows.fill(another, count // 10)
    gallery_rows.fill(user, count)
    gallery_rows.vacuum()
    newest = Image.objects.in_gallery(user).select_related("generation")
    places = {share: newest[int((count - 1) * share)] for share in (0.1, 0.5, 0.9)} | {0: newest[60]}
    return {
        "cookie": _cookie(user),
        "made_s": round(time.time() - began, 1),
        "cursors": {str(share): str(Place(row.generation_id, row.index)) for share, row in places.items()},
        "days": {str(share): str(row.generation.created_at.date()) for share, row in places.items()},
        "words": {
            "in every prompt": gallery_rows.EVERYWHERE,
            "in half of them": gallery_rows.OFTEN,
            "in the older half": gallery_rows.EARLY,
            "in one of a hundred": gallery_rows.SELDOM,
            "in none": gallery_rows.NOWHERE,
        },
    }


def dashboard(*, images: int, transfers: int) -> dict[str, Any]:
    """A large business and its operator: the session's cookie, a day of long ago, and what counting took."""
    user, figures = operator_scene.operator(), operator_scene.fill(images=images, transfers=transfers)
    cookie = _cookie(user)
    operator_scene.show_factor(user, cookie.partition("=")[2])
    return {"cookie": cookie, "long_ago": operator_scene.long_ago(), "figures": figures}


def partners(*, count: int, generations: int = 0, events: int = 0) -> dict[str, Any]:
    """Partners with credits and a key each, whose limits are far away: the keys' secrets, and the ids of so many
    unfinished generations of the first one. The last one has so many events in the past."""
    made = _customers(ORDERS_EACH, count)
    secrets = []
    for user in made:
        key, secret = keys.make(user, "Bench", monthly_limit=ledger.wallet(user).balance)
        Key.objects.filter(pk=key.pk).update(calls_a_minute=NO_LIMIT, unfinished_limit=NO_LIMIT)
        secrets.append(secret)
    write_all(made[-1].pk, [(BALANCE_UPDATED, None, {})] * events)
    brief = Brief.read(MODEL, {"prompt": "a pier at low tide"})
    ids = [str(lifecycle.submit(made[0], brief).pk) for _ in range(generations)]
    return {"secrets": secrets, "users": [user.pk for user in made], "generations": ids}


def gifts(*, user: int, count: int, every_s: float) -> dict[str, Any]:
    """So many small grants to a user, one after the other: when each was committed (time.time)."""
    owner, at = get_user_model().objects.get(pk=user), []
    for number in range(count):
        time.sleep(every_s)
        ledger.grant(owner, 1, key=f"gift:{user}:{number}", memo="A gift")
        at.append(time.time())
    return {"at": at}


def soakers(*, partners: int, guests: int, pictures: int) -> dict[str, Any]:
    """Partners with far limits and people who are logged in, each with credits for all pictures of a soak."""
    users = _customers(pictures, partners + guests)
    secrets = []
    for user in users[:partners]:
        key, secret = keys.make(user, "Bench", monthly_limit=ledger.wallet(user).balance)
        Key.objects.filter(pk=key.pk).update(calls_a_minute=NO_LIMIT, unfinished_limit=NO_LIMIT)
        secrets.append(secret)
    _wait_for_processes()
    return {"secrets": secrets, "cookies": [_cookie(user) for user in users[partners:]]}


def settled(*, within: float) -> dict[str, Any]:
    """Wait until nothing is under way any more; how the images ended, what stood still after a minute, which alerts
    there were, and whether the books are right."""
    _watch(time.time(), min(60.0, within))
    late = Image.objects.exclude(status__in=FINAL).select_related("draw")
    still = [f"{image.pk} {image.status} since {image.status_at:%H:%M:%S}, {image.draws_made} draws" for image in late]
    _watch(time.time(), within)
    final = dict(Image.objects.values_list("status").annotate(Count("id")))
    alerts = sorted(f"{alert.name} {alert.subject}".strip() for alert in Alert.objects.all())
    return {"final": final, "stood_still": still, "alerts": alerts, **books()}


def books() -> dict[str, Any]:
    """Whether the books are right."""
    return {"findings": [*audit.findings(), *road_audit.findings()]}


def _cookie(user: Any) -> str:
    """Of a new session of the user's, as a browser would send it."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


def _customers(pictures: int, count: int = CUSTOMERS) -> list[Any]:
    price = lifecycle.price(Brief.read(MODEL, {"prompt": "a price"})).amount
    made = []
    for number in range(count):
        user = get_user_model().objects.create_user(f"customer{number}@example.com", None)
        ledger.grant(user, price * (pictures + 10), key=f"bench:{number}", memo="For the benchmark")
        made.append(user)
    return made


def _wait_for_processes() -> None:
    """Until worker and follower have given a sign of life."""
    ends_at = time.monotonic() + READY_WITHIN_S
    while Beat.objects.filter(name__in=["worker", "follower"]).count() < 2:
        if time.monotonic() > ends_at:
            raise RuntimeError("Worker or follower did not start.")
        time.sleep(0.1)


def _watch(began: float, within_s: float) -> list[dict[str, float]]:
    """How many images stand where, every half second, until all are final or the time is over."""
    line: list[dict[str, float]] = []
    while True:
        line.append({"at_s": round(time.time() - began, 2), **_standing()})
        if line[-1]["open"] == 0 or time.time() - began > within_s:
            return line
        time.sleep(LOOK_EVERY_S)


def _standing() -> dict[str, int]:
    """`at_fal`: sent and not done, as far as we know; `accepted`: fal has taken them so far; `open`: not final yet."""
    counts = Counter(dict(Image.objects.values_list("status").annotate(Count("id"))))
    return {
        "queued": counts[Status.QUEUED],
        "at_fal": sum(counts[status] for status in AT_FAL),
        "accepted": Draw.objects.exclude(request_id=None).count(),
        "storing": counts[Status.STORING],
        "stored": counts[Status.STORED],
        "open": sum(count for status, count in counts.items() if status not in FINAL),
    }


def _ended(began: float) -> dict[str, Any]:
    """How it ended, and whether the books are right."""
    log = _log()
    final = dict(Image.objects.values_list("status").annotate(Count("id")))
    last = Image.objects.filter(status=Status.STORED).aggregate(last=Max("status_at"))["last"]
    again = Image.objects.aggregate(again=Count("id", filter=Q(draws_made__gt=1)))["again"]
    return {
        "final": final,
        "drawn_again": again,
        "most_drawn_at_once": log["most_in_progress"],
        "calls_at_fal": log["calls"],
        "findings": [*audit.findings(), *road_audit.findings()],
        "took_s": round(last.timestamp() - began, 2) if last else 0.0,
    }


def _waits() -> list[float]:
    """Seconds from fal's own completion, as its request history tells it, to the end of the task that stored the
    picture, for each picture."""
    available = {lap["about"]: lap["ended"] for lap in laps.read(settings.VAR_DIR) if lap["kind"] == "collect"}
    ended = _ended_at_fal()
    rows = Draw.objects.filter(image__status=Status.STORED).values_list("id", "request_id")
    return [round(available[str(id)] - ended[str(request)], 3) for id, request in rows if str(id) in available]


def _ended_at_fal() -> dict[str, float]:
    """When each request ended, by request id, from the stand-in's history."""
    found: dict[str, float] = {}
    query: dict[str, Any] = {"endpoint_id": catalogue.get(MODEL).endpoint, "limit": PAGE}
    with httpx.Client(headers={"Authorization": "Key standin:standin"}, trust_env=False, timeout=30) as http:
        more = True
        while more:
            answer = http.get(f"{settings.FAL_API_URL}/models/requests/by-endpoint", params=query)
            page = answer.raise_for_status().json()
            for item in page["items"]:
                found[item["request_id"]] = datetime.fromisoformat(item["ended_at"]).timestamp()
            query["cursor"], more = page["next_cursor"], page["has_more"]
    return found


def _log() -> dict[str, Any]:
    """The stand-in's own summary."""
    answer = httpx.get(f"{settings.STANDIN_FAL_URL}/__log", params={"limit": 0}, trust_env=False, timeout=30)
    found: dict[str, Any] = answer.raise_for_status().json()["summary"]
    return found


def stripe_events(*, within: float) -> dict[str, Any]:
    """How many were written down, and handled before the time is over."""
    ends_at = time.time() + within
    while StripeEvent.objects.filter(handled_at=None).exists() and time.time() < ends_at:
        time.sleep(LOOK_EVERY_S)
    handled = StripeEvent.objects.exclude(handled_at=None)
    return {"events": StripeEvent.objects.count(), "handled": handled.count()}


SCENES: dict[str, Callable[..., dict[str, Any]]] = {
    "burst": burst, "steady": steady, "guest": guest, "statement": statement, "gallery": gallery,
    "partners": partners, "gifts": gifts, "books": books, "status_parts": call_parts.of_status,
    "stripe_events": stripe_events, "soakers": soakers, "settled": settled, "dashboard": dashboard,
}  # fmt: skip

if __name__ == "__main__":
    scene, given, told = sys.argv[1:]
    Path(told).write_text(json.dumps(SCENES[scene](**json.loads(given))))
