"""What is said with an error that no view wrote words for: a page to a browser, one line to everybody else.

403 and 404 have their pages by name (403.html, 404.html), limits have their own; the rest is here. The bare pages need
no database and no session, since these may be what failed.
"""

import sys
from collections.abc import Callable
from http import HTTPStatus

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template import loader
from django.views.csrf import csrf_failure

from generations import trace, visits
from partners.problems import Problem

API = ("/api/", "/fal/", "/v2/consumer/")  # whoever calls there is a program, and reads problem details
_CODES = {400: "bad_request", 413: "body_too_large", 500: "internal_error", 503: "busy"}
TEXT = "text/plain; charset=utf-8"
PAGE = "text/html; charset=utf-8"
RETRY_AFTER_S = 10


def unreadable(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, or 413 where the form was larger than Django reads."""
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if isinstance(exception, RequestDataTooBig) else HTTPStatus.BAD_REQUEST
    return _bare(request, status)


def broken(request: HttpRequest) -> HttpResponse:
    """500; or 503, to be tried again in a moment, where it was the database that could not be reached."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        answer = _bare(request, HTTPStatus.SERVICE_UNAVAILABLE)
        answer.headers["Retry-After"] = str(RETRY_AFTER_S)
        return answer
    return _bare(request, HTTPStatus.INTERNAL_SERVER_ERROR)


def strange_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form without the token of its page. What was typed in the studio comes back in a page that can send it
    again, since whoever logged in meanwhile did nothing wrong."""
    if visits.is_typed(request) and wants_page(request.headers.get("Accept", "")):
        return visits.send_again(request, HTTPStatus.FORBIDDEN)
    return csrf_failure(request, reason)


def method_with_words(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: Django answers a method that an address does not know with an empty 405."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        answer = get_response(request)
        if (
            isinstance(answer, HttpResponse)
            and answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED
            and not answer.content
            and wants_page(request.headers.get("Accept", ""))
        ):
            answer.content = loader.render_to_string("405.html", request=request)
            answer.headers["Content-Type"] = PAGE
        return answer

    return middleware


def wants_page(accept: str) -> bool:
    """Whether an Accept header is a browser's: programs do not name HTML."""
    return "text/html" in accept.lower()


def words(status: HTTPStatus, accept: str, line: str = "") -> tuple[str, str]:
    """(content type, body) of a bare page, or of one line, which is the status in words unless it is given."""
    if wants_page(accept):
        return PAGE, loader.render_to_string(f"{status:d}.html", {"request_id": trace.request()})
    return TEXT, f"{line or f'{status:d} {status.phrase}'}\n"


def _bare(request: HttpRequest, status: HTTPStatus) -> HttpResponse:
    if request.path.startswith(API):
        return Problem(_CODES[status]).response()
    kind, body = words(status, request.headers.get("Accept", ""))
    return HttpResponse(body, content_type=kind, status=status)
