"""Every address below /api/v1/."""

from django.urls import path, re_path

from . import docs, schema
from .calls import CALLS
from .view import UnknownAddress

urlpatterns = [
    *CALLS,
    path("openapi.json", schema.openapi, name="api-openapi"),
    path("docs/", docs.docs, name="api-docs"),
    re_path(r"", UnknownAddress.as_view()),  # last: whatever else is below it is a problem, not a page
]
