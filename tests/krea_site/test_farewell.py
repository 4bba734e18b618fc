"""The deletion of an account: what is said before, what is gone after, what stays, and who may do it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.cache import cache
from django.db import models
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from accounts.models import User
from accounts.signals import email_verified
from billing import closings, ledger, takings
from billing.models import Account, Book, Hold, Kind, Transfer
from generations import doomed, let_in, lifecycle, sweep
from generations.brief import Brief
from generations.models import DoomedFile, Draft, Generation, Image, SavedLora, Share
from generations.pictures import store
from krea_site import exports, farewell, trial
from krea_site.models import Export, Farewell, Mail, Report, TrialGrant
from partners import keys
from tests.conftest import make_user, run_queued_tasks, wallet_of
from tests.krea_site.belongings import drawn, files, uploaded

pytestmark = pytest.mark.django_db

Step = Farewell.Step
PROMPT = "a portrait of my aunt Adelheid"
PASSWORD = "a long password 7"

# Every row that points at a user, and what becomes of it. A new one has to be put here, and into the farewell.
POINTING = {
    "admin.LogEntry.user": "never written: the audit log is StaffAct",
    "account.EmailAddress.user": "deleted",
    "accounts.Suspension.user": "deleted",
    "accounts.User_groups.user": "deleted",
    "accounts.User_user_permissions.user": "deleted",
    "billing.Account.user": "stays at zero, under the empty user",
    "billing.AutoTopUp.user": "deleted",
    "billing.LimitRow.user": "deleted",
    "billing.Purchase.user": "stays as the ledger does, under the empty user",
    "billing.StripeCustomer.user": "deleted at Stripe; the row stays under the empty user",
    "billing.Subscription.user": "canceled; the row stays under the empty user",
    "billing.TopUp.user": "stays as the ledger does, under the empty user",
    "generations.Customer.user": "deleted",
    "generations.Draft.user": "deleted",
    "generations.Event.user": "deleted",
    "generations.Generation.user": "emptied",
    "generations.Image.user": "emptied",
    "generations.KeptFile.user": "deleted",
    "generations.SavedLora.user": "deleted",
    "generations.Share.user": "deleted",
    "generations.Upload.user": "deleted",
    "krea_site.CreditRequest.asked_by": "staff's, stays under the empty user",
    "krea_site.CreditRequest.decided_by": "staff's, stays under the empty user",
    "krea_site.CreditRequest.user": "stays as the ledger does, under the empty user",
    "krea_site.BulkAct.by": "staff's, stays under the empty user",
    "krea_site.Export.user": "deleted",
    "krea_site.Farewell.user": "stays, without the address",
    "krea_site.Impersonation.staff": "staff's, stays under the empty user",
    "krea_site.Impersonation.user": "stays as the audit log does, under the empty user",
    "krea_site.Report.claimed_by": "staff's, stays under the empty user",
    "krea_site.Report.closed_by": "staff's, stays under the empty user",
    "krea_site.Retry.by": "staff's, stays under the empty user",
    "krea_site.StaffAct.actor": "staff's, stays under the empty user",
    "krea_site.StaffMember.user": "deleted",
    "krea_site.TextVersion.author": "staff's, stays under the empty user",
    "krea_site.TrialGrant.user": "unlinked",
    "mfa.Authenticator.user": "deleted",
    "partners.Delivery.user": "deleted",
    "partners.Endpoint.user": "deleted",
    "partners.KeptAnswer.user": "deleted",
    "partners.Key.user": "deleted",
    "partners.Listener.user": "deleted",
    "usersessions.UserSession.user": "deleted",
}
ADDRESSES = {
    "account.EmailAddress.email": "deleted",
    "accounts.User.email": "replaced",
    "krea_site.Farewell.address": "emptied at the end",
    "krea_site.Mail.to": "deleted",
    "krea_site.Report.email": "emptied",
}


@pytest.fixture(autouse=True)
def _no_limit_is_used_up() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def adelheid(rf: Any) -> Any:
    """Somebody who has one of everything."""
    user = make_user("adelheid@example.com")
    User.objects.filter(pk=user.pk).update(first_name="Adelheid", last_login=timezone.now())
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    Authenticator.objects.create(user=user, type="recovery_codes", data={"of": "adelheid"})
    email_verified.send(sender=None, user=user, address=user.email, request=rf.get("/", REMOTE_ADDR="8.8.8.8"))
    trial.decide(TrialGrant.objects.get().pk)
    drawn(user, 40, prompt=PROMPT)
    uploaded(user, 41)
    Draft.objects.create(user=user, typed={"prompt": PROMPT})
    SavedLora.objects.create(user=user, name="Adelheid's face", path="https://example.com/a.safetensors")
    Share.objects.create(user=user, image=Image.objects.filter(user=user)[0])
    keys.make(user, "adelheid's server")
    exports.wish(user)
    run_queued_tasks()
    Report.objects.create(picture="x", reason="other", email="Adelheid@example.com")
    Mail.objects.create(to=user.email, subject="Hello adelheid", sent_at=timezone.now())
    return User.objects.get(pk=user.pk)


def finish(row: Farewell) -> Farewell:
    """Workers and sweeps, until everything that waits for later has come."""
    with time_machine.travel(timezone.now(), tick=True) as clock:
        for _ in range(12):
            sweep.uncanceled()
            farewell.sweep()
            run_queued_tasks()
            doomed.sweep()
            clock.shift(max(farewell.LATECOMERS, farewell.LEASE, doomed.GRACE) + timedelta(seconds=10))
            row.refresh_from_db()
            if row.step == Step.DONE and not DoomedFile.objects.exists():
                return row
    raise AssertionError(f"still at {row.step}, with {DoomedFile.objects.count()} files to go")


def traces(*needles: str) -> list[str]:
    """Every row of any table that holds one of the needles."""
    rows = [(model, readable(row)) for model in apps.get_models() for row in model._base_manager.values()]
    return [f"{model.__name__}: {row}" for model, row in rows if any(each.lower() in row.lower() for each in needles)]


def readable(row: dict[str, Any]) -> str:
    return str([bytes(value) if isinstance(value, memoryview) else value for value in row.values()])


def test_every_row_that_points_at_a_user_is_thought_of() -> None:
    every = apps.get_models(include_auto_created=True)
    fields = [field for model in every for field in model._meta.get_fields() if isinstance(field, models.ForeignKey)]
    found = {f"{field.model._meta.label}.{field.name}" for field in fields if field.related_model is User}

    assert found == POINTING.keys()


def test_every_field_that_holds_an_address_is_thought_of() -> None:
    every = [field for model in apps.get_models() for field in model._meta.get_fields()]
    found = {f"{field.model._meta.label}.{field.name}" for field in every if isinstance(field, models.EmailField)}

    assert found == ADDRESSES.keys()


def test_no_trace_is_left_of_the_person_and_the_pictures(adelheid: Any) -> None:
    names, hashes = files(adelheid), [image.sha256 for image in Image.objects.filter(user=adelheid)]
    prefix = keys.make(adelheid, "second")[0].prefix
    before = traces("adelheid", PROMPT, prefix, *hashes)
    named = "Authenticator Draft EmailAddress Farewell Generation Image Key Mail Report SavedLora User"
    assert {line.partition(":")[0] for line in before} | {"Farewell"} >= set(named.split())

    row = finish(farewell.begin(adelheid))

    assert traces("adelheid", PROMPT, prefix, *hashes, "8.8.8.8") == []
    assert not any(store.exists(name) for name in names)
    assert row.address == ""
    stub = User.objects.get(pk=adelheid.pk)
    assert (stub.email, stub.is_active, stub.last_login) == (f"{stub.pk}@deleted.invalid", False, None)


def test_the_ledger_stays_without_a_name_and_the_wallet_ends_at_zero(alice: Any, fox: Brief) -> None:
    ledger.purchase(alice, cash=50_00, bonus=5_00, key="stripe:1", memo="A pack")
    before = set(Transfer.objects.values_list("key", flat=True))
    sales = closings.balance_of(Book.SALES)

    row = finish(farewell.begin(alice))

    assert (row.forfeited, row.written_off) == (1055_00, 0)
    assert wallet_of(alice) == (0, 0)
    added = Transfer.objects.exclude(key__in=before).get()
    assert (added.key, added.kind, added.target.book, added.amount) == (
        f"forfeit:{alice.pk}", Kind.FORFEIT, Book.FORFEITS, 1055_00,
    )  # fmt: skip
    assert closings.balance_of(Book.SALES) == sales == -50_00
    assert closings.balance_of(Book.FORFEITS) == 1055_00


def test_a_debt_is_written_off(alice: Any) -> None:
    takings.take(alice, cash=1300_00, bonus=0, kind=Kind.DISPUTE, key="dispute:1", memo="A dispute")

    row = finish(farewell.begin(alice))

    assert (row.forfeited, row.written_off) == (0, 300_00)
    purse = Account.objects.get(user=alice)
    assert (purse.balance, purse.held, purse.debt) == (0, 0, 0)


def test_running_pictures_are_cancelled_before_the_money_goes(alice: Any, fox: Brief) -> None:
    lifecycle.submit(alice, fox)
    OrmQ.objects.all().delete()  # no worker took it up: it still waits here
    assert wallet_of(alice)[1] > 0

    row = finish(farewell.begin(alice))

    assert Generation.objects.get().outcome == "canceled"
    assert (row.forfeited, wallet_of(alice)) == (1000_00, (0, 0))


def test_a_picture_that_fal_finishes_all_the_same_is_paid_for_and_not_kept(
    alice: Any, fox: Brief, standin: Any, drain: Any, finish_all: Any
) -> None:
    lifecycle.submit(alice, fox)
    drain()  # it is at fal
    row = farewell.begin(alice)
    finish_all()

    row = finish(row)

    image = Image.objects.get()
    assert (image.status, image.name) == ("stored", "")
    assert row.forfeited == 1000_00 - image.price
    assert Hold.objects.get().captured == image.price


def test_a_picture_ordered_at_the_last_moment_is_cancelled_too(alice: Any, fox: Brief) -> None:
    lifecycle.submit(alice, fox)
    row = farewell.begin(alice)
    Farewell.objects.update(step=Step.MONEY)  # it was not seen when the pictures were cancelled
    OrmQ.objects.all().delete()

    farewell.go_on(row.pk)
    row.refresh_from_db()
    assert (row.step, wallet_of(alice)[0]) == (Step.CANCEL, 1000_00)

    assert finish(row).forfeited == 1000_00


def test_an_order_whose_request_was_let_in_before_the_farewell_comes_too_late(alice: Any, fox: Brief) -> None:
    farewell.begin(alice)

    with pytest.raises(let_in.AccountIsShut, match="closed"):
        lifecycle.submit(alice, fox)
    assert not Generation.objects.exists()


def test_shared_files_stay_for_others(adelheid: Any, mallory: Any) -> None:
    drawn(mallory, 40, prompt="the same picture by chance")
    uploaded(mallory, 41)

    finish(farewell.begin(adelheid))

    assert len(files(mallory)) > 2
    assert all(store.exists(name) for name in files(mallory))


def test_nobody_is_logged_in_any_more_and_no_key_opens(adelheid: Any, client: Client) -> None:
    client.post("/accounts/login/", {"login": adelheid.email, "password": PASSWORD})
    elsewhere = Client()
    elsewhere.force_login(adelheid)
    _, secret = keys.make(adelheid, "live")

    farewell.begin(adelheid)

    assert keys.find(secret) is None
    assert elsewhere.get("/studio/").url.startswith("/accounts/login/")  # type: ignore[attr-defined]
    client.post("/accounts/login/", {"login": "adelheid@example.com", "password": PASSWORD})
    assert client.get("/studio/").url.startswith("/accounts/login/")  # type: ignore[attr-defined]


def test_the_same_address_signs_up_again_and_gets_no_second_trial(adelheid: Any, rf: Any) -> None:
    EmailAddress.objects.create(user=adelheid, email="second@example.com", verified=True)
    finish(farewell.begin(adelheid))

    for address in ("Adelheid+again@example.com", "second@example.com"):
        user = make_user(address)
        email_verified.send(sender=None, user=user, address=address, request=rf.get("/", REMOTE_ADDR="9.9.9.9"))
        trial.decide(TrialGrant.objects.get(user=user).pk)
        assert wallet_of(user) == (0, 0)
        assert "given once" in trial.refusal(user)


def test_an_archive_that_is_being_built_or_read_ends_with_the_account(alice: Any, mailoutbox: list[Any]) -> None:
    exports.wish(alice)
    farewell.begin(alice)
    mailoutbox.clear()

    run_queued_tasks()

    assert not Export.objects.downloadable().exists()
    assert [mail.subject for mail in mailoutbox] == []


def test_an_archive_that_was_asked_for_at_the_last_moment_goes_too(alice: Any) -> None:
    row = farewell.begin(alice)
    farewell.go_on(row.pk)
    exports.wish(alice)  # its request was let in before the farewell began

    finish(row)

    assert not Export.objects.exists()


def test_mails_to_somebody_new_under_the_address_are_theirs(adelheid: Any) -> None:
    row = farewell.begin(adelheid)
    farewell.go_on(row.pk)
    row.refresh_from_db()
    assert row.step == Step.MAILS
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        again = make_user("adelheid@example.com")
        theirs = Mail.objects.create(to=again.email, subject="Confirm")

    finish(row)

    assert list(Mail.objects.all()) == [theirs]


def test_the_last_mail_is_sent_before_it_is_forgotten(adelheid: Any) -> None:
    row = farewell.begin(adelheid)
    farewell.go_on(row.pk)
    last = Mail.objects.create(to="adelheid@example.com", subject="Your account is deleted", sent_at=None)
    Mail.objects.filter(pk=last.pk).update(created_at=row.created_at)
    with time_machine.travel(timezone.now() + farewell.LATECOMERS + timedelta(seconds=5)):
        farewell.go_on(row.pk)
    row.refresh_from_db()
    assert (row.step, Mail.objects.filter(pk=last.pk).exists()) == (Step.MAILS, True)

    Mail.objects.update(sent_at=timezone.now())

    finish(row)
    assert not Mail.objects.exists()


def test_the_person_is_told_by_mail(adelheid: Any, mailoutbox: list[Any]) -> None:
    mailoutbox.clear()

    farewell.begin(adelheid)
    farewell.begin(adelheid)

    assert [(mail.to, mail.subject) for mail in mailoutbox] == [(["adelheid@example.com"], "Your account is deleted")]


# The page -------------------------------------------------------------------------------------------


def confirmed(client: Client, user: Any) -> Client:
    """Logged in, and confirmed just now by password that it is they."""
    EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def test_the_page_says_what_becomes_of_everything(alice: Any, fox: Brief, client: Client) -> None:
    generation = lifecycle.submit(alice, fox)
    drawn(alice, 50, 51)
    keys.make(alice, "one")

    page = " ".join(confirmed(client, alice).get("/accounts/data/delete/").content.decode().split())

    held = generation.quoted / 100
    for words in (
        f"{1000 - held:.2f}</span> credits",
        f"{held:.2f}</span> credits",
        "1 picture on the way is cancelled",
        "2 pictures, with prompts",
        "1 API key ends at once",
    ):
        assert words in page


def test_the_address_has_to_be_typed_in(alice: Any, client: Client) -> None:
    answer = confirmed(client, alice).post("/accounts/data/delete/", {"email": "mallory@example.com"})

    assert answer.status_code == 422
    assert "This is not the address of this account." in answer.content.decode()
    assert not Farewell.objects.exists()


def test_the_person_is_out_at_once(alice: Any, client: Client) -> None:
    answer = confirmed(client, alice).post("/accounts/data/delete/", {"email": " Alice@example.com "}, follow=True)

    assert answer.redirect_chain == [("/", 302)]
    assert "Your account is deleted." in answer.content.decode()
    assert client.get("/studio/").url.startswith("/accounts/login/")  # type: ignore[attr-defined]


def test_it_asks_anew_who_it_is(alice: Any, client: Client) -> None:
    client.force_login(alice)

    answer = client.post("/accounts/data/delete/", {"email": alice.email})

    assert answer.url.startswith("/accounts/reauthenticate/")  # type: ignore[attr-defined]
    assert not Farewell.objects.exists()
