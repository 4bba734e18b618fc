"""The site's settings as they are, and a stopwatch in every process."""

from krea_site.settings import *  # noqa: F403
from krea_site.settings import INSTALLED_APPS as _SITE

INSTALLED_APPS = [*_SITE, "bench"]
