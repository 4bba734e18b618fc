"""Every address under /admin/ as every role: each can do its part and nothing else.

What a role may do is written down here a second time, address by address, so that a change of the table in roles.py or
of a view's lever is seen. An address that is missing here fails.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from krea_site.models import Role, StaffAct
from tests.staff import make_staff, staff_client

LETTERS = {Role.SUPPORT: "s", Role.FINANCE: "f", Role.MODERATOR: "m", Role.OWNER: "o"}
VALUES = {
    "uuid": "00000000-0000-0000-0000-000000000007",
    "int": "7000000",
    "slug": "none-like-this",
    "str": "none-like-this",
    "path": "7000000",
}

# Who may look, and after a blank who may act where that is not the same.
PAGES = {
    "admin/": "sfmo",
    "admin/acts/": "fo",
    "admin/acts/<uuid:id>/": "fo",
    "admin/acts/acts.csv": "fo",
    "admin/alerts/": "sfmo",
    "admin/alerts/<int:id>/acknowledge": "sfmo",
    "admin/audit/": "sfo",
    "admin/checks/<slug:kind>/now": "fo",
    "admin/components/": "sfmo",
    "admin/credit-requests/": "sfo",
    "admin/credit-requests/<uuid:id>/confirm": "fo",
    "admin/credit-requests/<uuid:id>/refuse": "fo",
    "admin/debts/": "sfo",
    "admin/debts/<int:id>/": "sfo fo",
    "admin/erasures/": "o",
    "admin/erasures/<int:id>/go-on": "o",
    "admin/erasures/again": "o",
    "admin/erasures/begin/": "o",
    "admin/fal/": "sfo",
    "admin/fal/days/<int:id>/": "sfo fo",
    "admin/generations/": "sfmo",
    "admin/generations/<uuid:id>/": "sfmo",
    "admin/generations/<uuid:id>/act": "so",
    "admin/generations/<uuid:id>/road.json": "sfmo",
    "admin/generations/many/": "so",
    "admin/generations/many/<uuid:id>/": "so",
    "admin/generations/many/<uuid:id>/stop": "so",
    "admin/generations/many/new": "so",
    "admin/limits/": "o",
    "admin/limits/plan/<uuid:id>/": "o",
    "admin/limits/user/<int:id>/": "o",
    "admin/mail-hosts/": "o",
    "admin/mail-hosts/add": "o",
    "admin/mail-hosts/remove": "o",
    "admin/mails/": "so",
    "admin/mails/<uuid:id>/": "so",
    "admin/mails/<uuid:id>/again": "so",
    "admin/members/": "o",
    "admin/members/give": "o",
    "admin/models/": "o",
    "admin/models/<slug:id>/": "o",
    "admin/packs/": "fo",
    "admin/packs/<uuid:id>/": "fo",
    "admin/packs/<uuid:id>/offer": "fo",
    "admin/packs/add/<slug:what>/": "fo",
    "admin/packs/planned/<uuid:id>/": "fo",
    "admin/people/": "sfmo",
    "admin/people/<int:id>/": "sfmo",
    "admin/people/<int:id>/checked/": "mo",
    "admin/people/<int:id>/factor/": "so",
    "admin/people/<int:id>/give/": "sfo",
    "admin/people/<int:id>/keys/<uuid:key>/": "so",
    "admin/people/<int:id>/lift/": "mo",
    "admin/people/<int:id>/password/": "so",
    "admin/people/<int:id>/sessions/": "so",
    "admin/people/<int:id>/sessions/<int:session>/": "so",
    "admin/people/<int:id>/statement/": "sfo",
    "admin/people/<int:id>/suspend/": "mo",
    "admin/people/<int:id>/take/": "sfo",
    "admin/people/<int:id>/unchecked/": "mo",
    "admin/people/<int:id>/visit/": "so",
    "admin/prices/": "fo",
    "admin/prices/<str:item>/": "fo",
    "admin/prices/<str:item>/<int:id>/withdraw": "fo",
    "admin/purchases/": "sfo",
    "admin/purchases/<uuid:id>/": "sfo",
    "admin/purchases/<uuid:id>/ask": "fo",
    "admin/purchases/<uuid:id>/correct": "fo",
    "admin/purchases/<uuid:id>/refund": "fo",
    "admin/reports/": "mo",
    "admin/reports/<uuid:id>/": "mo",
    "admin/reports/<uuid:id>/claim": "mo",
    "admin/reports/<uuid:id>/dismiss": "mo",
    "admin/reports/<uuid:id>/picture": "mo",
    "admin/reports/<uuid:id>/release": "mo",
    "admin/reports/<uuid:id>/takedown": "mo",
    "admin/stripe/": "sfo",
    "admin/stripe/<str:id>/": "sfo",
    "admin/stripe/<str:id>/repeat": "fo",
    "admin/switches/": "o",
    "admin/switches/<slug:what>/": "o",
    "admin/switches/notices/<int:id>/": "o",
    "admin/switches/notices/new": "o",
    "admin/texts/": "o",
    "admin/texts/<slug:slug>/": "o",
}

# Tables, which are only looked at.
TABLES = {
    "accounts.suspension": "mo",
    "accounts.user": "sfmo",
    "billing.account": "sfo",
    "billing.hold": "sfo",
    "billing.reversal": "sfo",
    "billing.transfer": "sfo",
    "generations.beat": "sfmo",
    "generations.draw": "sfmo",
    "generations.event": "sfmo",
    "generations.generation": "sfmo",
    "generations.image": "sfmo",
    "krea_site.bulkact": "so",
    "krea_site.checkrun": "sfo",
    "krea_site.creditrequest": "sfo",
    "krea_site.impersonation": "fo",
    "krea_site.retry": "sfmo",
    "krea_site.staffmember": "o",
    "partners.delivery": "sfmo",
    "partners.key": "so",
    "usersessions.usersession": "so",
}

# Of Django's admin: each leads to the front page, to the site's own pages, or to the list of tables.
LED_ELSEWHERE = {"admin/login/", "admin/logout/", "admin/jsi18n/", "admin/(?P<url>.*)$"}


def patterns(found: Any = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every address under admin/, with its route."""
    for each in get_resolver().url_patterns if found is None else found:
        route = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            if route.startswith("admin/"):
                yield from patterns(each.url_patterns, route)
        elif route.startswith("admin/"):
            yield route, each


def address(route: str) -> str:
    return "/" + re.sub(r"<(\w+):\w+>", lambda found: VALUES[found[1]], route)


def is_refused(answer: Any) -> bool:
    """Whether it was refused; whoever is let in finds no page that fails."""
    assert answer.status_code < 500, answer.request["PATH_INFO"]
    return bool(answer.status_code == 403)


def tables() -> dict[str, str]:
    """The route of each table, and its name."""
    names = [model._meta.label_lower for model in admin.site._registry]
    return {f"admin/{name.replace('.', '/')}/": name for name in names}


def test_every_address_is_written_down_here() -> None:
    routes = {route for route, _ in patterns()}
    of_tables = {route for route in routes if route.startswith(tuple(tables()))}

    assert routes - of_tables - LED_ELSEWHERE - {route for route in routes if "app_label" in route} == PAGES.keys()
    assert set(tables().values()) == TABLES.keys()


@pytest.fixture(params=Role)
def role(request: pytest.FixtureRequest) -> Role:
    return Role(request.param)


@pytest.fixture
def client(role: Role, db: None) -> Client:
    return staff_client(make_staff(role), raise_request_exception=False)


def test_each_role_opens_its_own_pages_and_no_other(role: Role, client: Client) -> None:
    opened = {route for route in PAGES if not is_refused(client.get(address(route)))}

    assert opened == {route for route, who in PAGES.items() if LETTERS[role] in who.split()[0]}
    assert not StaffAct.objects.exists()


def test_each_role_does_its_own_part_and_no_other(role: Role, client: Client) -> None:
    done = {route for route in PAGES if not is_refused(client.post(address(route)))}

    assert done == {route for route, who in PAGES.items() if LETTERS[role] in who.split()[-1]}


def test_a_form_of_another_site_is_refused_everywhere(db: None) -> None:
    owner = staff_client(make_staff(Role.OWNER), enforce_csrf_checks=True, raise_request_exception=False)

    assert [route for route in PAGES if owner.post(address(route)).status_code != 403] == []


def test_each_role_looks_at_its_own_tables_and_changes_none(role: Role, client: Client) -> None:
    lists = {name for route, name in tables().items() if not is_refused(client.get(f"/{route}"))}

    assert lists == {name for name, who in TABLES.items() if LETTERS[role] in who}
    for route in tables():
        assert client.get(f"/{route}add/").status_code == 403
        assert client.post(f"/{route}").status_code == 405
        for act in ("delete", "change"):
            assert client.post(f"/{route}7000000/{act}/").status_code == 405


def test_staff_without_a_role_opens_nothing(db: None) -> None:
    client = staff_client(make_staff(role=None))

    assert [route for route in PAGES if not is_refused(client.get(address(route)))] == []


def test_nobody_and_customers_open_nothing(mallory: Any) -> None:
    customer = Client()
    customer.force_login(mallory)

    for route in [*PAGES, *tables()]:
        assert Client().get(address(route)).status_code == 302
        assert customer.get(address(route)).status_code == 404
        assert customer.post(address(route)).status_code == 404
