"""What the calls of all dialects have in common: a key, JSON in and out, errors in the dialect's own words."""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request

from generations.models import Generation
from partners import problems, waiting
from partners.authentication import ByKey
from partners.counted_view import CountedView
from partners.models import Scope
from partners.problems import Problem

from . import joined
from .seen import Seen, find

logger = logging.getLogger(__name__)

READ, WRITE = (Scope.GENERATIONS_READ, Scope.GENERATIONS_WRITE), (Scope.GENERATIONS_WRITE,)
Scopes = Mapping[str, tuple[str, ...] | None]


class DialectView(CountedView):
    """`scopes`: by method, the scopes of which a key needs one; None for a call that is open to all. `refuse` is the
    dialect's way to tell a problem. Parameters that a dialect does not know are left alone, as its service does."""

    http_method_names: ClassVar[list[str]] = ["get", "head", "post", "put", "patch", "delete"]
    authentication_classes: ClassVar[tuple[type, ...]] = (ByKey,)
    scopes: ClassVar[Scopes] = {"get": READ, "post": WRITE, "put": WRITE, "patch": WRITE, "delete": WRITE}
    call: waiting.Call | None = None

    def refuse(self, problem: Problem) -> HttpResponse:
        raise NotImplementedError

    def get_exception_handler(self) -> Callable[[Exception, Any], HttpResponse]:
        return self._told

    def _told(self, error: Exception, context: Any) -> HttpResponse:
        problem = problems.of(error)
        if problem.status >= 500 and problem.code != "orders_closed":
            self.call = None  # whoever was told nothing may repeat it, and joins what was ordered
            logger.error("%s failed: %s", type(self).__name__, type(error).__name__, exc_info=error)
        return self.refuse(problem)

    def finalize_response(self, request: Request, response: HttpResponse, *args: Any, **kwargs: Any) -> HttpResponse:
        finished: HttpResponse = super().finalize_response(request, response, *args, **kwargs)
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
