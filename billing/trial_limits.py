"""What a new customer is given to try things with, and how often that is given: limits of the whole site."""

from django.conf import settings

from .set_limits import Limit

CREDITS = Limit(
    "trial_credits", "Trial credits", "credits", "For each new customer, once. 0: nobody gets any.",
    lambda: settings.TRIAL_CREDITS, "TRIAL_CREDITS", most=100_000, of_customers=False,
)  # fmt: skip
PER_NETWORK = Limit(
    "trial_per_network", "Trials of one network", "people a month", "0: nobody gets any whose network is known.",
    lambda: settings.TRIAL_PER_NETWORK, "TRIAL_PER_NETWORK", most=100_000, of_customers=False,
)  # fmt: skip
PER_DAY = Limit(
    "trial_per_day", "Trials of the whole site", "people a day", "0: nobody gets any.",
    lambda: settings.TRIAL_PER_DAY, "TRIAL_PER_DAY", most=1_000_000, of_customers=False,
)  # fmt: skip
