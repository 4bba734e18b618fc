"""The code on the model pages, copied from a running site and run as it is written, with a real API key."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path

import httpx
import pytest

from generations import catalogue, samples
from generations.code_samples import LANGUAGES, NATIVE, Language
from generations.pictures import marks
from generations.pictures.verify import verify
from tests.live_site import LiveSite, running_site

pytestmark = pytest.mark.journey

RUNS = {"curl": ["bash"], "python": [sys.executable], "javascript": ["node"]}
NEEDS = {"curl": ("bash", "curl", "jq"), "python": (), "javascript": ("node",)}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    with running_site(tmp_path_factory.mktemp("samples") / "var") as running:
        running.manage("grant_credits", running.demo["email"], "1000", "--reason", "For the samples")
        yield running


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda each: each.id)
def test_samples_run_as_written(site: LiveSite, language: Language, tmp_path: Path) -> None:
    for tool in NEEDS[language.id]:
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool} is installed")
    default, *others = [image_model.id for image_model in catalogue.all()]

    with ThreadPoolExecutor(max_workers=6) as hands:
        waited = {way.id: hands.submit(run, site, language, default, way.name, tmp_path) for way in NATIVE.ways}
        rest = [hands.submit(run, site, language, id, "Wait for it", tmp_path) for id in others]
    told = {way: each.result() for way, each in waited.items()}

    assert "succeeded" in told["wait"] and "39.00" in told["wait"]
    assert "succeeded" in told["poll"] and "39.00" in told["poll"]
    [saved] = re.findall(r"Saved as (\S+)", told["poll"])
    assert verify((tmp_path / saved).read_bytes()).width == 1024
    assert "image.updated" in told["events"] and "generation.finished" in told["events"]
    assert all("succeeded" in each.result() for each in rest)


def test_sample_pictures_are_drawn_through_the_product(site: LiveSite, tmp_path: Path) -> None:
    site.manage("draw_samples", site.demo["email"], "--out", str(tmp_path))

    listed = json.loads((tmp_path / samples.LIST).read_text())
    assert [each["prompt"] for each in listed] == [wish.input["prompt"] for wish in samples.WISHES]
    for name, width in [file for each in listed for file in each["files"]]:
        data = (tmp_path / name).read_bytes()
        assert (verify(data).width, marks.is_marked(data)) == (width, True)
    assert {each["drawn_by"] for each in listed} == {"stand-in"}


def run(site: LiveSite, language: Language, image_model: str, way: str, folder: Path) -> str:
    """What the sample says, run in a folder of its own file."""
    page = httpx.get(f"{site.url}/models/{image_model}/").text
    label = re.escape(f"{language.name}, {way.lower()}")
    found = re.search(rf'<pre[^>]*aria-label="{label}"[^>]*><code>(.+?)</code>', page, re.DOTALL)
    assert found is not None
    file = folder / f"{image_model} {way}.{language.ending}"
    file.write_text(unescape(found[1]))
    env = os.environ | {"KREA_API_KEY": site.demo["api_key"]}
    done = subprocess.run(
        [*RUNS[language.id], file], cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
