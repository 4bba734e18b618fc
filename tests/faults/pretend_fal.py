"""What fal knows, for tests that speak with the road in values: who was sent, what it came to."""

from dataclasses import dataclass, field
from uuid import UUID

Answer = tuple[int, dict[str, object]]

DELIVERED: Answer = (200, {"images": [{"url": "http://127.0.0.1:9/a.png"}], "seed": 7})
CANCELED: Answer = (499, {"detail": "Request was cancelled", "error_type": "client_cancelled"})
ANSWERS: tuple[Answer, ...] = (
    DELIVERED,
    (200, {"images": []}),
    (422, {"detail": [{"type": "content_policy_violation", "loc": ["body", "prompt"], "msg": "no"}]}),
    (422, {"detail": [{"type": "no_media_generated", "loc": ["body"], "msg": "no"}]}),
    (500, {"detail": "Internal", "error_type": "internal_error"}),
    (504, {"detail": "Request timed out", "error_type": "request_timeout"}),
    (404, {"detail": "Request result has expired"}),
    CANCELED,
)
# Said at a result's address without being its result.
NO_ANSWERS: tuple[Answer, ...] = (
    (400, {"detail": "Request is still in progress"}),
    (403, {"detail": "User is locked. Reason: Exhausted balance."}),
)


@dataclass
class Request:
    """One draw as fal has it. `ended` stays what it is once it is decided; a result is told any number of times."""

    draw_id: UUID
    ended: Answer | None = None
    told: bool = False
    overlooked: bool = False

    @property
    def id(self) -> str:
        return f"request-{self.draw_id}"

    def end(self, answer: Answer) -> Answer:
        """The one answer of this request: the first that was chosen."""
        self.ended = self.ended or answer
        self.told = True
        return self.ended


@dataclass
class PretendFal:
    requests: dict[UUID, Request] = field(default_factory=dict)

    def take(self, draw_id: UUID) -> Request:
        return self.requests.setdefault(draw_id, Request(draw_id))

    def has(self, draw_id: UUID) -> bool:
        return draw_id in self.requests

    def overlook(self, draw_id: UUID) -> None:
        """The history did not list it when it should have: that it is drawn again is the price of 0005."""
        if draw_id in self.requests:
            self.requests[draw_id].overlooked = True

    def is_drawing(self, draw_id: UUID) -> bool:
        """Whether fal has it, as we could know, and nobody was told how it ended."""
        request = self.requests.get(draw_id)
        return request is not None and not request.told and not request.overlooked
