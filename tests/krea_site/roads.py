"""Generations whose images came to an end, made without fal: through the road's own functions, so that the books are
right."""

from typing import Any

from django.utils import timezone

from generations import lifecycle
from generations.brief import Brief
from generations.models import Draw, Generation, Image, Status
from generations.pictures import store
from tests.krea_site.belongings import developed

FAILURE = {"error_code": "fal_error", "error_message": "Drawing failed several times."}
SHADES = iter(range(1, 10**9))


def ordered(user: Any, quantity: int = 1, model: str = "krea-2-medium", **asked: Any) -> Generation:
    """What waits in the queue."""
    return lifecycle.submit(user, Brief.read(model, {"prompt": "a red fox in the snow", **asked}, quantity))


def ended(user: Any, *statuses: Status, model: str = "krea-2-medium", **asked: Any) -> Generation:
    """A finished generation, with one image for each status."""
    generation = ordered(user, len(statuses), model, **asked)
    for image, status in zip(generation.images.order_by("index"), statuses, strict=True):
        end(image, status)
    generation.refresh_from_db()
    return generation


def end(image: Image, status: Status) -> None:
    """The last steps of an image that waits."""
    if status == Status.CANCELED:
        lifecycle.cancel_image(image)
        return
    told: dict[str, Any] = {} if status == Status.STORED else dict(FAILURE)
    draw = send(image, outcome="delivered" if status == Status.STORED else "fal_error")
    if status == Status.STORED:
        Image.objects.filter(pk=image.pk).update(status=Status.STORING)
        written = store.write(developed(next(SHADES) % 250 + 1))
        told = {
            name: getattr(written, name)
            for name in ("name", "sha256", "content_type", "width", "height", "bytes", "variants")
        }
    assert lifecycle.finish(image, status, draw=draw, **told)


def send(image: Image, status: Status = Status.DRAWING, **known: Any) -> Draw:
    """At fal: with a draw that was sent and has a number there."""
    now = timezone.now()
    done = {"completed_at": now, "result_status": 200, "answered_by": "webhook"} if "outcome" in known else {}
    draw = Draw.objects.create(
        image=image, endpoint="krea/v2/medium", sent_at=now, accepted_at=now, request_id=f"fal-{image.pk}",
        **{**done, **known},
    )  # fmt: skip
    Image.objects.filter(pk=image.pk).update(status=status, status_at=now, draw=draw, draws_made=1)
    return draw
