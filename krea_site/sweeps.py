"""The sweep of what spans the apps: the follower runs it every few seconds, after that of the road.

One function for each kind of row that a lost nudge leaves standing; where one fails, the others go on.
"""

import logging

from django.db import DatabaseError

from billing import low_balance, refunds, stripe_events, topups, under_way
from krea_site import exports, farewell, trial
from krea_site.mails import post
from partners import deadlines

logger = logging.getLogger(__name__)

SWEEPS = (
    deadlines.sweep, post.sweep, trial.sweep, exports.sweep, farewell.sweep, stripe_events.sweep,
    under_way.sweep, refunds.sweep, topups.sweep, low_balance.sweep,
)  # fmt: skip


def run() -> None:
    for sweep in SWEEPS:
        try:
            sweep()
        except DatabaseError:
            raise
        except Exception:
            logger.exception("%s.%s failed; the other sweeps go on", sweep.__module__, sweep.__name__)
