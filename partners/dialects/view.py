"""What the calls of all dialects have in common: a key, JSON in and out, errors in the dialect's own words."""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from generations import errands
from generations.models import Generation
from partners import problems, rate_limits, waiting
from partners.authentication import ByKey
from partners.models import Scope
from partners.problems import Problem

from . import joined
from .seen import Seen, find

logger = logging.getLogger(__name__)

READ, WRITE = (Scope.GENERATIONS_READ, Scope.GENERATIONS_WRITE), (Scope.GENERATIONS_WRITE,)
Scopes = Mapping[str, tuple[str, ...] | None]


class DialectView(APIView):  # type: ignore[misc]
    """`scopes`: by method, the scopes of which a key needs one; None for a call that is open to all. `refuse` is the
    dialect's way to tell a problem. Parameters that a dialect does not know are left alone, as its service does."""

    http_method_names: ClassVar[list[str]] = ["get", "head", "post", "put", "patch", "delete"]
    authentication_classes: ClassVar[tuple[type, ...]] = (ByKey,)
    scopes: ClassVar[Scopes] = {"get": READ, "post": WRITE, "put": WRITE, "patch": WRITE, "delete": WRITE}
    is_counted: ClassVar[bool] = True  # among the calls that a key may make in a minute
    verdict: rate_limits.Verdict | None = None
    call: waiting.Call | None = None

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponse]:
        return errands.door(super().as_view(**initkwargs))

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {}

    def refuse(self, problem: Problem) -> HttpResponse:
        raise NotImplementedError

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.verdict = rate_limits.check(request) if self.is_counted else None
        if self.verdict is not None and not self.verdict.is_allowed:
            raise rate_limits.refusal(self.verdict)

    def handle_exception(self, error: Exception) -> HttpResponse:
        if isinstance(error, errands.Wanted):
            raise error  # no problem: the door has the front run it, and asks again
        answered: HttpResponse = super().handle_exception(error)
        return answered

    def get_exception_handler(self) -> Callable[[Exception, Any], HttpResponse]:
        return self._told

    def _told(self, error: Exception, context: Any) -> HttpResponse:
        problem = problems.of(error)
        if problem.status >= 500:
            self.call = None  # whoever was told nothing may repeat it, and joins what was ordered
            logger.error("%s failed: %s", type(self).__name__, type(error).__name__, exc_info=error)
        return self.refuse(problem)

    def finalize_response(self, request: Request, response: HttpResponse, *args: Any, **kwargs: Any) -> HttpResponse:
        finished: HttpResponse = super().finalize_response(request, response, *args, **kwargs)
        finished.headers.setdefault("Cache-Control", "no-store")
        if self.verdict is not None:
            for name, value in self.verdict.headers.items():
                finished.headers[name] = value
        if self.call is not None:
            waiting.note(self.call, finished)
        return finished

    def once(self, request: Request, read: Callable[[], Callable[[], HttpResponse]]) -> HttpResponse:
        """The answer of a POST, done once for each Idempotency-Key, and once for those that repeat it without one; see
        `joined.once`."""
        made, self.call = joined.once(request, read)
        return made

    def mine(self, id: UUID) -> Seen:
        """The caller's generation of this id. Raises Problem."""
        found = find(self.request.user.pk, id)
        if found is None:
            was_there = Generation.objects.filter(user_id=self.request.user.pk, pk=id).exists()
            said = "This generation was deleted." if was_there else "You have no generation with this id."
            raise Problem("not_found", said)
        return found


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    return HttpResponse(
        json.dumps(body, ensure_ascii=False),
        content_type="application/json",
        status=status,
        headers=dict(headers or {}),
    )


def absolute(path: str) -> str:
    return f"{settings.PUBLIC_URL}{path}"
