"""The site's settings for a site that people log in to all day long: nothing else about it is another."""

from krea_site.settings import *  # noqa: F403

PASSWORD_HASHERS = ["tests.hashers.Quick"]
