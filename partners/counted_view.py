"""What all calls of programs have in common, in our own words or in a dialect's: they are counted, never kept in
caches, and may send the front on errands."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from generations import errands
from partners import rate_limits


class CountedView(APIView):  # type: ignore[misc]
    """`is_counted`: whether a call is among those that its key may make in a minute."""

    is_counted: ClassVar[bool] = True
    verdict: rate_limits.Verdict | None = None

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponse]:
        return errands.door(super().as_view(**initkwargs))

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {}

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

    def finalize_response(self, request: Request, response: HttpResponse, *args: Any, **kwargs: Any) -> HttpResponse:
        finished: HttpResponse = super().finalize_response(request, response, *args, **kwargs)
        finished.headers.setdefault("Cache-Control", "no-store")
        if self.verdict is not None:
            for name, value in self.verdict.headers.items():
                finished.headers[name] = value
        return finished
