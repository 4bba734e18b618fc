"""Every block of fal's three pages runs as it is printed, with the host and the key alone replaced, and prints what its
page says. The pages are no part of this project: where they are not there, the test says so."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from generations.models import Generation, KeptFile
from partners.dialects.fal import wire
from partners.models import Order
from tests.partners.dialects import node
from tests.standins.launch import ROOT

pytestmark = pytest.mark.django_db(transaction=True)

Drawing = Callable[[Callable[[], Any]], Any]
SOURCES = ROOT.parent / "shared" / "spec" / "sources"
PAGES = {
    "fal-flux-krea-dev": "fal-ai/flux/krea",
    "fal-krea-2-turbo-lora": "fal-ai/krea-2/turbo/lora",
    "fal-krea-2-large": "krea/v2/large/text-to-image",
}
BLOCKS = {
    "fal-flux-krea-dev": ["json", "json", "json", "bash", "bash", "python", "bash", "javascript"],
    "fal-krea-2-turbo-lora": ["json", "json", "json", "bash", "bash", "python", "bash", "javascript"],
    "fal-krea-2-large": ["bash", "bash", *["javascript"] * 6, "json", "json"],
}
FENCED = re.compile(r"^```(?P<language>\w+)\n(?P<code>.+?)^```$", re.MULTILINE | re.DOTALL)
# A page that lost its fences: a command, a script with its import, an object by itself.
BARE = re.compile(
    r"^(?P<bash>(?:npm install|export) .+)$"
    r"|^(?P<javascript>import \{ fal \}.+\n\n?(?:.+\n)+)"
    r"|^(?P<json>\{\n(?:[ \]].*\n)+\})$",
    re.MULTILINE,
)
A_REQUEST = "764cabcf-b745-4b3e-ae38-1200304cf45b"  # of which the page asks for the status and the result
A_WEBHOOK = "https://optional.webhook.url/for/results"
POINTED = """
import { fal as pointed } from "@fal-ai/client";
pointed.config({ proxyUrl: { url: process.env.SITE + "/fal/proxy", when: "always" } });
"""


@dataclass(frozen=True)
class Block:
    page: str
    language: str
    code: str

    @property
    def endpoint(self) -> str:
        return PAGES[self.page]


def blocks(page: str) -> list[Block]:
    path = SOURCES / f"{page}.txt"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    text = path.read_text()
    found = [(match["language"], match["code"]) for match in FENCED.finditer(text)]
    found = found or [(str(match.lastgroup), match[0]) for match in BARE.finditer(text)]
    assert [language for language, _ in found] == BLOCKS[page]
    return [Block(page, language, code) for language, code in found]


def all_blocks(language: str) -> list[Block]:
    return [block for page in PAGES for block in blocks(page) if block.language == language]


@pytest.fixture
def run(tls: tuple[int, Path], key: Any, tmp_path: Path) -> Callable[..., str]:
    """What a command prints that has the key and trusts the site's certificate."""
    port, certificate = tls
    env = {
        "FAL_KEY": key.secret, "FAL_QUEUE_RUN_HOST": f"localhost:{port}/fal/queue",
        "FAL_RUN_HOST": f"localhost:{port}/fal/run", "SSL_CERT_FILE": str(certificate),
        "CURL_CA_BUNDLE": str(certificate), "NODE_EXTRA_CA_CERTS": str(certificate), "SITE": f"https://localhost:{port}",
    }  # fmt: skip

    def ran(*command: str, cwd: Path = tmp_path) -> str:
        done = subprocess.run(
            command, cwd=cwd, env=os.environ | env, capture_output=True, text=True, timeout=90, check=False
        )
        assert done.returncode == 0, (command, done.stderr, done.stdout)
        return done.stdout

    return ran


def javascript(run: Callable[..., str], code: str) -> str:
    return run("node", "--input-type=module", "--eval", code, cwd=node.package("@fal-ai/client", node.FAL))


def at_once(drawing: Drawing, work: Callable[[Block], str], wanted: list[Block]) -> dict[str, str]:
    """What each prints, by its page."""

    def all_of_them() -> list[str]:
        with ThreadPoolExecutor(max_workers=len(wanted)) as pool:
            return list(pool.map(work, wanted))

    return dict(zip([block.page for block in wanted], drawing(all_of_them), strict=True))


def promised(page: str) -> Mapping[str, Any]:
    """The response that a page shows."""
    shown = [json.loads(block.code) for block in blocks(page) if block.language == "json"]
    return next(example for example in shown if "images" in example)


def holds(page: str, result: Mapping[str, Any]) -> bool:
    """Whether a result has all that its page shows of one, and a picture that is there."""
    example, [image] = promised(page), result["images"]
    return (
        set(example) <= set(result)
        and set(example["images"][0]) <= set(image)
        and isinstance(result["seed"], int)
        and image["url"].startswith("https://localhost:")
        and image["content_type"] == example["images"][0].get("content_type", "image/png")
    )


@pytest.mark.parametrize("page", PAGES)
def test_every_input_that_a_page_shows_is_taken(page: str) -> None:
    model = wire.image_model(PAGES[page])
    shown = [json.loads(block.code) for block in blocks(page) if block.language == "json"]
    inputs = [example for example in shown if "images" not in example]

    assert model is not None and inputs
    for given in inputs:
        assert wire.read(model, given).brief.input["prompt"] == given["prompt"]


def test_the_clients_that_the_pages_install_are_those_that_run_here() -> None:
    commands = [block.code.strip() for block in all_blocks("bash") if not block.code.startswith("curl")]

    assert set(commands) == {
        "pip install fal-client", "npm install --save @fal-ai/client", 'export FAL_KEY="YOUR_API_KEY"',
    }  # fmt: skip
    assert find_spec("fal_client")


def test_curl_prints_the_response(run: Callable[..., str], drawing: Drawing) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl is installed")
    wanted = [block for block in all_blocks("bash") if block.code.startswith("curl")]

    def work(block: Block) -> str:
        here = block.code.replace("https://fal.run/", "$SITE/fal/run/")
        assert here != block.code
        return run("bash", "-ec", here)

    told = at_once(drawing, work, wanted)

    assert [page for page, said in told.items() if not holds(page, json.loads(said))] == []
    assert len(told) == 2


def test_python_prints_the_response(run: Callable[..., str], drawing: Drawing) -> None:
    told = at_once(drawing, lambda block: run(sys.executable, "-c", block.code), all_blocks("python"))

    for page, said in told.items():
        *logged, result = said.strip().splitlines()
        assert holds(page, ast.literal_eval(result))
        assert all(line.startswith(("Taken: 1 image", "Drawing.", "Image 1 of 1")) for line in logged)
    assert len(told) == 2


def test_javascript_prints_the_response_and_the_id(run: Callable[..., str], drawing: Drawing) -> None:
    wanted = [block for block in all_blocks("javascript") if "fal.subscribe(" in block.code]

    told = at_once(drawing, lambda block: javascript(run, POINTED + block.code), wanted)

    assert told.keys() == PAGES.keys()
    for page, said in told.items():
        made = Generation.objects.get(pk=UUID(said.strip().splitlines()[-1]))
        assert made.model.endpoint == PAGES[page]
        for name in promised(page):
            assert re.search(rf"^  {name}: ", said, re.MULTILINE), (name, said)
        assert re.search(r"url: 'https://localhost:\d+/pictures/", said), said


def test_the_other_blocks_of_the_large_page_do_what_they_say(
    run: Callable[..., str], finish_all: Callable[[], None]
) -> None:
    _, config, submit, status, result, upload = [
        block.code for block in blocks("fal-krea-2-large") if block.language == "javascript"
    ]
    javascript(run, config)

    asked = javascript(run, f"{POINTED}{submit}\nconsole.log(request_id);").strip()
    assert Order.objects.get(pk=UUID(asked)).webhook_url == A_WEBHOOK

    told = javascript(run, f"{POINTED}{status.replace(A_REQUEST, asked)}\nconsole.log(JSON.stringify(status));")
    assert json.loads(told)["status"] == "IN_QUEUE"
    assert [line["message"] for line in json.loads(told)["logs"]] == ["Taken: 1 image of Krea 2 Large."]

    finish_all()
    printed = javascript(run, POINTED + result.replace(A_REQUEST, asked))
    assert re.search(r"images: \[\s+\{\s+url: 'https://localhost:\d+/pictures/", printed)
    assert printed.strip().splitlines()[-1] == asked

    url = javascript(run, f"{POINTED}{upload}\nconsole.log(url);").strip()
    assert url.endswith("/hello.txt")
    assert KeptFile.objects.get().bytes == len("Hello, World!")


def test_a_request_that_nobody_made_is_told_as_such(run: Callable[..., str]) -> None:
    *_, status, _, _ = [block.code for block in blocks("fal-krea-2-large") if block.language == "javascript"]
    caught = status.replace("const status = await ", "const caught = ").replace(A_REQUEST, str(uuid7()))
    caught = caught.rstrip().removesuffix(";") + ".catch((error) => error.status);\nconsole.log(await caught);"

    assert javascript(run, POINTED + caught).strip() == "404"
