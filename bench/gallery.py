"""A history of 100,000 pictures: first paint, scrolling at every depth, each filter, words from frequent to none."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx

from bench.figures import quantile
from bench.meter import cpu
from bench.world import Plan, World, world

PICTURES = 100_000
ASKED = 30  # times each address, one after the other
GOALS_MS = {"postgres": 100.0, "sqlite": 200.0}  # of server time, for the median
PATIENCE_S = 60.0
PART = {"HX-Request": "true"}  # what scrolling asks for


def gallery(plan: Plan, *, pictures: int = PICTURES) -> dict[str, Any]:
    """Milliseconds until a page, or the part of it that scrolling brings, is there whole."""
    with world(replace(plan, web_processes=1), only_web=True) as made:
        told = made.play("gallery", within_s=1800, count=pictures)
        pid = made.processes["web 1"].pid
        with _browser(made, told["cookie"]) as http:
            answers = {name: _asked(http, pid, path, headers) for name, path, headers in _addresses(told)}
    slow = [name for name, took in answers.items() if took["p50_ms"] > GOALS_MS[plan.database]]
    return {
        "gallery": pictures,
        "made_s": told["made_s"],
        "answers": answers,
        "slow": slow,
        "passed": not slow,
    }


def _browser(made: World, cookie: str) -> httpx.Client:
    return httpx.Client(base_url=made.url, headers={"Cookie": cookie}, trust_env=False, timeout=PATIENCE_S)


def _addresses(told: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, str]]]:
    middle, early = told["cursors"]["0.5"], told["cursors"]["0.9"]
    days = told["days"]
    words = told["words"]
    yield "first paint", "/history/", {}
    yield "scroll: the second page", f"/history/?cursor={told['cursors']['0']}", PART
    yield "scroll: half way", f"/history/?cursor={middle}", PART
    yield "scroll: nine tenths", f"/history/?cursor={early}", PART
    yield "back towards the newest", f"/history/?before={early}", {}
    yield "filter: image model", "/history/?model=krea-2-large", {}
    yield "filter: image model, deep", f"/history/?model=krea-2-large&cursor={early}", PART
    yield "filter: failed", "/history/?status=failed", {}
    yield "filter: on the way (none)", "/history/?status=running", {}
    yield "filter: favourites", "/history/?favourite=1", {}
    yield "filter: days", f"/history/?since={days['0.5']}&until={days['0.1']}", {}
    yield "filter: all of them", f"/history/?favourite=1&model=krea-2-large&status=stored&since={days['0.9']}", {}
    for what, word in words.items():
        yield f"search: {what}", f"/history/?q={word}", {}
    yield "search: in every prompt, deep", f"/history/?q={words['in every prompt']}&cursor={early}", PART
    yield "search: two words", f"/history/?q={words['in half of them']}+{words['in the older half']}", {}
    yield "search: a phrase", f"/history/?q=%22{words['in every prompt']}+{words['in half of them']}%22", {}
    yield "search: one letter", "/history/?q=a", {}
    yield "search: favourites", f"/history/?q={words['in every prompt']}&favourite=1", {}


def _asked(http: httpx.Client, pid: int, path: str, headers: dict[str, str]) -> dict[str, float]:
    spent = cpu(pid)
    took = [_ask(http, path, headers) for _ in range(ASKED)]
    quantiles = {f"p{round(100 * q)}_ms": round(1000 * (quantile(took, q) or 0.0), 1) for q in (0.5, 0.95)}
    return quantiles | {"cpu_ms": round(1000 * (cpu(pid) - spent) / ASKED, 1)}


def _ask(http: httpx.Client, path: str, headers: dict[str, str]) -> float:
    answer = http.get(path, headers=headers)
    answer.raise_for_status()
    answer.read()
    return answer.elapsed.total_seconds()
