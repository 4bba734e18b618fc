"""The list of throw-away mail hosts, as the operator sees and edits it."""

from typing import Any

import pytest
from django.test import Client

from krea_site import mail_hosts
from krea_site.models import MailHost
from tests.staff import enlist, staff_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(bob: Any) -> Client:
    return staff_client(enlist(bob))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("x@mailinator.com", True),
        ("x@MAILINATOR.com", True),
        ("x@deep.down.mailinator.com", True),
        ("x@notmailinator.com", False),
        ("x@example.com", False),
        ("x@com", False),
        ("no address", False),
    ],
)
def test_hosts_and_their_sub_domains_are_throw_away(address: str, expected: bool) -> None:
    assert mail_hosts.is_throw_away(address) is expected


def test_every_host_that_comes_with_the_site_is_one_and_stands_there_once() -> None:
    hosts = mail_hosts.shipped()

    assert [host for host in hosts if mail_hosts._host(host) != host] == []
    assert len(set(hosts)) == len(hosts) == MailHost.objects.listed().count()
    assert list(hosts) == sorted(hosts)


def test_a_pasted_list_is_read_whatever_parts_it() -> None:
    added = mail_hosts.add(
        "# my list\nTrash.example, junk.example;\tx@spam.example @bin.example. # a note\nyopmail.com -no-"
    )

    assert added == mail_hosts.Added(new=4, known=1, unreadable=["-no-"])
    assert all(mail_hosts.is_throw_away(f"a@{host}.example") for host in ("trash", "junk", "spam", "bin"))


def test_a_host_that_was_removed_is_not_brought_back_by_the_shipped_list() -> None:
    assert mail_hosts.remove("yopmail.com")

    mail_hosts.seed()

    assert not mail_hosts.is_throw_away("x@yopmail.com")
    assert not mail_hosts.remove("yopmail.com")
    assert mail_hosts.add("yopmail.com").new == 1
    assert mail_hosts.is_throw_away("x@yopmail.com")


def test_the_operator_searches_adds_and_removes(staff: Client) -> None:
    said = staff.post("/admin/mail-hosts/add", {"hosts": "junk.example\n??"}, follow=True).content.decode()
    assert "1 added, 0 were on the list already." in said
    assert "1 could not be read as host names, such as: ??." in said

    found = staff.get("/admin/mail-hosts/", {"q": "JUNK"}).content.decode()
    assert "junk.example" in found
    assert "yopmail.com" not in found

    staff.post("/admin/mail-hosts/remove", {"host": "junk.example", "q": "junk"})
    assert "No host on the list has this in its name." in staff.get("/admin/mail-hosts/?q=junk").content.decode()


def test_an_empty_paste_says_what_is_wanted(staff: Client) -> None:
    assert "Write one host name" in staff.post("/admin/mail-hosts/add", {"hosts": " \n"}, follow=True).content.decode()


def test_only_staff_sees_or_changes_the_list(client: Client, mallory: Any) -> None:
    for path in ("", "add", "remove"):
        answer = client.post(f"/admin/mail-hosts/{path}") if path else client.get("/admin/mail-hosts/")
        assert answer.url.startswith("/accounts/login/")  # type: ignore[attr-defined]
    client.force_login(mallory)

    answers = [
        client.get("/admin/mail-hosts/"),
        client.post("/admin/mail-hosts/add", {"hosts": "example.com"}),
        client.post("/admin/mail-hosts/remove", {"host": "yopmail.com"}),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert mail_hosts.is_throw_away("x@yopmail.com")
    assert not mail_hosts.is_throw_away("x@example.com")
