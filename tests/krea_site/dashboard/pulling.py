"""Pulling a lever as staff does: the page first, then its form, with the token that the page gave."""

import re
from typing import Any

from django.test import Client
from django.urls import reverse

from krea_site.models import Role, StaffAct
from tests.staff import make_staff, staff_client

TOKEN = re.compile(r'name="token" value="([0-9a-f-]{36})"')


def desk(role: Role = Role.OWNER, email: str = "") -> tuple[Any, Client]:
    """A member of staff and their browser."""
    user = make_staff(role, email or f"{role.value}@example.com")
    return user, staff_client(user)


def form(client: Client, address: str, **typed: str) -> dict[str, str]:
    """What the form of a lever's page sends, with these fields filled in."""
    page = client.get(address)
    assert page.status_code == 200, page.content
    found = TOKEN.search(page.content.decode())
    assert found, page.content.decode()
    return {"token": found[1], "why": "They asked for it", **typed}


def pull(client: Client, what: str, person: Any, *further: Any, **typed: str) -> Any:
    """The answer to the lever `what` of the person's page, such as suspend."""
    address = reverse(f"staff-person-{what}", args=[person.pk, *further])
    return client.post(address, form(client, address, **typed))


def told(person: Any) -> list[tuple[str, str]]:
    """Verb and reason of every act on this person, in their order."""
    return list(StaffAct.objects.filter(subject=f"user:{person.pk}").order_by("pk").values_list("verb", "why"))
