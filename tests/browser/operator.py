"""Staff before the whole site in a real browser: logged in with a password and a code of their app."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.accounts.conftest import code
from tests.browser.conftest import DESKTOP, KEEP_PASSWORD, PASSWORD, Customer, OpenPage
from tests.live_site import LiveSite
from tests.staff import SECRET

MAKE_STAFF = """
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from krea_site.models import Role
from tests.staff import enlist
user = get_user_model().objects.create(email={email!r}, password={kept!r})
EmailAddress.objects.create(user=user, email={email!r}, verified=True, primary=True)
enlist(user, Role({role!r}))
"""
OpenDesk = Callable[..., Page]


@pytest.fixture
def open_desk(live_site: LiveSite, open_page: OpenPage) -> OpenDesk:
    """`open_desk("support", "/admin/people/")`: a window of its own in which a new member of staff with that role is
    logged in and looks at that page; more words go to `open_page` (size, scheme, scripts)."""
    kept = live_site.run(KEEP_PASSWORD.format(password=PASSWORD)).strip()

    def open_one(role: str = "owner", path: str = "/admin/", *, scripts: bool = True, size: object = DESKTOP) -> Page:
        who = Customer(f"{role}-{uuid4().hex[:12]}@example.com", PASSWORD)
        live_site.run(MAKE_STAFF.format(email=who.email, kept=kept, role=role))
        page = open_page(logged_in=False, scripts=scripts, size=size)
        page.goto(f"/accounts/login/?next={path}")
        page.fill("#id_login", who.email)
        page.fill("#id_password", who.password)
        page.press("#id_password", "Enter")
        expect(page.locator("h1")).to_have_text("Second step")
        page.fill("#id_code", code(SECRET))
        page.press("#id_code", "Enter")
        page.wait_for_url(f"**{path}")
        return page

    return open_one
