"""The small commands: keys, credits, the audit."""

import json
import re
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from billing import ledger
from billing.models import Account, Book, Transfer
from generations import lifecycle
from generations.brief import Brief
from generations.models import Generation, Image
from partners import keys
from partners.models import Key
from tests.conftest import wallet_of


def run(*words: str) -> tuple[str, str]:
    """Standard output and standard error of a command."""
    out, err = StringIO(), StringIO()
    call_command(*words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_create_api_key_prints_the_key_alone(alice: Any) -> None:
    options = ["--scopes", "generations:read", "billing:read", "--monthly-limit", "45.5"]

    out, err = run("create_api_key", "Alice@Example.com", "--name", "Shop", *options)

    assert re.fullmatch(r"krea_[A-Za-z0-9]{38}\n", out)
    assert err == ""
    found = keys.find(out.strip())
    assert found is not None
    assert (found.user, found.name, found.scopes) == (alice, "Shop", ["generations:read", "billing:read"])
    assert found.monthly_limit == 45_50


def test_create_api_key_makes_a_user_without_a_password(db: None) -> None:
    out, err = run("create_api_key", "new@example.com", "--name", "Shop", "--scopes", "billing:read,webhooks:write")

    user = User.objects.get(email="new@example.com")
    assert not user.has_usable_password()
    assert "new@example.com" in err
    found = keys.find(out.strip())
    assert found is not None and found.scopes == ["billing:read", "webhooks:write"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a@example.com", "--name", "x", "--scopes", "images:write"], "--scopes: There is no scope 'images:write'."),
        (["a@example.com", "--name", " "], "--name: give the key a name"),
        (["a@example.com", "--name", "x", "--monthly-limit", "lots"], "--monthly-limit: 'lots' is not an amount"),
        (["nobody", "--name", "x"], "EMAIL: 'nobody' is not an e-mail address."),
        (["a@example.com"], "--name"),
    ],
)
def test_create_api_key_refuses_by_name(db: None, words: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=re.escape(said)):
        run("create_api_key", *words)

    assert not Key.objects.exists()


def test_grant_credits_says_the_new_balance_and_writes_who_and_why(alice: Any) -> None:
    out, _ = run("grant_credits", "alice@example.com", "45.50", "--reason", "A late picture")

    transfer = Transfer.objects.latest("created_at")
    assert out == "Gave 45.50 credits to alice@example.com; balance 1045.50.\n"
    assert wallet_of(alice) == (1045_50, 0)
    assert (transfer.amount, transfer.memo, transfer.source.book) == (45_50, "A late picture", Book.GRANTS)
    assert re.fullmatch(r"command:\w+", transfer.actor)


def test_grant_credits_twice_gives_twice(alice: Any) -> None:
    for _ in range(2):
        run("grant_credits", "alice@example.com", "1", "--reason", "Again")

    assert wallet_of(alice) == (1002_00, 0)


def test_grant_credits_to_a_stranger_makes_them_and_says_so(db: None) -> None:
    _, err = run("grant_credits", "new@example.com", "500", "--reason", "Welcome")

    assert err == "There was no user new@example.com; made one.\n"
    assert wallet_of(User.objects.get(email="new@example.com")) == (500_00, 0)


@pytest.mark.parametrize(
    ("email", "amount", "reason", "said"),
    [
        ("alice@example.com", "ten", "x", "CREDITS: 'ten' is not an amount"),
        ("alice@example.com", "0", "x", "CREDITS: give more than 0"),
        ("alice@example.com", "-5", "x", "CREDITS: '-5' is not an amount"),
        ("alice@example.com", "1.005", "x", "CREDITS: '1.005' is not an amount"),
        ("alice@example.com", "1e3", "x", "CREDITS: '1e3' is not an amount"),
        ("alice@example.com", "9999999999999", "x", "CREDITS: give more than 0 and at most"),
        ("alice@example.com", "5", "  ", "--reason: say why"),
        ("alice@example.com", "5", "Asked for by alice@example.com", "--reason: leave addresses out"),
        ("alice(at)example.com", "5", "x", "EMAIL: 'alice(at)example.com' is not"),
    ],
)
def test_grant_credits_refuses_by_name_and_moves_nothing(
    alice: Any, email: str, amount: str, reason: str, said: str
) -> None:
    with pytest.raises(CommandError, match=re.escape(said)):
        run("grant_credits", email, amount, "--reason", reason)

    assert wallet_of(alice) == (1000_00, 0)
    assert User.objects.count() == 1


def test_audit_ledger_of_right_books(alice: Any, fox: Brief) -> None:
    lifecycle.submit(alice, fox)

    out, _ = run("audit_ledger")

    accounts = Account.objects.count()
    assert out == f"The books are right: {accounts} accounts, 1 transfers, 1 holds, 1 generations.\n"


@pytest.mark.unaudited
def test_audit_ledger_lists_what_differs_and_fails(alice: Any) -> None:
    purse = ledger.wallet(alice)
    Account.objects.filter(pk=purse.pk).update(balance=999_00)
    out = StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("audit_ledger", stdout=out)

    assert ended.value.code == 1
    assert f"- wallet {purse.pk}: balance is 99900, its rows say 100000" in out.getvalue().splitlines()


@pytest.mark.unaudited
def test_audit_ledger_as_json_has_both_halves(alice: Any, fox: Brief) -> None:
    generation = lifecycle.submit(alice, fox)
    Generation.objects.update(unfinished=0)
    Image.objects.update(price=1)
    out = StringIO()

    with pytest.raises(SystemExit):
        call_command("audit_ledger", "--json", stdout=out)

    told = json.loads(out.getvalue())
    assert told["ok"] is False
    assert told["counted"] | {"accounts": 0} == {"accounts": 0, "transfers": 1, "holds": 1, "generations": 1}
    assert f"generation {generation}: unfinished is 0, 1 are" in told["findings"]
    assert any("its generation says otherwise" in finding for finding in told["findings"])
