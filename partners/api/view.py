"""What every call of the API has in common: JSON in and out, known parameters only, nothing kept in caches."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from django.http import HttpResponse
from pydantic import BaseModel
from rest_framework.request import Request

from partners import idempotency
from partners.counted_view import CountedView
from partners.problems import Problem, invalid_query, parameter_error

NAME_MAX = 60


class ApiView(CountedView):
    """`scopes`: by method, the scopes of which a key needs one; None for a call that is open to all.
    `takes`: by method, the parameters of the address that there are."""

    http_method_names: ClassVar[list[str]] = ["get", "head", "post", "patch", "delete"]
    scopes: ClassVar[Mapping[str, tuple[str, ...] | None]] = {}
    takes: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        method = "get" if request.method == "HEAD" else request.method.lower()
        if hasattr(self, method):
            _check_names(request, self.takes.get(method, ()))

    def once(self, request: Request, read: Callable[[], Callable[[], HttpResponse]]) -> HttpResponse:
        """The answer of a POST, done once for each Idempotency-Key; see `idempotency.once`."""
        return idempotency.once(request, read)


class UnknownAddress(ApiView):
    """Everything under the API's address that is no call."""

    http_method_names: ClassVar[list[str]] = ["get", "head", "post", "delete", "put", "patch", "options"]
    authentication_classes = ()
    permission_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise Problem("unknown_address", "There is no such address; see /api/v1/docs/ for those that there are.")

    def options(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        raise Problem("unknown_address")


def answer(shape: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """A shape as the JSON of an answer."""
    return HttpResponse(
        shape.model_dump_json(), content_type="application/json", status=status, headers=dict(headers or {})
    )


def _check_names(request: Request, known: Sequence[str]) -> None:
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        allowed = ", ".join(known) or "none"
        raise invalid_query(
            parameter_error(
                name[:NAME_MAX], "unknown_parameter", f"There is no such parameter here. There are: {allowed}.", known
            )
            for name in unknown[:20]
        )
