"""Civitai's page on Krea 2: its requests run as they are printed, and what it says of prices and errors comes true. The
page is no part of this project: where it is not there, the tests say so."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pytest_django import Settings

from generations.models import Generation
from generations.pictures.verify import verify
from tests.conftest import wallet_of
from tests.generations.pages import picture
from tests.generations.strangers import Stranger, Visit, certificate_for, tunnel
from tests.partners.dialects.civilian import Civilian, workflow
from tests.standins.launch import ROOT

PAGE = ROOT.parent / "shared" / "spec" / "sources" / "civitai-krea-2.txt"
REQUEST = re.compile(
    r"^POST https://orchestration\.civitai\.com(?P<path>\S+)\n(?P<head>(?:[\w-]+: .+\n)+)", re.MULTILINE
)
BODY = re.compile(r"^\{\n  \"steps\".+?^\}", re.MULTILINE | re.DOTALL)
HOST = "image.civitai.com"
PRICES = re.compile(
    r"^(?P<size>medium|large)(?P<plain>[\d.]+) Buzz / image(?P<styled>[\d.]+) Buzz / image$", re.MULTILINE
)


@pytest.fixture
def page() -> str:
    if not PAGE.exists():
        pytest.skip(f"{PAGE} is not there")
    return PAGE.read_text()


@pytest.fixture
def reference(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The picture that the page names, behind a proxy that is our way out."""
    certificate, data = certificate_for(HOST, tmp_path), picture().read()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    there = Stranger(lambda visit: visit.give(body=data, Content_Type="image/png"), "127.0.0.1", 0, certificate)

    def lead(visit: Visit) -> None:
        if visit.command == "CONNECT" and visit.path == f"{HOST}:443":
            tunnel(visit, there.port)
        else:
            visit.give(403)

    proxy = Stranger(lead, "127.0.0.1", 0, None)
    settings.EGRESS_PROXY = f"http://127.0.0.1:{proxy.port}"
    yield
    proxy.leave()
    there.leave()


@pytest.mark.django_db(transaction=True)
def test_every_request_runs_as_it_is_printed_and_is_answered_as_it_says(
    page: str, public: str, key: Any, acme: Any, drawing: Callable[[Callable[[], Any]], Any], reference: None
) -> None:
    """The one request that is printed whole stands for those of which only the body is."""
    printed, bodies = REQUEST.search(page), BODY.findall(page)
    assert printed is not None and len(bodies) == 3
    head = dict(line.split(": ", 1) for line in printed["head"].replace("<your-token>", key.secret).splitlines())

    def send_all() -> list[httpx.Response]:
        address = public + printed["path"]
        return [httpx.post(address, headers=head, content=body, timeout=60) for body in bodies]

    answers = drawing(send_all)

    shown = json.loads(page[page.index('{\n  "status": "succeeded"') :].partition("\n\n")[0])
    for answer in answers:
        told = answer.json()
        [step], [meant] = told["steps"], shown["steps"]
        assert (answer.status_code, told["status"]) == (200, shown["status"])
        assert [step[name] for name in ("name", "$type", "status")] == [
            meant[name] for name in ("name", "$type", "status")
        ]
        [image] = step["output"]["images"]
        assert image["id"].startswith("blob_") and meant["output"]["images"][0]["id"].startswith("blob_")
        assert verify(httpx.get(image["url"]).content).width == image["width"]
    sizes = [(row.image_model, row.input["aspect_ratio"]) for row in Generation.objects.order_by("id")]
    assert sizes == [("krea-2-medium", "1:1"), ("krea-2-large", "16:9"), ("krea-2-medium", "3:2")]
    assert wallet_of(acme) == (1000_00 - 39_00 - 78_00 - 45_50, 0)


@pytest.mark.django_db
def test_the_prices_are_those_of_its_table(page: str, civitai: Civilian) -> None:
    style = [{"imageUrl": "https://a.example/a"}]

    def price(size: str, references: list[Any]) -> str:
        body = workflow(size=size, imageStyleReferences=references)
        return str(civitai.send("POST", "/workflows?whatif=true", body).headers["X-Civitai-Cost-Total"])

    told = {(row["size"], row["plain"], row["styled"]) for row in PRICES.finditer(page)}

    assert told == {(size, price(size, []), price(size, style)) for size in ("medium", "large")}
    assert price("medium", style * 10) == price("medium", style)


@pytest.mark.django_db
def test_its_table_of_troubles_finds_the_cause_of_every_refusal(page: str, civitai: Civilian) -> None:
    style = {"imageUrl": "https://a.example/a"}
    wrong: dict[str, dict[str, Any]] = {
        "size": {"size": "Large"},
        "aspectRatio": {"aspectRatio": "5:4"},
        "creativity": {"creativity": "High"},
        "imageStyleReferences": {"imageStyleReferences": [style] * 11},
        "strength": {"imageStyleReferences": [style | {"strength": 3}]},
    }

    fragments = re.findall(r"^400 with \"([^\"]+)\"", page, re.MULTILINE)

    assert {fragment.split()[0] for fragment in fragments} == wrong.keys()
    for fragment in fragments:
        answer = civitai.send("POST", "/workflows", workflow(**wrong[fragment.split()[0]]))
        assert answer.status_code == 400
        assert fragment in answer.json()["detail"] and fragment in answer.json()["errors"]["messages"][0]
