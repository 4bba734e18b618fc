"""What fal's calls have in common: the key as fal's clients send it, the request's id on every answer, fal's errors."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request
from uuid_utils.compat import uuid7

from partners.authentication import ByKey
from partners.dialects.seen import Seen
from partners.dialects.view import DialectView, answer
from partners.problems import Problem

from . import wire


class ByFalKey(ByKey):
    """`Authorization: Key krea_…`, also with an id and a colon before it, as tools that were made for fal write it."""

    schemes: ClassVar[tuple[str, ...]] = ("key", "bearer")

    def secret_in(self, credentials: str) -> str:
        return credentials.rpartition(":")[2]


class FalView(DialectView):
    authentication_classes: ClassVar[tuple[type, ...]] = (ByFalKey,)

    def refuse(self, problem: Problem) -> HttpResponse:
        raw = self.request.data if problem.code == "invalid_input" else None
        return refused(wire.refusal(problem, raw))

    def finalize_response(self, request: Request, response: HttpResponse, *args: Any, **kwargs: Any) -> HttpResponse:
        finished = super().finalize_response(request, response, *args, **kwargs)
        finished.headers.setdefault("X-Fal-Request-Id", str(self.kwargs.get("id") or uuid7()))
        return finished

    def of_app(self, app: str, id: UUID) -> Seen:
        """The caller's request, in the app that its address names, or under its whole endpoint id. Raises Problem."""
        found = self.mine(id)
        endpoint = found.row.model.endpoint
        if app not in (endpoint, wire.app(endpoint)):
            raise Problem("not_found", f"Request {id} is not one of {app[:100]}.")
        return found


def refused(told: wire.Refusal) -> HttpResponse:
    return answer(told.body, told.status, told.headers)
