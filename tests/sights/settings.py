"""The site's settings, on the stage: a clock that stands still, and addresses at which each error can be seen."""

import uuid_utils.compat
from django.utils import timezone

from tests.sights import clock

# Before anything else takes them over by name.
timezone.now = clock.now
uuid_utils.compat.uuid7 = clock.uuid7  # type: ignore[assignment]

from krea_site.settings import *  # noqa: E402, F403

ROOT_URLCONF = "tests.sights.urls"
PASSWORD_HASHERS = ["tests.hashers.Quick"]
