"""Makes the cast and what they own, through the product's own functions, in the stage's own database.

    python -m tests.sights.play made.json

Writes the sessions of the cast and what addresses are made of.
"""

import base64
import json
import re
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import django

django.setup()

import httpx  # noqa: E402
from allauth.account.models import EmailAddress  # noqa: E402
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes  # noqa: E402
from allauth.mfa.totp.internal.auth import TOTP  # noqa: E402
from allauth.mfa.webauthn.internal.auth import WebAuthn  # noqa: E402
from allauth.usersessions.models import UserSession  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402
from django.test import Client, override_settings  # noqa: E402
from django.utils import timezone  # noqa: E402
from uuid_utils.compat import uuid7  # noqa: E402

from billing import closings, ledger, takings  # noqa: E402
from billing.models import Allowance, Kind, Pack, Period  # noqa: E402
from generations import bin, dispatch, lifecycle, references, saved_loras, shares  # noqa: E402
from generations.brief import Brief  # noqa: E402
from generations.models import FINAL, Beat, Draft, Generation, Image, Share  # noqa: E402
from krea_site import exports, mails, reports, texts  # noqa: E402
from krea_site.dashboard import rollups  # noqa: E402
from krea_site.mails import post, smtp  # noqa: E402
from krea_site.models import Mail, Reason  # noqa: E402
from partners import keys  # noqa: E402
from partners.models import Delivery, Endpoint, Key, Order, Topic  # noqa: E402
from partners.webhooks import deliveries, endpoints  # noqa: E402
from tests.conftest import look_at_everything, run_queued_tasks  # noqa: E402
from tests.sights import (  # noqa: E402
    basket,
    books,
    clock,
    desk,
    helpdesk,
    painters_bill,
    passkey,
    standing,
    steered,
    switchboard,
    watchman,
)
from tests.staff import enlist, staff_client  # noqa: E402

PASSWORD = "a long password 7"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36"
ENOUGH = 10_000  # looks at fal until a picture must be there

# Days before the moment, image model, input, quantity. The seeds are given, so that the pictures stay the same.
DRAWN: list[tuple[float, str, dict[str, Any], int]] = [
    (23.2, "krea-2-turbo-lora", {"prompt": "A paper crane on a slate roof, morning light", "seed": 41}, 1),
    (16.4, "flux-krea-dev", {"prompt": "A lighthouse in fog, long exposure, film grain", "seed": 7}, 2),
    (9.1, "krea-2-large", {"prompt": "A heron standing in shallow water", "seed": 1203, "aspect_ratio": "3:2"}, 1),
    (5.3, "krea-2-medium", {"prompt": "An orchard under snow, from a hill", "seed": 88, "aspect_ratio": "16:9"}, 3),
    (2.2, "krea-2-medium", {"prompt": "A narrow street in Lisbon after rain, tiles and tram wires", "seed": 640,
                            "aspect_ratio": "2:3", "creativity": "low"}, 2),
    (0.9, "krea-2-large", {"prompt": "A red fox in the snow, looking back, soft overcast light", "seed": 2026}, 4),
]  # fmt: skip


def main() -> None:
    clock.go_to(days=30)
    call_command("migrate", interactive=False, verbosity=0)
    alice, bob = person("alice@example.com"), person("bob@example.com")
    debtor, carol = person("dora@example.com"), person("carol@example.com")
    operator = enlist(person("operator@example.com"))
    places = paint(alice)
    owe(debtor)
    places |= wait_in_line(carol)
    places |= keep_house(operator, places["picture"])
    places |= develop(alice, places["generation"])
    places |= steered.steer(operator, places["deleted"])
    mallory = person("mallory@example.com")
    places |= books.keep(mallory)
    places |= painters_bill.lay()
    places |= watchman.stand(operator)
    places |= basket.fill(mallory)
    places["pack"] = str(Pack.objects.get(cents=2_500).pk)
    places |= switchboard.plan()
    places |= standing.allow(alice, carol, debtor)
    places |= desk.lay(alice, operator, places["picture"])
    with transaction.atomic():
        places |= helpdesk.seat(alice, operator)
    clock.go_to()
    beat()
    closings.close_days()
    cast = {"alice": alice, "bob": bob, "dora": debtor, "operator": operator, "carol": carol, "mallory": mallory}
    cookies = {name: session_of(user) for name, user in cast.items() if user != operator}
    cookies["operator"] = str(staff_client(operator).cookies[settings.SESSION_COOKIE_NAME].value)
    counter, cookies["stand_in"] = helpdesk.open_counter(alice, bob)
    places |= counter
    places |= guard(carol)
    cookies["carol at the door"] = session_of(carol)
    places |= write_to(alice, bob)
    places |= export(alice)
    count_figures()
    made = {"cookies": cookies, "places": places}
    Path(sys.argv[1]).write_text(json.dumps(made))


def person(email: str) -> Any:
    user = get_user_model().objects.create_user(email, PASSWORD)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def session_of(user: Any) -> str:
    """The cookie of a new session."""
    return str(logged_in(user).cookies[settings.SESSION_COOKIE_NAME].value)


def logged_in(user: Any) -> Client:
    """Logged in as a browser would, and confirmed for dangerous acts; with a second factor, still at the door."""
    client = Client(SERVER_NAME="localhost", headers={"User-Agent": BROWSER})
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def paint(alice: Any) -> dict[str, str]:
    """Alice's weeks: credits, pictures of every image model, one that failed, and one that was stopped."""
    ledger.grant(alice, 200_00, key="stage:trial", memo="Trial credits")
    clock.go_to(days=24)
    ledger.purchase(alice, cash=10_000_00, bonus=500_00, key="stage:pack", memo="Pack of 10,000 credits")
    made = []
    for days, model, asked, quantity in DRAWN:
        clock.go_to(days=days)
        made.append(draw(alice, model, asked, quantity))
    clock.go_to(days=0.7)
    fox = first(made[-1])
    styled = draw_in_style(alice)
    saved_loras.add(alice, "Paper cut", "https://example.com/loras/paper-cut.safetensors", 0.8)
    saved_loras.add(alice, "Grandmother's hands", "https://example.com/loras/hands-v2.safetensors", 1)
    clock.go_to(hours=3)
    takings.take(alice, cash=39_00, bonus=0, kind=Kind.REFUND, key="stage:refund", memo="Refund of one picture")
    blocked = draw(alice, "krea-2-medium", {"prompt": "A scene of a forbidden kind", "seed": 5}, 1)
    clock.go_to(hours=2)
    partial = draw_with_a_failure(alice)
    deleted = draw(alice, "krea-2-medium", {"prompt": "A test picture", "seed": 9}, 1)
    lifecycle.delete(deleted)
    places = throw_away(alice)
    return (
        share(alice, first(made[2]), fox)
        | places
        | {
            "picture": str(fox.pk),
            "styled": str(first(styled).pk),
            "upload": styled.references[0],
            "failed_picture": str(partial.images.get(status="failed").pk),
            "one_picture": str(first(made[2]).pk),
            "generation": str(made[-1].pk),
            "partial": str(partial.pk),
            "medium_picture": str(partial.images.get(status="stored").pk),
            "blocked": str(blocked.pk),
            "deleted": str(deleted.pk),
        }
    )


def throw_away(alice: Any) -> dict[str, str]:
    """Two pictures in the bin, one of them for days, and one that could not be drawn; one that is deleted for good."""
    asked = {"prompt": "A windmill in a field of rape", "seed": 31, "aspect_ratio": "4:3"}
    thrown = list(draw(alice, "krea-2-medium", asked, 3).images.order_by("index"))
    for image, days in zip(thrown, (4.5, 0.2, 0.1), strict=True):
        bin.put(alice, [image.pk], at=timezone.now() - timedelta(days=days))
    bin.purge(alice, [thrown[2].pk])
    return {"binned": str(thrown[0].pk), "binned_too": str(thrown[1].pk), "purged": str(thrown[2].pk)}


def share(alice: Any, heron: Image, fox: Image) -> dict[str, str]:
    """Two living links to one picture, one that is revoked, and one to do things with."""
    clock.go_to(hours=1)
    bare = shares.make(alice, heron, shares.Wish(shares.DEFAULT))
    full = shares.make(alice, heron, shares.Wish(shares.LIFETIMES[-1], shows_prompt=True, shows_settings=True))
    revoked, spare = (shares.make(alice, fox, shares.Wish(shares.DEFAULT)) for _ in range(2))
    tokens = {"shared": "Hn2wq0Vd8eXo5TzLr4Kc7BsA", "shared_full": "kP9_tQm3Zy6Rb1Uf8Wg-2JxD"}
    Share.objects.filter(pk=bare.pk).update(token=tokens["shared"])
    Share.objects.filter(pk=full.pk).update(token=tokens["shared_full"])
    shares.revoke(alice, revoked.pk)
    return tokens | {"shared_before": revoked.token, "spare_share": str(spare.pk)}


def wait_in_line(carol: Any) -> dict[str, str]:
    """Pictures of Carol's on their way: fal has the first ones and never finishes them."""
    clock.go_to(minutes=5)
    ledger.grant(carol, 500_00, key="stage:carol", memo="Trial credits")
    clock.go_to(minutes=1)
    control(latency_s=3600)
    running = order(carol, "krea-2-medium", {"prompt": "A glass greenhouse at night, lit from inside", "seed": 12}, 2)
    waiting = order(carol, "krea-2-large", {"prompt": "A ferry crossing a fjord in the rain", "seed": 13}, 2)
    run_queued_tasks()
    dispatch.run()
    run_queued_tasks()
    clock.go_to(seconds=40)
    asked = {"prompt": "A kite above a beach", "seed": 15, "aspect_ratio": "2.35:1"}
    spare = order(carol, "krea-2-medium", asked, 1)
    return {
        "running_picture": str(first(running).pk),
        "running": str(running.pk),
        "waiting": str(waiting.pk),
        "spare": str(spare.pk),
    }


def owe(user: Any) -> None:
    clock.go_to(days=6)
    ledger.purchase(user, cash=1_000_00, bonus=0, key="stage:dora", memo="Pack of 1,000 credits")
    clock.go_to(days=1)
    takings.take(user, cash=1_250_00, bonus=0, kind=Kind.DISPUTE, key="stage:dispute", memo="Disputed payment")
    typed = {"model": "krea-2-large", "prompt": "A ferry crossing a fjord in the rain", "aspect_ratio": "16:9"}
    aside = {"model": "krea-2-medium", "prompt": "A glass greenhouse at night, lit from inside, film grain"}
    Draft.objects.create(user=user, typed=typed, aside=aside, version=3)


def keep_house(operator: Any, picture: str) -> dict[str, str]:
    """What the operator has to do with: texts, reports, mails."""
    clock.go_to(days=20)
    texts.save("terms", texts.draft("terms").body, after=0, author=operator)
    clock.go_to(days=3)
    rights = reports.Told(f"http://localhost/images/{picture}/", Reason.RIGHTS, "It looks like a photo of mine.")
    open_one = reports.write(rights, address="192.0.2.1")
    deceiving = reports.Told("http://localhost/images/unknown/", Reason.DECEPTION, email="reader@example.com")
    closed_one = reports.write(deceiving, address="192.0.2.2")
    clock.pass_by(3600)
    reports.dismiss(closed_one.pk, by=operator, why="There is no such picture.")
    run_queued_tasks()
    failed = refused_mail("gone@example.com", "The server refused the address: 550 No such user here", is_final=True)
    refused_mail("full@example.com", "The server refused the mail: 452 Mailbox full", is_final=False)
    run_queued_tasks()
    arrived = Mail.objects.sent().latest("id")
    return {
        "report": str(open_one.pk),
        "closed_report": str(closed_one.pk),
        "mail": str(arrived.pk),
        "failed_mail": str(failed.pk),
    }


def refused_mail(to: str, words: str, *, is_final: bool) -> Mail:
    """One that a mail server would not take, as if there were one."""
    with override_settings(EMAIL_URL="smtp://mail.example"):
        mails.send(to, "report", {"reason": Reason.OTHER.label, "report_id": uuid7()})
    mail = post.claim(Mail.objects.waiting().get(to=to).pk)
    assert mail is not None
    post.not_sent(mail, smtp.NotTaken(words, "", permanent=is_final))
    return mail


def develop(alice: Any, generation: str) -> dict[str, str]:
    """Keys in every state, and webhooks: one that fails at times, one that is gone, one to do things with."""
    clock.go_to(days=20)
    found, secret = keys.make(alice, "Laptop")
    keys.found_in_public(secret)
    shop, _ = keys.make(alice, "Shop, production", monthly_limit=2_000_00)
    old, _ = keys.make(alice, "Nightly posters", ["generations:write", "generations:read"])
    clock.go_to(days=2)
    posters, _ = keys.rotate(old, timedelta(days=7))
    revoked, _ = keys.make(alice, "Workshop")
    keys.revoke(revoked)
    for key, begins in ((found, "c0Wm3T"), (shop, "7Qd2Lx"), (old, "Zt81kV"), (posters, "hB5nRy"), (revoked, "4PzgJq")):
        Key.objects.filter(pk=key.pk).update(prefix=keys.HEAD + begins)
    Key.objects.filter(pk=shop.pk).update(last_used_at=timezone.now())
    Order.objects.create(generation_id=generation, key=shop)
    month = Period.MONTH.since(clock.MOMENT.date())
    Allowance.objects.create(name=f"key:{shop.family}", period=Period.MONTH, since=month, limit=2_000_00, used=1_240_00)
    hook, _ = endpoints.make(alice, "https://shop.example.com/hooks/pictures", ["generation.finished", "balance.low"])
    told = Delivery.objects.create(
        user=alice, endpoint=hook, receiver=str(hook.pk), topic=Topic.GENERATION_FINISHED, object_id=generation, seq=1
    )
    carry(503, b"<h1>Service Unavailable</h1>")
    carry(200, b'{"received": true}')
    clock.go_to(days=1)
    failed = endpoints.test(hook)
    carry(502, b"Bad Gateway")
    Delivery.objects.filter(pk=failed.pk).update(tries_left=1)
    carry(None, b"", "No answer within 15 seconds.")
    gone, _ = endpoints.make(alice, "https://old.example.com/told?of=pictures", ["generation.updated"])
    endpoints.test(gone)
    carry(410, b"")
    own = Delivery.objects.create(
        user=alice, url="https://shop.example.com/orders/1017", receiver="shop", topic=Topic.GENERATION_FINISHED,
        object_id=generation, seq=2,
    )  # fmt: skip
    carry(200, b"")
    spare, _ = endpoints.make(alice, "https://spare.example.com/", ["balance.low"])
    endpoints.disable(spare, Endpoint.Cause.OWNER)
    return {
        "key": str(shop.pk), "old_key": str(old.pk), "found_key": str(found.pk), "webhook": str(hook.pk),
        "gone_webhook": str(gone.pk), "delivery": str(told.pk), "failed_delivery": str(failed.pk),
        "callback": str(own.pk), "spare_webhook": str(spare.pk), "spare_delivery": str(endpoints.test(spare).pk),
    }  # fmt: skip


def carry(status: int | None, body: bytes, error: str = "") -> None:
    """The next call of each webhook, as if its receiver had answered so."""
    why = error or ("" if status == 200 else f"Answered {status} instead of 2xx.")
    Delivery.objects.filter(outcome="").update(due_at=timezone.now())
    for call in deliveries.claim(timezone.now(), 10, Counter()):
        clock.pass_by(0.3)
        headers = {"content-type": "application/json", "server": "shop"} if status else {}
        deliveries.settle(call, deliveries.Answer(status, headers, body, why))


def guard(carol: Any) -> dict[str, str]:
    """Every kind of second factor."""
    TOTP.activate(carol, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    with patch.object(RecoveryCodes, "generate_seed", lambda: "5eed" * 20):
        RecoveryCodes.activate(carol)
    made = WebAuthn.add(carol, "Laptop", passkey.credential())
    return {"passkey": str(made.instance.pk), "session": str(UserSession.objects.filter(user=carol).latest("id").pk)}


def write_to(alice: Any, bob: Any) -> dict[str, str]:
    """The links in mails: a new password for Alice, a new address for Bob."""
    Client(SERVER_NAME="localhost").post("/accounts/password/reset/", {"email": alice.email})
    client = logged_in(bob)
    client.post("/accounts/email/change/", {"email": "bob.new@example.com"})
    reset = re.search(r"/accounts/password/reset/key/(\S+?)/", newest_mail(alice.email))
    confirm = re.search(r"/accounts/confirm-email/(\S+?)/", newest_mail("bob.new@example.com"))
    assert reset is not None and confirm is not None
    return {"reset_key": reset[1], "confirm_key": confirm[1]}


def newest_mail(to: str) -> str:
    return Mail.objects.filter(to=to).latest("id").text


def export(alice: Any) -> dict[str, str]:
    """One archive that is ready, and one that is being put together."""
    clock.go_to(days=1)
    ready = exports.wish(alice)
    assert ready is not None
    run_queued_tasks()
    clock.go_to()
    exports.wish(alice)
    return {"export": str(ready.pk)}


def count_figures() -> None:
    """What a worker does in the background: the front page of the dashboard shows nothing that is not counted."""
    rollups.make_missing()
    while rollups.work(within_s=60):
        pass


def beat() -> None:
    """Signs of life that outlast the play: the database's clock is the real one."""
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    for name in ("worker", "follower"):
        Beat.objects.update_or_create(name=name, defaults={"at": tomorrow})


def order(user: Any, model: str, asked: dict[str, Any], quantity: int) -> Generation:
    return lifecycle.submit(user, Brief.read(model, asked, quantity))


def draw(user: Any, model: str, asked: dict[str, Any], quantity: int) -> Generation:
    return finish(order(user, model, asked, quantity))


def draw_in_style(user: Any) -> Generation:
    """With a picture of one's own as a style reference."""
    name = Image.objects.filter(user=user, status="stored").order_by("id")[1].name
    source = settings.MEDIA_DIR / name
    uri = "data:image/png;base64," + base64.b64encode(source.read_bytes()).decode()
    asked = {
        "prompt": "A tea house by the water, in the manner of the reference",
        "seed": 77,
        "creativity": "high",
        "image_style_references": [{"image_url": uri, "strength": 0.8}],
    }
    brief = Brief.read("krea-2-large", asked, 2)
    return finish(lifecycle.submit(user, brief, uploads=references.resolve(user, brief)))


def draw_with_a_failure(user: Any) -> Generation:
    body = {"detail": [{"loc": ["body"], "msg": "No media was generated.", "type": "no_media_generated"}]}
    control(fail={"prompt": "harbour", "status": 422, "times": 1, "body": body})
    return draw(user, "krea-2-medium", {"prompt": "A harbour at low tide, boats on the mud", "seed": 301}, 2)


def finish(generation: Generation) -> Generation:
    """Sent at once, drawn in seven seconds, stored in one; as long as it lasts on this machine."""
    clock.pass_by(0.4)
    run_queued_tasks()
    clock.pass_by(7.2)
    for _ in range(ENOUGH):
        look_at_everything()
        run_queued_tasks()
        if not Image.objects.filter(generation=generation).exclude(status__in=FINAL).exists():
            break
        dispatch.run()
    else:
        raise RuntimeError(f"{generation.prompt!r} is never finished.")
    generation.refresh_from_db()
    return generation


def first(generation: Generation) -> Image:
    found = generation.images.order_by("index").first()
    assert found is not None
    return found


def control(**asked: Any) -> None:
    """Tell the stand-in what to do."""
    httpx.post(f"{settings.STANDIN_FAL_URL}/__control", json=asked, trust_env=False).raise_for_status()


if __name__ == "__main__":
    main()
