"""Downloads of many pictures: a view says which, and the front sends them (krea_site.pictures_zip), so that no page
thread is held while somebody reads. What is wished for waits here for the moment between the two, in one process.

Without the front (a test's client) nobody takes it, and the answer is empty.
"""

import secrets

from django.http import HttpRequest, HttpResponse

from . import errands
from .selections import Selection

HEADER = "X-Krea-Download"  # goes no further than the front

_wished: dict[str, Selection] = {}


def download(request: HttpRequest, selection: Selection) -> HttpResponse:
    """Have the front send what is selected."""
    if errands.FRONT_HEADER not in request.headers:
        return HttpResponse(status=204)
    token = secrets.token_urlsafe(16)
    _wished[token] = selection
    return HttpResponse(headers={HEADER: token})


def take(token: str) -> Selection | None:
    """What the token stands for, once."""
    return _wished.pop(token, None)
