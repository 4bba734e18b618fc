"""The guides as the site shows them, and every program in them, copied from the page and run as it stands there."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest
from django.test import Client

from generations.pictures.verify import verify
from partners import guides
from tests.live_site import LiveSite, running_site
from tests.standins.launch import free_port

RUNS = {"curl": ["bash", "-eu"], "Python": [sys.executable], "JavaScript": ["node"]}
ENDINGS = {"curl": "sh", "Python": "py", "JavaScript": "mjs"}
NEEDS = {"curl": ("bash", "curl", "jq"), "Python": (), "JavaScript": ("node",)}
PROGRAMS = [
    program for part in guides.parts("start") for program in part.programs if program.language in RUNS and program.file
]
# What each program says, at least; one that only defines says nothing.
SAYS = {
    "first": "succeeded",
    "krea": "",
    "refusals": "invalid_input",
    "idempotency": "One generation: ",
    "prices": "156.00",
    "poll": "succeeded",
    "references": "succeeded",
    "webhook": "generation.finished",
    "events": "generation.finished",
    "usage": "krea-2-medium",
}


def test_every_guide_is_a_page(db: None) -> None:
    for slug, guide in guides.GUIDES.items():
        page = Client().get(f"/developers/guide/{slug}/").content.decode()
        ids = re.findall(r' id="([^"]+)"', page)
        links = set(re.findall(r'href="#([^"]+)"', page))

        assert guide.title in page and page.count("<h1") == 1
        assert len(ids) == len(set(ids)) and links - {"main"} <= set(ids)
        assert not re.search(r'href="[^"]*\.md|studio\.example| style=|<script>', page)
    assert Client().get("/developers/guide/other/").status_code == 404


def test_every_file_of_the_folder_is_a_guide() -> None:
    assert {guide.file for guide in guides.GUIDES.values()} == {file.name for file in guides.FOLDER.glob("*.md")}


def test_every_link_of_the_guides_leads_somewhere(db: None) -> None:
    shown = {slug: Client().get(f"/developers/guide/{slug}/").content.decode() for slug in guides.GUIDES}

    for page in shown.values():
        for path, _, anchor in [href.partition("#") for href in re.findall(r'<a href="(/[^"]*)"', page)]:
            answer = Client().get(path)
            assert answer.status_code in (200, 302), path
            assert not anchor or f' id="{anchor}"' in answer.content.decode(), f"{path}#{anchor}"


def test_each_program_stands_there_in_three_languages() -> None:
    names = {language: [each.file for each in PROGRAMS if each.language == language] for language in RUNS}

    for language, ending in ENDINGS.items():
        assert names[language] == [f"{name}.{ending}" for name in SAYS]


@pytest.fixture(scope="module")
def hook_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, hook_port: int) -> Iterator[LiveSite]:
    with running_site(tmp_path_factory.mktemp("guides") / "var", SAFE_FETCH_ALLOW=f"127.0.0.1:{hook_port}") as running:
        running.manage("grant_credits", running.demo["email"], "5000", "--reason", "For the guides")
        yield running


@pytest.mark.journey
@pytest.mark.parametrize("language", RUNS)
def test_programs_run_as_they_stand_there(site: LiveSite, hook_port: int, language: str, tmp_path: Path) -> None:
    for tool in NEEDS[language]:
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool} is installed")
    page = httpx.get(f"{site.url}/developers/guide/start/").text
    env = os.environ | {
        "KREA_API_KEY": site.demo["api_key"],
        "WEBHOOK_URL": f"http://127.0.0.1:{hook_port}/",
        "HOOK_PORT": str(hook_port),
    }

    for name, said in SAYS.items():
        file = f"{name}.{ENDINGS[language]}"
        found = re.search(rf'<pre[^>]*aria-label="{re.escape(file)}"[^>]*><code>(.+?)</code>', page, re.DOTALL)
        assert found is not None, file
        (tmp_path / file).write_text(unescape(found[1]))
        command = [*RUNS[language], file]
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{file}: {done.stderr}\n{done.stdout}"
        assert said in done.stdout, file

    assert verify((tmp_path / "fox.png").read_bytes()).width == 1024
    assert len(list(tmp_path.glob("*-*.png"))) == 2
