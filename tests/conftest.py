"""The cast and the stage. alice has credits, bob has none, mallory must see nothing of alice's."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import OrmQ

from billing import audit, ledger, set_limits, triggers
from generations import audit as road_audit
from generations import dispatch, follow, looks, sweep, switches
from generations.brief import Brief
from generations.fal import client
from generations.models import FINAL, Draw, FalState, Generation, Image, Status
from tests import migrated
from tests.object_storage import place, s3  # noqa: F401  (fixtures of all)
from tests.standins.launch import StandIn, start_standin
from tests.stripe_standin import _stripe_process, stripe_standin  # noqa: F401  (fixtures of all)

User = get_user_model()
django_settings.PASSWORD_HASHERS = ["tests.hashers.Quick"]  # half the suite's time would go into passwords


def _uses_database(request: pytest.FixtureRequest) -> str | None:
    marker = request.node.get_closest_marker("django_db")
    names = request.fixturenames
    is_transactional = marker is not None and marker.kwargs.get("transaction")
    if is_transactional or {"transactional_db", "live_server"} & set(names):
        return "transactional_db"
    return "db" if marker is not None or "db" in names else None


@pytest.fixture(autouse=True)
def _books_are_right(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test that used the database, the ledger proves itself; then a flush may empty it."""
    name = _uses_database(request)
    if name is None:
        yield
        return
    request.getfixturevalue(name)
    yield
    if request.node.get_closest_marker("unaudited") is None:
        assert [*audit.findings(), *road_audit.findings()] == []
    if name == "transactional_db":
        triggers.remove(connection)


@pytest.fixture(autouse=True)
def _limits_are_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test set is gone with its rows, and not kept for the next one; the clock asks for nothing more."""
    monkeypatch.setattr(set_limits, "KEPT_S", 3600.0)
    set_limits.forget()


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_modify_db_settings: None) -> Iterator[bool]:
    """pytest-django takes what stands there: a copy of the database that one worker has migrated for all."""
    name = connection.creation._get_test_db_name()  # type: ignore[attr-defined]
    if connection.vendor == "sqlite":
        migrated.lay(Path(name))
        yield True
        return
    migrated.clone(django_settings.DATABASE_URL, name)
    yield True
    connection.close()
    migrated.drop(django_settings.DATABASE_URL, name)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        migrated.forget()


@pytest.fixture(scope="session", autouse=True)
def _no_connection_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Threads of the site keep their connections; PostgreSQL does not drop a database under them."""
    if connection.vendor == "postgresql":
        request.getfixturevalue("django_db_setup")
    yield
    if connection.vendor == "postgresql" and request.session.testscollected:
        request.getfixturevalue("django_db_blocker").unblock()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture(autouse=True)
def _switches_are_on(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test begins with nothing switched off, as its database has it; what this process then switches, it knows
    at once. The clock asks for nothing more, so that pages have the same number of queries at any speed."""
    monkeypatch.setattr(switches, "KEPT_S", 3600.0)
    switches.assume(switches.Known())
    yield
    switches.forget()


@pytest.fixture
def alice(db: None) -> Any:
    """Has 1,000.00 credits."""
    return make_user("alice@example.com", 1000_00)


@pytest.fixture
def bob(db: None) -> Any:
    """Has none."""
    return make_user("bob@example.com")


@pytest.fixture
def mallory(db: None) -> Any:
    """Has credits of her own, and must see nothing of alice's."""
    return make_user("mallory@example.com", 1000_00)


def make_user(email: str, credits: int = 0) -> Any:
    user = User.objects.create_user(email, "a long password 7")
    if credits:
        ledger.grant(user, credits, key=f"cast:{email}", memo="For the play")
    return user


@pytest.fixture(scope="session")
def _standin_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with start_standin(Path(tmp_path_factory.mktemp("standin")), speed=0.01) as running:
        for name, path in (("QUEUE", "/queue"), ("RUN", "/run"), ("REST", "/rest"), ("API", "/api")):
            setattr(django_settings, f"FAL_{name}_URL", running.url + path)
        django_settings.FAL_JWKS_URL = f"{running.url}/.well-known/jwks.json"
        django_settings.FAL_MEDIA_HOSTS = frozenset({running.url.removeprefix("http://")})
        yield running


@pytest.fixture
def standin(_standin_process: StandIn) -> Iterator[StandIn]:
    """The stand-in for fal, wiped, with webhooks off: tests say when fal is asked, or deliver a webhook themselves."""
    django_settings.FAL_WEBHOOKS = "off"
    _standin_process.control(reset=True)
    _standin_process.control(latency_s=0)
    yield _standin_process
    django_settings.FAL_WEBHOOKS = "auto"


@pytest.fixture
def drain(db: None) -> Callable[[], int]:
    """Run the queued tasks by their names, in this process, until none is left; how many ran."""
    return run_queued_tasks


def run_queued_tasks() -> int:
    ran = 0
    while (row := OrmQ.objects.order_by("id").first()) is not None:
        task = row.task
        row.delete()
        import_string(task["func"])(*task["args"], **task["kwargs"])
        ran += 1
        assert ran < 5000, "the tasks never end"
    return ran


@pytest.fixture
def look(db: None) -> Callable[[], None]:
    """One round of the follower that looks at everything in flight."""
    return look_at_everything


@async_to_sync
async def look_at_everything() -> None:
    async with client.open_async() as http:
        for draw in await sync_to_async(follow.in_flight)():
            await looks.look(http, draw)


@pytest.fixture
def finish_all(standin: StandIn, db: None) -> Callable[[], None]:
    """Draw until every image is final: tasks, looks and sweeps in turn, as the processes would."""

    return draw_everything


def draw_everything() -> None:
    for _ in range(50):
        run_queued_tasks()
        if not Image.objects.exclude(status__in=FINAL).exists():
            return
        look_at_everything()
        let_pauses_pass()
        sweep.run()
        dispatch.run()
    raise AssertionError(f"still under way: {list(Image.objects.values_list('status', flat=True))}")


def let_pauses_pass() -> None:
    """What waits for a later moment is due now."""
    Image.objects.exclude(not_before=None).update(not_before=None)
    Image.objects.filter(status=Status.STORING).update(status_at=long_ago())
    Image.objects.exclude(nudged_at=None).update(nudged_at=None)
    FalState.objects.exclude(probe_at=None).update(probe_at=None)
    Draw.objects.exclude(cancel_asked_at=None).update(cancel_asked_at=long_ago())
    Draw.objects.exclude(history_asked_at=None).update(history_asked_at=long_ago())


def long_ago() -> datetime:
    return timezone.now() - timedelta(minutes=10)


@pytest.fixture
def fox() -> Brief:
    return Brief.read("krea-2-medium", {"prompt": "a red fox in the snow"})


def status_of(generation: Generation) -> str:
    generation.refresh_from_db()
    return Generation.objects.prefetch_related("images").get(pk=generation.pk).status


def wallet_of(user: Any) -> tuple[int, int]:
    """(balance, held) in 1/100 credit."""
    purse = ledger.wallet(user)
    return purse.balance, purse.held
