"""The site's settings as they are, a stopwatch in every process, and a view that does nothing."""

from krea_site.settings import *  # noqa: F403
from krea_site.settings import INSTALLED_APPS as _SITE

INSTALLED_APPS = [*_SITE, "bench"]
ROOT_URLCONF = "bench.empty"
