"""The customers of a soak: partners who order by the API, and people who order in the studio and look around."""

import random
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from html.parser import HTMLParser
from typing import Any

import httpx

AT_ONCE = 8
MOST_BEHIND = 64  # acts that wait for a turn; more than that is a site that does not keep up
LOOKS = ("/studio/", "/history/", "/billing/", "/developers/", "/models/", "/status/")
ORDER = {"model": "krea-2-medium", "input": {"prompt": "a pier at low tide"}}


class People:
    """Acts at a pace until the time is over; `done` counts what was answered, by act and status."""

    def __init__(self, url: str, secrets: list[str], cookies: list[str]) -> None:
        self._http = httpx.Client(
            base_url=url, timeout=60, trust_env=False, limits=httpx.Limits(max_connections=AT_ONCE)
        )
        self._secrets, self._cookies = secrets, cookies
        self._lock = threading.Lock()
        self._open: set[Future[None]] = set()
        self.done: Counter[str] = Counter()
        self.ordered = 0

    def live(self, *, pictures_a_second: float, until: float) -> None:
        """Half of the pictures are ordered by the API, half in the studio; beside each order somebody looks around."""
        number = 0
        with ThreadPoolExecutor(AT_ONCE) as pool:
            began = time.monotonic()
            while (due := began + number / pictures_a_second) < until:
                time.sleep(max(0.0, due - time.monotonic()))
                order = self._by_api if number % 2 else self._in_the_studio
                for act in (order, self._look_around, self._look_at_api):
                    self._submit(pool, act, number)
                number += 1

    def _submit(self, pool: ThreadPoolExecutor, act: Any, number: int) -> None:
        self._open = {each for each in self._open if not each.done()}
        if len(self._open) > MOST_BEHIND:
            self._count("left out: the site does not keep up", "")
            return
        self._open.add(pool.submit(self._try, act, number))

    def _try(self, act: Any, number: int) -> None:
        try:
            act(number)
        except (httpx.HTTPError, KeyError) as error:
            self._count(act.__name__.strip("_"), type(error).__name__)

    def _by_api(self, number: int) -> None:
        headers = {**self._key(number), "Idempotency-Key": str(uuid.uuid4())}
        answer = self._http.post("/api/v1/generations", json=ORDER, headers=headers)
        self._count("order by the API", answer.status_code, ordered=answer.status_code == 202)

    def _in_the_studio(self, number: int) -> None:
        cookie = self._cookies[number % len(self._cookies)]
        page = self._http.get("/studio/", headers={"Cookie": cookie})
        form = Form(page.text)
        token = page.cookies.get("csrftoken") or ""
        typed = {**form.fields, "prompt": f"a heron, number {number}", "do": "generate"}
        headers = {"Cookie": f"{cookie}; csrftoken={token}", "Origin": str(self._http.base_url).rstrip("/")}
        answer = self._http.post("/studio/", data=typed, headers=headers)
        self._count("order in the studio", answer.status_code, ordered=answer.status_code in (302, 303))

    def _look_around(self, number: int) -> None:
        path = random.choice(LOOKS)
        answer = self._http.get(path, headers={"Cookie": self._cookies[number % len(self._cookies)]})
        self._count(f"page {path}", answer.status_code)

    def _look_at_api(self, number: int) -> None:
        answer = self._http.get("/api/v1/generations?limit=5", headers=self._key(number))
        self._count("list by the API", answer.status_code)
        if items := answer.json()["items"]:
            image = items[-1]["images"][0]
            if image["status"] == "stored":
                picture = self._http.get(image["url"])
                self._count("picture", picture.status_code)

    def _key(self, number: int) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._secrets[number % len(self._secrets)]}"}

    def _count(self, act: str, status: object, *, ordered: bool = False) -> None:
        with self._lock:
            self.done[f"{act} {status}".strip()] += 1
            self.ordered += ordered


class Form(HTMLParser):
    """The fields of the studio's form, as a browser without scripts would send them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._inside, self._select = False, ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = told.get("id") == "studio-form"
        if not self._inside:
            return
        if tag == "select":
            self._select = told.get("name", "")
        elif tag == "option" and (self._select not in self.fields or "selected" in told):
            self.fields[self._select] = told.get("value", "")
        elif tag == "input" and told.get("name"):
            kind = told.get("type", "text")
            if kind in ("hidden", "text", "url") or (kind in ("radio", "checkbox") and "checked" in told):
                self.fields[told["name"]] = told.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select":
            self._select = ""
