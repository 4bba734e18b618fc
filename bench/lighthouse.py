"""Lighthouse on the pages that a stranger and a customer meet first: `python -m bench lighthouse`.

The site runs as `manage.py run` starts it. Lighthouse is fetched by npm once, at the version below, into a folder that
is not committed; Chromium is the machine's own. Each page is loaded several times as on a throttled phone, with an
empty cache, and the medians count.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import sync_playwright

from bench.world import ROOT, Plan, World, free_port, site

VERSION = "12.8.2"  # the last one for Node 18 and 20
FOLDER = ROOT / "var" / f"lighthouse-{VERSION}"
CHROMES = ("chromium", "chromium-browser", "google-chrome")
RUNS = 5
CATEGORIES = {"performance": 95, "accessibility": 100, "best-practices": 100, "seo": 95}  # the least that passes
MOST_BYTES = 150_000  # of a whole page, pictures left out, as they travel
PICTURES = ("Image", "Media")
PAGES = {
    "landing page": "/", "model page": "/models/krea-2-large/", "statement": "/billing/", "studio": "/studio/",
    "history": "/history/",
}  # fmt: skip
BEHIND_LOGIN = ("statement", "studio", "history")
OWNED = 60  # pictures of whoever is logged in
TIMINGS = {
    "first-contentful-paint": "fcp_ms", "largest-contentful-paint": "lcp_ms", "total-blocking-time": "tbt_ms",
    "cumulative-layout-shift": "cls",
}  # fmt: skip
LASTS_S = 180.0
TRIES = 3  # on a busy machine it sometimes loses its own trace


def lighthouse(plan: Plan, *, runs: int = RUNS, names: Sequence[str] = ()) -> dict[str, Any]:
    """Median scores, timings and weight of every page, or of those named, and whether all are good enough."""
    program = fetched()
    pages = {}
    with site(replace(plan, latency_s=0.1)) as made:
        guest = made.play("guest", within_s=600, pictures=OWNED, give_up_s=500)
        for name, path in chosen(names):
            cookie = guest["cookie"] if name in BEHIND_LOGIN else ""
            pages[name] = summary([_look(program, made, path, cookie) for _ in range(runs)])
    return {"runs": runs, "lighthouse": VERSION, "sights": pages, "passed": all(map(is_good, pages.values()))}


def chosen(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Names and paths of pages; ValueError for a name that none has."""
    if unknown := set(names) - PAGES.keys():
        raise ValueError(f"There is no page {', '.join(sorted(unknown))}; there are {', '.join(PAGES)}.")
    return ((name, path) for name, path in PAGES.items() if not names or name in names)


def is_good(page: dict[str, Any]) -> bool:
    """Whether a page reaches every score and stays below the weight."""
    enough = all(page["scores"][name] >= least for name, least in CATEGORIES.items())
    return enough and page["weight_bytes"] <= MOST_BYTES


def summary(reports: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The medians of several reports on one page, and what fell short in any."""
    weights = [_weights(report) for report in reports]
    return {
        "scores": {
            name: median(round(100 * report["categories"][name]["score"]) for report in reports) for name in CATEGORIES
        },
        **{
            short: round(median(report["audits"][name]["numericValue"] for report in reports), 3)
            for name, short in TIMINGS.items()
        },
        "weight_bytes": median(weight for weight, _ in weights),
        "pictures_bytes": median(pictures for _, pictures in weights),
        "short_of": sorted({name for report in reports for name in _short_of(report)}),
    }


def _weights(report: dict[str, Any]) -> tuple[int, int]:
    """Bytes that travelled: all but the pictures, and the pictures."""
    found = [0, 0]
    for request in report["audits"]["network-requests"]["details"]["items"]:
        found[request.get("resourceType") in PICTURES] += request.get("transferSize", 0)
    return found[0], found[1]


def _short_of(report: dict[str, Any]) -> Iterator[str]:
    """The audits that cost something of a score."""
    for category in report["categories"].values():
        for part in category["auditRefs"]:
            score = report["audits"][part["id"]]["score"]
            if part["weight"] and score is not None and score < 0.9:
                yield part["id"]


def _look(program: Path, made: World, path: str, cookie: str) -> dict[str, Any]:
    """One report; what fails is tried again."""
    for _ in range(TRIES - 1):
        with suppress(subprocess.CalledProcessError, RuntimeError):
            return _report(program, made, path, cookie)
    return _report(program, made, path, cookie)


def _report(program: Path, made: World, path: str, cookie: str) -> dict[str, Any]:
    with TemporaryDirectory() as folder, _browser(Path(folder) / "profile", made.url, cookie) as port:
        told = Path(folder) / "report.json"
        command = [
            str(program), f"{made.url}{path}", "--quiet", "--output=json", f"--output-path={told}", f"--port={port}",
            f"--only-categories={','.join(CATEGORIES)}",
        ]  # fmt: skip
        subprocess.run(command, check=True, timeout=LASTS_S)
        report: dict[str, Any] = json.loads(told.read_text())
    if problem := report.get("runtimeError"):
        raise RuntimeError(f"{path}: {problem['message']}")
    return report


@contextmanager
def _browser(profile: Path, url: str, cookie: str) -> Iterator[int]:
    """The port of a new one that has the cookie: one in a header would be missing from streams."""
    port = free_port()
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=chrome(),
            args=["--no-sandbox", f"--remote-debugging-port={port}"],
            no_viewport=True,
        )
        if cookie:
            name, _, value = cookie.partition("=")
            context.add_cookies([{"name": name, "value": value, "url": url}])
        yield port
        context.close()


def fetched(folder: Path = FOLDER) -> Path:
    """The program, fetched where it is not there yet. RuntimeError without npm."""
    program = folder / "node_modules" / ".bin" / "lighthouse"
    if not program.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("Lighthouse wants Node with npm.")
        folder.mkdir(parents=True, exist_ok=True)
        quiet = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run([npm, "install", "--prefix", str(folder), *quiet, f"lighthouse@{VERSION}"], check=True)
    return program


def chrome() -> str:
    found = next(filter(None, map(shutil.which, CHROMES)), None)
    if found is None:
        raise RuntimeError("Lighthouse wants Chromium.")
    return found
