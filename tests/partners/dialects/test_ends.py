"""One table: whoever polls a generation that ended in whatever way stops at once, in every dialect, and reads why in
words. Each polls as its service's own page or client does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import fal_client
import fal_client.client
import httpx
import pytest
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone

from generations import lifecycle
from generations.models import Generation, Image, Status
from tests.conftest import draw_everything
from tests.standins.launch import StandIn

LARGE = "krea/v2/large/text-to-image"
STEP = {"engine": "fal", "model": "krea2", "operation": "createImage", "size": "large", "prompt": "a fox"}
OXENS = "krea-v2-large-text-to-image"
WORDS_OF_CIVITAI = ("succeeded", "failed", "expired", "canceled")  # with which its clients stop to poll
WORDS_OF_OXEN = {"succeeded", "failed", "cancelled"}
Polled = tuple[str, int, str]


def orders(many: int) -> dict[str, tuple[str, dict[str, Any]]]:
    """Where each dialect orders so many pictures in one generation, and with which body."""
    return {
        "fal": (f"/fal/queue/{LARGE}", {"prompt": "a fox", "num_images": many}),
        "civitai": ("/v2/consumer/workflows", {"steps": [{"$type": "imageGen", "input": STEP | {"quantity": many}}]}),
        "oxen": ("/api/ai/images/generate", {"model": OXENS, "prompt": "a fox", "n": many}),
    }


def canceled() -> None:
    for row in Generation.objects.all():
        lifecycle.cancel(row)


def failed() -> None:
    end(Image.objects.all(), Status.FAILED, "fal_error", "The service that draws had a fault. You were not charged.")


def blocked() -> None:
    end(Image.objects.all(), Status.BLOCKED, "blocked", "The content check stopped this picture. You were not charged.")


def partial() -> None:
    firsts = Image.objects.filter(index=0)
    end(firsts, Status.BLOCKED, "blocked", "The content check stopped this picture. You were not charged.")
    draw_everything()


def deleted_under_way() -> None:
    for row in Generation.objects.all():
        lifecycle.delete(row)


def deleted_afterwards() -> None:
    draw_everything()
    deleted_under_way()


def in_the_bin() -> None:
    draw_everything()
    Image.objects.update(binned_at=timezone.now())


def end(images: "QuerySet[Image]", to: Status, code: str, said: str) -> None:
    for image in images:
        assert image.step(Status.SENDING)
        assert lifecycle.finish(image, to, error_code=code, error_message=said)


def by_fal(http: httpx.Client, id: str) -> Polled:
    """What `handle.get()` gives: how it stopped, how many pictures there are, what it says."""
    client = fal_client.SyncClient(key=str(http.headers["Authorization"]).removeprefix("Bearer "))
    try:
        result = client.get_handle(LARGE, id).get(interval=0.01)
    except fal_client.FalClientHTTPError as error:
        return str(error.status_code), 0, str(error.message)
    return "result", len(result["images"]), ""


def by_civitai(http: httpx.Client, id: str) -> Polled:
    """As its page says: ask until the status is one of those that stay; its client throws for what is not 2xx."""
    answer = http.get(f"/v2/consumer/workflows/{id}?wait=30")
    told = answer.json()
    if answer.is_error:
        return str(answer.status_code), 0, told["detail"]
    assert (answer.status_code, told["status"] in WORDS_OF_CIVITAI) == (200, True), told
    output = told["steps"][0]["output"]
    pictures = [each for each in output["images"] if each["available"]]
    return told["status"], len(pictures), " ".join(output["errors"] or [])


def by_oxen(http: httpx.Client, id: str) -> Polled:
    """As its page's loop: it reads `status` and nothing else, whatever the number of the answer."""
    told = http.get(f"/api/ai/queue/{id}").json()
    assert told["status"] in WORDS_OF_OXEN, told
    there = told["result_url"] is not None and http.get(told["result_url"]).is_success
    assert there == (told["status"] == "succeeded")
    return told["status"], int(there), told["error_message"] or ""


def by_oxens_line(http: httpx.Client, id: str) -> Polled:
    """What a sync call is told whose line was held."""
    answer = http.get(f"/api/ai/images/generate/{id}")
    told = answer.json()
    if answer.is_error:
        assert told["status"] == "error"
        return str(answer.status_code), 0, told["error"]["message"]
    return "images", len(told["images"]), ""


@dataclass(frozen=True)
class End:
    """How a generation of `many` pictures ends, and what each poller finds: how it stops, pictures, some words."""

    happens: Callable[[], None]
    fal: Polled
    civitai: Polled
    oxen: Polled
    oxens_line: Polled
    many: int = 1


ENDS = [
    End(
        canceled,
        fal=("499", 0, "canceled. Nothing was charged"),
        civitai=("canceled", 0, "not charged"),
        oxen=("cancelled", 0, "cancelled. You were not charged"),
        oxens_line=("400", 0, "cancelled. You were not charged"),
    ),
    End(
        failed,
        fal=("500", 0, "had a fault"),
        civitai=("failed", 0, "had a fault"),
        oxen=("failed", 0, "had a fault"),
        oxens_line=("500", 0, "had a fault"),
    ),
    End(
        blocked,
        fal=("422", 0, "content check"),
        civitai=("failed", 0, "content check"),
        oxen=("failed", 0, "content check"),
        oxens_line=("400", 0, "content check"),
    ),
    End(
        partial,
        fal=("result", 1, ""),
        civitai=("succeeded", 1, "content check"),
        oxen=("succeeded", 1, ""),
        oxens_line=("images", 1, ""),
        many=2,
    ),
    End(
        deleted_under_way,
        fal=("404", 0, "deleted"),
        civitai=("404", 0, "deleted"),
        oxen=("cancelled", 0, "deleted"),
        oxens_line=("404", 0, "deleted"),
    ),
    End(
        deleted_afterwards,
        fal=("404", 0, "deleted"),
        civitai=("404", 0, "deleted"),
        oxen=("failed", 0, "deleted"),
        oxens_line=("404", 0, "deleted"),
    ),
    End(
        in_the_bin,
        fal=("404", 0, "deleted"),
        civitai=("succeeded", 0, "deleted"),
        oxen=("failed", 0, "deleted"),
        oxens_line=("404", 0, "deleted"),
    ),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.happens.__name__)
def test_whoever_polls_stops_and_is_told_why(
    public: str, http: httpx.Client, key: Any, standin: StandIn, monkeypatch: pytest.MonkeyPatch, end: End
) -> None:
    monkeypatch.setattr(fal_client.client, "QUEUE_URL_FORMAT", f"{public}/fal/queue/")
    program = Client(headers={"Authorization": f"Bearer {key.secret}"})
    ids = {}
    for dialect, (path, body) in orders(end.many).items():
        told = program.post(path, body, content_type="application/json").json()
        ids[dialect] = str(next(told[name] for name in ("request_id", "generation_id", "id") if name in told))
    end.happens()

    found = {
        "fal": by_fal(http, ids["fal"]),
        "civitai": by_civitai(http, ids["civitai"]),
        "oxen": by_oxen(http, ids["oxen"]),
        "oxens_line": by_oxens_line(http, ids["oxen"]),
    }

    wrong = {poller: told for poller, told in found.items() if not is_meant(getattr(end, poller), told)}
    assert wrong == {}


def is_meant(meant: Polled, told: Polled) -> bool:
    return told[:2] == meant[:2] and meant[2] in told[2]
