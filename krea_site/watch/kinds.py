"""Every alert that there is: its stable name, what it is called, how bad it is, and where one deals with it."""

from dataclasses import dataclass

from django.urls import reverse

from krea_site.models import Alert

CRITICAL, WARNING = Alert.Severity.CRITICAL, Alert.Severity.WARNING


@dataclass(frozen=True)
class Kind:
    """`query` follows the address of the page. `is_local`: of one machine, which is the alert's subject."""

    title: str
    severity: Alert.Severity
    url_name: str
    query: str = ""
    is_local: bool = False

    @property
    def url(self) -> str:
        return reverse(self.url_name) + self.query


KINDS: dict[str, Kind] = {
    "audit_failed": Kind("The audit of the ledger found differences", CRITICAL, "staff-audit"),
    "audit_old": Kind("The ledger was not audited for long", WARNING, "staff-audit"),
    "triggers_missing": Kind("The database does not protect its books", CRITICAL, "staff-home"),
    "stripe_differs": Kind("Stripe's records and ours differ", CRITICAL, "staff-stripe"),
    "stripe_unchecked": Kind("Stripe's records were not compared for long", WARNING, "staff-stripe"),
    "stripe_events_wait": Kind("Events of Stripe's pile up", WARNING, "staff-stripe", "?state=waiting#events"),
    "stripe_events_given_up": Kind("Events of Stripe's were given up", WARNING, "staff-stripe", "?state=failed#events"),
    "fal_locked": Kind("fal has locked our account", CRITICAL, "staff-fal"),
    "fal_down": Kind("fal does not answer", CRITICAL, "staff-fal"),
    "fal_balance_low": Kind("The balance at fal is nearly used up", WARNING, "staff-fal"),
    "fal_differs": Kind("fal's records and ours differ", WARNING, "staff-fal"),
    "fal_unchecked": Kind("fal's records were not compared for long", WARNING, "staff-fal"),
    "queue_stands_still": Kind("The queue stands still", CRITICAL, "staff-switches"),
    "unknown_draws": Kind("Draws were lost that fal may bill", WARNING, "staff-fal"),
    "margin_negative": Kind("An image model costs more than it brings", WARNING, "staff-prices"),
    "worker_dead": Kind("No worker is alive", CRITICAL, "staff-home"),
    "follower_dead": Kind("No follower is alive", CRITICAL, "staff-home"),
    "web_dead": Kind("No web process is alive", CRITICAL, "staff-home"),
    "broker_down": Kind("The task queue cannot be reached", CRITICAL, "staff-home"),
    "storage_down": Kind("Pictures cannot be stored", CRITICAL, "staff-home", is_local=True),
    "disk_nearly_full": Kind("A disk is nearly full", WARNING, "staff-home", is_local=True),
    "mails_fail": Kind("Mails do not get out", WARNING, "staff-mails"),
    "webhooks_wait": Kind("Webhooks of partners pile up", WARNING, "staff-home"),
    "trial_caps_reached": Kind("The trial credits of the day are used up", WARNING, "staff-limits"),
    "backup_old": Kind("There is no recent backup", WARNING, "staff-home"),
    "backup_incomplete": Kind("The last backup lacks files", WARNING, "staff-home"),
}


def anchor(name: str) -> str:
    """Where docs/alerts.md tells of it."""
    return name.replace("_", "-")
