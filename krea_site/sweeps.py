"""The sweep of what spans the apps: the follower runs it every few seconds, after that of the road.

One function for each kind of row that a lost nudge leaves standing; where one fails, the others go on.
"""

import logging

from django.db import DatabaseError

from billing import low_balance, pausing, planned, refunds, stripe_events, topups, under_way
from generations import fal_balance
from krea_site import bulk_acts, check_orders, exports, farewell, impersonation, takedowns, trial
from krea_site.dashboard import rollups
from krea_site.dashboard.people import credit_requests
from krea_site.mails import post
from partners import deadlines

logger = logging.getLogger(__name__)

SWEEPS = (
    deadlines.sweep, post.sweep, trial.sweep, exports.sweep, farewell.sweep, stripe_events.sweep,
    under_way.sweep, refunds.sweep, planned.sweep, topups.sweep, low_balance.sweep,
    takedowns.sweep, pausing.sweep, impersonation.sweep, credit_requests.sweep,
    bulk_acts.sweep, rollups.sweep, check_orders.sweep, fal_balance.sweep,
)  # fmt: skip


def run() -> None:
    for sweep in SWEEPS:
        try:
            sweep()
        except DatabaseError:
            raise
        except Exception:
            logger.exception("%s.%s failed; the other sweeps go on", sweep.__module__, sweep.__name__)
