"""The addresses of the site, and beside them a view that does nothing, for what the rest is measured against."""

from typing import Any, ClassVar

from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from krea_site import urls


class Empty(APIView):  # type: ignore[misc]
    """Takes a POST from anybody, reads nothing, and answers {}."""

    authentication_classes: ClassVar[list[Any]] = []
    permission_classes: ClassVar[list[Any]] = []

    def post(self, request: Request) -> Response:
        return Response({})


urlpatterns = [path("bench/empty", Empty.as_view()), *urls.urlpatterns]
