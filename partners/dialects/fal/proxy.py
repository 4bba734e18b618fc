"""The one address to which fal's JavaScript client sends every call in its proxy mode, with the one that it means in a
header. Only addresses of fal's that we speak ourselves are meant; nothing leaves the house."""

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import resolve
from django.urls.exceptions import Resolver404
from django.views.decorators.csrf import csrf_exempt

from . import wire
from .view import refused

TARGET = "X-Fal-Target-Url"
PLACES = {"queue.fal.run": "/fal/queue", "fal.run": "/fal/run", "rest.fal.ai": "/fal/rest"}


@csrf_exempt
def proxy(request: HttpRequest) -> HttpResponse:
    """`/fal/proxy`, with any method: the call that is meant, with the caller's own key."""
    meant = urlsplit(request.headers.get(TARGET, ""))
    place = PLACES.get(meant.netloc)
    if meant.scheme != "https" or place is None:
        said = f"Invalid request: the header {TARGET.lower()} must be an https address at {', '.join(PLACES)}."
        return refused(wire.platform(400, "bad_request", said))
    request.path = request.path_info = place + meant.path
    request.META["QUERY_STRING"] = meant.query
    request.GET = QueryDict(meant.query)
    try:
        found = resolve(request.path)
    except Resolver404:
        return refused(wire.platform(404, "", f"Path {meant.path[:200]} not found"))
    answered: HttpResponse = found.func(request, *found.args, **found.kwargs)
    return answered
