"""Code that speaks the dialects, run as it is written against a running site with a real API key: what the site shows,
and every block of Oxen's own page. That page is no part of this project: where it is not there, the test says so."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from pytest_django import Settings

from generations import catalogue, code_samples
from generations.code_samples import DOORS, LANGUAGES, NATIVE, Language
from tests.generations.pages import picture
from tests.generations.strangers import Stranger, Visit, certificate_for, tunnel
from tests.live_site import LiveSite, running_site
from tests.standins.launch import ROOT

pytestmark = pytest.mark.journey

RUNS = {"curl": ["bash"], "python": [sys.executable], "javascript": ["node"], "bash": ["bash", "-e"]}
NEEDS = {"curl": ("bash", "curl", "jq"), "python": (), "javascript": ("node",)}
OTHERS = [door for door in DOORS if door is not NATIVE]
PAGE = ROOT.parent / "shared" / "spec" / "sources" / "oxen-krea-2-large.txt"
HOST = "hub.oxen.ai"
BLOCK = re.compile(r"^ *```(?P<language>bash|python)[^\n]*\n(?P<code>.+?)^ *```$", re.MULTILINE | re.DOTALL)
BLOCKS = 19


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    """A site whose way out leads to a proxy, behind which the reference picture of Oxen's page is."""
    folder = tmp_path_factory.mktemp("dialects")
    certificate, data = certificate_for(HOST, folder), picture().read()
    there = Stranger(lambda visit: visit.give(body=data, Content_Type="image/png"), "127.0.0.1", 0, certificate)

    def lead(visit: Visit) -> None:
        if visit.command == "CONNECT" and visit.path == f"{HOST}:443":
            tunnel(visit, there.port)
        else:
            visit.give(403)

    proxy = Stranger(lead, "127.0.0.1", 0, None)
    way_out = f"http://127.0.0.1:{proxy.port}"
    try:
        with running_site(folder / "var", EGRESS_PROXY=way_out, SSL_CERT_FILE=str(certificate)) as running:
            running.manage("grant_credits", running.demo["email"], "5000", "--reason", "For the samples")
            yield running
    finally:
        proxy.leave()
        there.leave()


def demand(*tools: str) -> None:
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool} is installed")


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda each: each.id)
def test_samples_of_every_dialect_run_as_written(
    site: LiveSite, language: Language, tmp_path: Path, settings: Settings
) -> None:
    demand(*NEEDS[language.id])
    settings.PUBLIC_URL = site.url
    samples = code_samples.of(catalogue.get("krea-2-medium"), {"prompt": "It's a fox"}, 2, doors=OTHERS)
    meant = [sample for sample in samples if sample.language == language]

    with ThreadPoolExecutor(max_workers=4) as hands:
        told = list(hands.map(lambda sample: run(site, language.id, sample.code, tmp_path), meant))

    assert {(sample.door.id, sample.way.id) for sample in meant} == {
        (door.id, way.id) for door in OTHERS for way in door.ways
    }
    for sample, said in zip(meant, told, strict=True):
        pictures = set(re.findall(r"http://localhost:\d+/(?:pictures/|v2/consumer/blobs/blob_)[^\s\"]+", said))
        assert len(pictures) == 2, (sample.door.id, sample.way.id, said)


def test_every_block_of_oxens_page_runs_and_prints_what_it_says(site: LiveSite, tmp_path: Path) -> None:
    if not PAGE.exists():
        pytest.skip(f"{PAGE} is not there")
    demand("bash", "curl", "jq", "awk")
    blocks = [(found["language"], textwrap.dedent(found["code"])) for found in BLOCK.finditer(PAGE.read_text())]
    assert len(blocks) == BLOCKS

    def run_block(block: tuple[str, str]) -> str:
        """Its reference picture stays where the page has it."""
        language, code = block
        here = re.sub(rf"https://{re.escape(HOST)}/api/(ai|events)", rf"{site.url}/api/\1", code)
        assert here != code
        return run(site, language, here, tmp_path)

    with ThreadPoolExecutor(max_workers=BLOCKS) as hands:
        told = list(hands.map(run_block, blocks))

    for (language, code), said in zip(blocks, told, strict=True):
        plain = said.replace("'", '"').replace('": "', '":"')
        assert [words for words in meant(code) if words not in plain] == [], (language, code, said)
        pictures = set(re.findall(r"http://localhost:\d+/pictures/[^\s\"]+", plain))
        assert len(pictures) == (0 if "/api/ai/models/" in code else 1), (language, code, said)
        assert all(httpx.get(each).headers["content-type"] == "image/png" for each in pictures)


def meant(code: str) -> list[str]:
    """What a block of the page must print: its picture and how it ended, or the schema."""
    if "/images/generate" in code:
        return ['"images": [{"url":"http', '"model":"krea-v2-large-text-to-image"']
    if "/api/ai/models/" in code:
        return ['"json_request_schema"', '"request_schema"', '"id":"krea-v2-large-text-to-image"']
    if "/api/events" in code:
        return ['"status":"succeeded"', '"url":"http']
    return ["Result: http"] if "import requests" in code else ["Status: succeeded", '"result_url":"http']


def run(site: LiveSite, language: str, code: str, folder: Path) -> str:
    """What a piece of code prints."""
    file = folder / f"{abs(hash(code))}.{'mjs' if language == 'javascript' else 'txt'}"
    file.write_text(code)
    env = os.environ | {"KREA_API_KEY": site.demo["api_key"], "OXEN_API_KEY": site.demo["api_key"]}
    done = subprocess.run(
        [*RUNS[language], file], cwd=folder, env=env, capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, (code, done.stderr, done.stdout)
    return done.stdout
