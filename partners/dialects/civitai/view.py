"""What all calls of Civitai's have in common: problem details, answers without a body, and a caller's workflow."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request

from partners.dialects.seen import Seen
from partners.dialects.view import DialectView, answer
from partners.problems import Problem

from . import wire
from .names import SIZES

TRUE = ("true", "1")


class CivitaiView(DialectView):
    def refuse(self, problem: Problem) -> HttpResponse:
        status, body = wire.refusal(problem)
        return problem_answer(status, body, problem.headers)

    def workflow(self, id: str) -> Seen:
        """The caller's workflow of this id. Raises Problem."""
        try:
            found = self.mine(UUID(id))
        except ValueError:
            raise Problem("not_found", "You have no workflow with this id.") from None
        if found.row.image_model not in SIZES.values():
            raise Problem("not_found", "This generation is none of Krea 2 Medium or Large.")
        return found


class Unknown(CivitaiView):
    """Whatever else is below Civitai's address."""

    authentication_classes = ()
    permission_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise Problem("unknown_address", f"There is nothing at {request.path[:200]}.")


def problem_answer(status: int, body: dict[str, Any], headers: Mapping[str, str]) -> HttpResponse:
    told = answer(body, status, headers)
    told["Content-Type"] = "application/problem+json"
    return told


def nothing(status: int = 204, **headers: str) -> HttpResponse:
    gone = HttpResponse(status=status, headers=headers)
    del gone["Content-Type"]
    return gone
