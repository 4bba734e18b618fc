"""/metrics: who may read it, that a parser understands it, and that its numbers are those of the rows."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from asgiref.sync import async_to_sync
from django.conf import settings as django_settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from generations import fal_state, lifecycle
from generations.brief import Brief
from krea_site import traffic
from krea_site.asgi import application
from krea_site.dashboard import rollups
from krea_site.metrics import door, site
from krea_site.watch import rounds, runbook
from tests.conftest import draw_everything
from tests.standins.launch import StandIn

pytestmark = pytest.mark.django_db(transaction=True)

DEPLOY = django_settings.BASE_DIR / "deploy"
LOOPBACK, STRANGER = ("127.0.0.1", 5000), ("203.0.113.9", 5000)


@pytest.fixture(autouse=True)
def nothing_is_kept(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.MEDIA_DIR = tmp_path / "media"
    door._kept = (0.0, [])
    site._highest.clear()
    yield
    door._kept = (0.0, [])


def ask(*, client: tuple[str, int] = LOOPBACK, token: str = "") -> tuple[int, str]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
    scope = {
        "type": "http", "method": "GET", "path": "/metrics", "headers": headers, "query_string": b"", "client": client,
    }  # fmt: skip
    async_to_sync(application)(scope, receive, send)
    return sent[0]["status"], sent[1]["body"].decode()


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(text)
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def told(name: str, /, **labels: str) -> float:
    door._kept = (0.0, [])
    return samples(ask()[1])[name, tuple(sorted(labels.items()))]


def test_only_this_machine_may_read_it_without_a_token() -> None:
    assert ask()[0] == 200
    assert ask(client=("::1", 1))[0] == 200
    assert ask(client=STRANGER)[0] == 404


def test_a_token_opens_it_from_anywhere_and_is_asked_of_everybody(settings: Settings) -> None:
    settings.METRICS_TOKEN = "a token of some length"

    assert ask(client=STRANGER, token="a token of some length")[0] == 200
    assert ask(client=STRANGER, token="another")[0] == 404
    assert ask()[0] == 404


def test_every_family_is_said_once_and_says_what_it_is() -> None:
    text = ask()[1]

    names = re.findall(r"^# HELP (\S+) (.+)$", text, re.MULTILINE)
    assert len(names) == len(dict(names)) > 60
    assert all(about.strip() for _, about in names)
    assert len(list(text_string_to_metric_families(text))) == len(names)


def test_the_numbers_are_those_of_the_rows(standin: StandIn, alice: Any, fox: Brief) -> None:
    lifecycle.submit(alice, Brief.read("krea-2-medium", {"prompt": "a red fox"}, 3))
    assert told("krea_queue_images") == 3
    assert told("krea_images_open", status="queued") == 3
    assert told("krea_credits_held") == 117
    draw_everything()
    while rollups.work():
        pass

    assert told("krea_queue_images") == 0
    assert told("krea_images_total", model="krea-2-medium", status="stored") == 3
    assert told("krea_generations_total", status="succeeded") == 1
    assert told("krea_credits_spent") == 117
    assert told("krea_credits_outstanding") == 883
    assert told("krea_fal_cost_dollars_total", model="krea-2-medium") == pytest.approx(0.09)
    assert told("krea_margin_dollars", model="krea-2-medium") == pytest.approx(0.117 - 0.09)
    assert told("krea_image_seconds_pictures", part="whole") == 3


def test_faults_are_seen(alice: Any) -> None:
    fal_state.locked("Exhausted balance")
    rounds.make("follower")

    assert told("krea_fal_state", state="locked") == 1
    assert told("krea_alerts_open", name="fal_locked", severity="critical") == 1


def test_a_counter_never_falls() -> None:
    def value(of: float) -> float:
        return site.counter("x", "x", ["model"], [(("m",), of)]).samples[0].value

    assert [value(5), value(3), value(7)] == [5, 5, 7]


def test_a_database_that_is_away_costs_its_own_metrics_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise ConnectionError

    monkeypatch.setattr(site, "look", away)

    found = samples(ask()[1])

    assert found["krea_database_up", ()] == 0
    assert ("krea_disk_bytes", ()) in found
    assert ("krea_credits_sold", ()) not in found


def test_scraping_often_asks_the_database_once() -> None:
    ask()
    at, kept = door._kept

    ask()

    assert door._kept == (at, kept) and kept


def test_a_look_is_a_fixed_number_of_queries(standin: StandIn, alice: Any) -> None:
    with CaptureQueriesContext(connection) as few:
        site.look()
    lifecycle.submit(alice, Brief.read("krea-2-medium", {"prompt": "a red fox"}, 8))
    draw_everything()
    while rollups.work():
        pass
    with CaptureQueriesContext(connection) as many:
        site.look()

    assert len(many) <= len(few) + 2 and len(many) < 60


def test_requests_are_counted_by_route_and_class(alice: Any) -> None:
    traffic.HERE._counts.clear()
    ask()
    ask(client=STRANGER)

    text = ask()[1]

    found = samples(text)
    assert found["krea_http_requests_total", (("method", "GET"), ("route", "metrics"), ("status", "2xx"))] == 1
    assert found["krea_http_requests_total", (("method", "GET"), ("route", "metrics"), ("status", "4xx"))] == 1
    buckets = {dict(labels)["le"]: value for (name, labels), value in found.items() if name.endswith("_seconds_bucket")}
    assert (
        buckets["+Inf"] == 2
        and found["krea_http_request_seconds_count", (("method", "GET"), ("route", "metrics"))] == 2
    )


def names_in(text: str) -> set[str]:
    return set(re.findall(r"\bkrea_[a-z0-9_]+", re.sub(r"\"[^\"]*\"", "", text)))


def known_names() -> set[str]:
    """Of every metric that there can be, with what a parser makes of histograms; empty families too."""
    text = ask()[1]
    names = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)) | {name for name, _ in samples(text)}
    histograms = set(re.findall(r"^# TYPE (\S+) histogram", text, re.MULTILINE))
    return names | {f"{name}_{end}" for name in histograms for end in ("bucket", "count", "sum")}


def rules() -> list[dict[str, Any]]:
    text = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())
    return [rule for group in text["groups"] for rule in group["rules"]]


def test_every_metric_of_the_rules_and_the_dashboard_exists(alice: Any) -> None:
    conditional = {"krea_fal_balance_days", "krea_fal_balance_dollars"}  # where fal tells them
    dashboard = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text())
    shown = {target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())}
    wanted = {name for rule in rules() for name in names_in(rule["expr"])}
    wanted |= {name for expression in shown for name in names_in(expression)}

    ask()

    assert wanted - known_names() - conditional == set()
    assert len(wanted) > 40


def test_rules_are_whole_and_lead_to_the_runbook() -> None:
    found = rules()

    assert len({rule["alert"] for rule in found}) == len(found) > 30
    for rule in found:
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["expr"].count("(") == rule["expr"].count(")") and rule["expr"].count("{") == rule["expr"].count("}")
        page, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert page == "docs/alerts.md" and runbook._sections()[anchor]


def test_panels_of_the_dashboard_do_not_overlap() -> None:
    panels = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text())["panels"]
    taken: set[tuple[int, int]] = set()
    for place in (panel["gridPos"] for panel in panels):
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken and place["x"] + place["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in panels}) == len(panels)
