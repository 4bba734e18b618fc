"""Delivers one mail and dies at its nth commit, as SIGKILL would: mortal_post ID KIND NUMBER"""

import sys
from uuid import UUID

import django

django.setup()

from krea_site.mails import post  # noqa: E402
from tests.faults.bomb import Bomb  # noqa: E402

if __name__ == "__main__":
    Bomb(sys.argv[2], int(sys.argv[3])).arm()
    post.deliver(UUID(sys.argv[1]))
