"""What staff sees and does with money: purchases and refunds, debts, Stripe's events."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing import ledger, payments, reconcile
from billing.models import Account, Purchase, Reconciliation, StaffRefund, StripeEvent, Taking, Transfer
from billing.stripe_values import Payment, PaymentStatus, Reversed
from krea_site import money_pages, stripe_pages
from tests.staff import make_staff, staff_client

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def carol(db: None) -> Client:
    """Is staff, and logged in."""
    return staff_client(make_staff(email="carol@example.com"))


def begun(user: Any, **fields: Any) -> Purchase:
    told = {"what": "pack", "cents": 2_500, "credits": 26_000_00, "created_at": NOON, **fields}
    return Purchase.objects.create(user=user, **told)


def paid(user: Any, id: str = "pi_1", *reversals: Reversed, **fields: Any) -> Purchase:
    """A pack that was paid, as Stripe tells it; 2.50 of tax on 25.00."""
    purchase = Purchase.objects.filter(payment=id).first() or begun(user, **fields)
    payments.bring_up_to_date(
        Payment(
            id=id,
            status=PaymentStatus.PAID,
            currency="usd",
            customer="cus_1",
            created_at=NOON,
            paid_cents=2_750,
            tax_cents=250,
            invoice=f"in_{id}",
            invoice_url="https://invoice.example/1",
            reversals=reversals,
            metadata={"purchase": str(purchase.pk), "user": str(user.pk)},
        )
    )
    purchase.refresh_from_db()
    return purchase


def disputed(cents: int = 2_750, *, restored: int = 0) -> Reversed:
    return Reversed("du_1", True, cents, NOON, True, restored, "needs_response")


def event(id: str, **fields: Any) -> StripeEvent:
    told = {
        "type": "invoice.paid", "object_type": "invoice", "object_id": f"in_{id}", "api_version": "x",
        "created_at": NOON, "received_at": timezone.now(), **fields,
    }  # fmt: skip
    return StripeEvent.objects.create(id=id, **told)


def read(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status
    return str(answer.content.decode())


def spend(user: Any, credits: int) -> None:
    ledger.hold(user, credits * 100, key="spent")
    ledger.capture("spent", credits * 100, memo="Pictures")


# Purchases


def test_purchases_are_found_by_address_id_and_status(carol: Client, bob: Any, mallory: Any) -> None:
    first, second = paid(bob), begun(mallory, session="cs_9")

    for query, seen in {
        "": {first, second}, "q=bob@": {first}, "q=pi_1": {first}, "q=in_pi_1": {first}, "q=cs_9": {second},
        f"q={second.pk}": {second}, "status=open": {second}, "status=paid": {first}, "q=pi_2": set(),
        "q=bob@&status=open": set(),
    }.items():  # fmt: skip
        page = read(carol.get(f"/admin/purchases/?{query}"))
        assert {each for each in (first, second) if f"/admin/purchases/{each.pk}/" in page} == seen, query


def test_purchases_go_on_on_the_next_page(carol: Client, bob: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(money_pages, "ON_A_PAGE", 2)
    rows = [begun(bob) for _ in range(3)]

    first = read(carol.get("/admin/purchases/"))
    second = read(carol.get(f"/admin/purchases/?before={rows[1].pk}"))

    assert [str(row.pk) in first for row in rows] == [False, True, True]
    assert [f"/{row.pk}/" in second for row in rows] == [True, False, False]


@pytest.mark.parametrize("query", ["status=lost", "before=x"])
def test_page_that_there_is_not_is_not_found(carol: Client, query: str) -> None:
    assert carol.get(f"/admin/purchases/?{query}").status_code == 404


def test_a_purchase_shows_its_whole_road(carol: Client, bob: Any) -> None:
    purchase = paid(bob, "pi_1", Reversed("re_1", False, 1_100, NOON, True, 0, "succeeded"))
    spend(bob, 1_000)
    event("evt_1", object_id="pi_1", type="payment_intent.succeeded", handled_at=NOON)

    page = " ".join(read(carol.get(f"/admin/purchases/{purchase.pk}/")).split())

    for words in (
        "$25.00 for 26,000 credits", "$27.50, of it $2.50 tax", "25,000 credits for the money and 1,000 as a bonus",
        "14,600 credits, $15.44 of the money", "<code>stripe:pi_1</code>", "<code>stripe:re_1:bonus</code>",
        "took 10,000 and 400 bonus", "https://invoice.example/1", "/admin/stripe/evt_1/",
        "Refund the unspent part, $15.44", "Refund all that is left, $16.50",
    ):  # fmt: skip
        assert words in page, words


def test_staff_gives_the_whole_back_and_says_why(carol: Client, bob: Any) -> None:
    purchase = paid(bob)
    told = {"part": "whole", "whole_cents": "2750", "unspent_cents": "2750", "reason": "Bought twice"}

    page = read(carol.post(f"/admin/purchases/{purchase.pk}/refund", told, follow=True))

    row = StaffRefund.objects.get()
    assert (row.cents, row.reason, row.status) == (2_750, "Bought twice", "asked")
    assert row.actor == f"staff:{carol.session['_auth_user_id']}"
    assert "Stripe is asked to give back $27.50." in page and "is on its way already" in page


def test_second_press_of_somebody_else_makes_no_second_refund(carol: Client, bob: Any) -> None:
    purchase = paid(bob)
    told = {"part": "unspent", "whole_cents": "2750", "unspent_cents": "2750", "reason": "Asked for"}
    carol.post(f"/admin/purchases/{purchase.pk}/refund", told)

    page = read(carol.post(f"/admin/purchases/{purchase.pk}/refund", told), 409)

    assert "Nothing was given back. A refund of $27.50 is on its way already." in page
    assert StaffRefund.objects.count() == 1


def test_what_was_unspent_when_the_page_was_shown_is_not_given_back_unseen(carol: Client, bob: Any) -> None:
    purchase = paid(bob)
    spend(bob, 13_000)
    told = {"part": "unspent", "whole_cents": "2750", "unspent_cents": "2750", "reason": "Asked for"}

    page = read(carol.post(f"/admin/purchases/{purchase.pk}/refund", told), 409)

    assert "At most $13.75 can be given back for what is unspent." in page
    assert 'value="Asked for"' in page


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"part": "whole", "whole_cents": "2750"}, "Say why; it stays in the books."),
        ({"part": "whole", "whole_cents": "2750", "reason": "for bob@example.com"}, "Leave e-mail addresses out"),
        ({"part": "all", "reason": "x"}, "Choose what is to be given back."),
        ({"part": "whole", "whole_cents": "-1", "reason": "x"}, "Choose what is to be given back."),
    ],
)
def test_form_that_cannot_be_is_refused_in_words(carol: Client, bob: Any, told: Any, words: str) -> None:
    purchase = paid(bob)

    assert words in read(carol.post(f"/admin/purchases/{purchase.pk}/refund", told), 422)
    assert StaffRefund.objects.count() == 0


def test_disputed_purchase_has_no_button_and_says_why(carol: Client, bob: Any) -> None:
    purchase = paid(bob, "pi_1", disputed())

    page = read(carol.get(f"/admin/purchases/{purchase.pk}/"))

    assert "The customer&#x27;s bank disputes this payment" in page
    assert 'name="part"' not in page


def test_stripe_is_asked_again_on_a_word(carol: Client, bob: Any, drain: Any) -> None:
    purchase = begun(bob)

    page = read(carol.post(f"/admin/purchases/{purchase.pk}/ask", follow=True))

    assert "Stripe is being asked." in page
    assert drain() == 1


# Debts


def test_debts_list_who_owes_most_first(carol: Client, bob: Any, mallory: Any) -> None:
    assert "Nobody owes anything." in read(carol.get("/admin/debts/"))
    for user, id, spent in ((bob, "pi_1", 6_000), (mallory, "pi_2", 9_000)):
        paid(user, id)
        ledger.hold(user, spent * 100, key=id)
        ledger.capture(id, spent * 100, memo="Pictures")
        paid(user, id, Reversed(f"du_{id}", True, 2_750, NOON, True, 0, "lost"))

    page = read(carol.get("/admin/debts/"))

    assert "8,000.00" in page and "6,000.00" in page  # mallory had 1,000 of her own
    assert page.index("mallory@example.com") < page.index("bob@example.com")


@pytest.fixture
def indebted(bob: Any) -> Account:
    """Bob owes 5,000 credits after a dispute."""
    paid(bob)
    spend(bob, 5_000)
    paid(bob, "pi_1", disputed())
    purse = ledger.wallet(bob)
    assert purse.debt == 5_000_00
    return purse


def forgiving(amount: str = "5,000", reason: str = "Stolen card", token: str = "") -> dict[str, str]:
    return {"amount": amount, "reason": reason, "token": token or "01900000-0000-7000-8000-000000000001"}


def test_staff_forgives_a_part_and_it_is_written_down_once(carol: Client, indebted: Account) -> None:
    for _ in range(2):  # a form that is sent twice
        read(carol.post(f"/admin/debts/{indebted.pk}/", forgiving("1,250.50"), follow=True))

    indebted.refresh_from_db()
    moved = Transfer.objects.get(key__startswith="forgive:")
    assert (indebted.debt, moved.amount, moved.memo) == (3_749_50, 1_250_50, "Stolen card")
    assert moved.actor == f"staff:{carol.session['_auth_user_id']}"
    assert Taking.objects.get().forgiven == 1_250_50
    page = read(carol.get(f"/admin/debts/{indebted.pk}/"))
    assert "Stolen card" in page and 'value="3749.50"' in page


def test_what_was_forgiven_of_a_dispute_that_is_won_returns_to_losses(
    carol: Client, bob: Any, indebted: Account
) -> None:
    carol.post(f"/admin/debts/{indebted.pk}/", forgiving())

    paid(bob, "pi_1", disputed(restored=2_750))

    indebted.refresh_from_db()
    assert (indebted.balance, indebted.debt) == (21_000_00, 0)


@pytest.mark.parametrize(
    ("told", "status", "words"),
    [
        (forgiving("5000.01"), 409, "Nothing was forgiven: 5000.00 credits are owed now."),
        (forgiving("0"), 409, "Nothing was forgiven"),
        (forgiving("much"), 422, "is not an amount of credits"),
        (forgiving(reason=" "), 422, "Say why"),
        (forgiving(token="x"), 409, "Nothing was forgiven"),
    ],
)
def test_what_cannot_be_forgiven_is_refused_in_words(
    carol: Client, indebted: Account, told: Any, status: int, words: str
) -> None:
    assert words in read(carol.post(f"/admin/debts/{indebted.pk}/", told), status)

    indebted.refresh_from_db()
    assert indebted.debt == 5_000_00


def test_our_own_books_have_no_page_of_debts(carol: Client) -> None:
    assert carol.get(f"/admin/debts/{Account.objects.filter(book='sales').get().pk}/").status_code == 404


# Stripe


def test_events_are_found_by_type_state_and_id(carol: Client) -> None:
    event("evt_done", handled_at=NOON)
    event("evt_wait", due_at=NOON, error="StripeUnavailable: away", tries=2)
    event("evt_lost", type="charge.refunded", object_id="ch_1", error="KeyError", tries=12)

    for query, seen in {
        "": ["done", "wait", "lost"], "state=handled": ["done"], "state=waiting": ["wait"], "state=failed": ["lost"],
        "type=charge.refunded": ["lost"], "q=ch_1": ["lost"], "q=evt_done": ["done"], "q=no": [],
        "type=charge.refunded&state=handled": [],
    }.items():  # fmt: skip
        page = read(carol.get(f"/admin/stripe/?{query}"))
        assert [name for name in ("done", "wait", "lost") if f"/admin/stripe/evt_{name}/" in page] == seen, query


def test_events_go_on_on_the_next_page(carol: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe_pages, "ON_A_PAGE", 2)
    for number, hours in enumerate((3, 2, 2, 1)):
        event(f"evt_{number}", received_at=NOON + timedelta(hours=hours))

    first = read(carol.get("/admin/stripe/"))
    following = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    second = read(carol.get(f"/admin/stripe/{following}"))

    shown = [[number for number in range(4) if f"/admin/stripe/evt_{number}/" in page] for page in (first, second)]
    assert shown == [[0, 2], [1, 3]]


@pytest.mark.parametrize(
    "query", ["state=lost", "before=x", "before=2026-13-01T00:00:00%2B00:00,x", "before=2026-11-21"]
)
def test_page_of_events_that_there_is_not_is_not_found(carol: Client, query: str) -> None:
    assert carol.get(f"/admin/stripe/?{query}").status_code == 404


def test_event_that_failed_is_shown_with_its_error_and_repeated(carol: Client, bob: Any, drain: Any) -> None:
    purchase = paid(bob)
    event("evt_1", object_id="pi_1", error="KeyError: 'x'", tries=12)

    page = read(carol.get("/admin/stripe/evt_1/"))
    assert "KeyError: &#x27;x&#x27;" in page and "<dt>Tries</dt><dd>12</dd>" in page
    assert f"/admin/purchases/{purchase.pk}/" in page

    page = read(carol.post("/admin/stripe/evt_1/repeat", follow=True))

    row = StripeEvent.objects.get()
    assert "It is being handled." in page
    assert (row.due_at is not None, row.tries) == (True, 0)


def test_page_says_how_their_records_and_ours_stand(carol: Client) -> None:
    assert "They were not compared yet." in read(carol.get("/admin/stripe/"))
    row = Reconciliation.objects.create(
        kind="stripe", since=NOON, began_at=timezone.now(), ended_at=NOON, compared=12,
        left=1, findings=[{"id": "pi_9", "words": "differs", "is_mended": False}], stripe_cents=1_000, book_cents=990,
    )  # fmt: skip

    page = read(carol.get("/admin/stripe/"))

    assert "on 21 November 2026, 12:00 UTC" in page and "$10.00 at Stripe and $9.90 in the book" in page
    assert "1 thing differs and could not be mended." in page and "pi_9" in page
    assert "it should happen each night" not in page

    Reconciliation.objects.update(began_at=timezone.now() - timedelta(hours=37), left=0)

    page = read(carol.get("/admin/stripe/"))
    assert "it should happen each night" in page and "Nothing is left that differs." in page
    assert reconcile.newest() == row


def test_first_page_of_staff_says_what_waits_for_somebody(carol: Client) -> None:
    assert "can be repeated" not in read(carol.get("/admin/"))
    event("evt_1", error="KeyError", tries=12)
    told = {"since": NOON, "began_at": NOON, "ended_at": NOON, "left": 2}
    Reconciliation.objects.create(kind="stripe", **told)

    page = read(carol.get("/admin/"))

    assert "1 event of Stripe&#x27;s was given up and can be repeated." in page
    assert "2 things differ between Stripe&#x27;s records and ours." in page


@pytest.mark.parametrize(
    "path", ["/admin/stripe/", "/admin/stripe/evt_1/", "/admin/stripe/evt_1/repeat", "/admin/debts/1/"]
)
def test_money_is_for_staff_alone(client: Client, mallory: Any, path: str) -> None:
    assert client.post(path).headers["Location"].startswith("/accounts/login/")

    client.force_login(mallory)
    assert client.post(path).status_code == 404
