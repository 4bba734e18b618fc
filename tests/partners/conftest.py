"""acme, a partner: an account with credits, and callers that hold every answer against the API's own document."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from krea_site.asgi import application
from partners import keys
from partners.models import Key
from tests.conftest import make_user
from tests.generations.pages import picture
from tests.generations.strangers import Stranger
from tests.in_thread import served
from tests.partners.caller import Caller
from tests.partners.receivers import carry as carry
from tests.partners.receivers import open_receiver as open_receiver
from tests.partners.receivers import shop as shop


@pytest.fixture
def acme(db: None) -> Any:
    """A partner with 1,000.00 credits."""
    return make_user("acme@example.com", 1000_00)


@pytest.fixture
def key(acme: Any) -> Key:
    """acme's key, which may do everything; `secret` is on it."""
    made, secret = keys.make(acme, "Shop")
    made.secret = secret  # type: ignore[attr-defined]
    return made


@pytest.fixture
def api(key: Any) -> Caller:
    """Calls as acme."""
    return Caller(key.secret)


@pytest.fixture
def stranger(mallory: Any) -> Caller:
    """Calls as mallory, who must see nothing of acme's."""
    return Caller(keys.make(mallory, "Hers")[1])


@pytest.fixture
def site(transactional_db: None) -> Iterator[str]:
    """The web process as it runs, with its front, in a thread of its own."""
    with served(application) as port:
        yield f"http://localhost:{port}"


@pytest.fixture
def fox_host(settings: Settings) -> Iterator[str]:
    """A stranger's server with a picture at every address."""
    data = picture().read()
    there = Stranger(lambda visit: visit.give(body=data, Content_Type="image/png"), "127.0.0.1", 0, None)
    settings.SAFE_FETCH_ALLOW = settings.SAFE_FETCH_ALLOW | {f"127.0.0.1:{there.port}"}
    yield f"http://127.0.0.1:{there.port}"
    there.leave()
